import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convergeApi } from '@weir/cdk/testing';
import { SeededRandom } from '@weir/testing';
import { testApi } from '@weir/testing/api';
import { incidentIo } from '../src/incident-io.ts';
import { config, fakeAttachments, fakeIncidentIo } from './fake-incident-io.ts';

testApi({
  test: import.meta.url,
  api: incidentIo,
  fake: fakeIncidentIo,
  config,
  streams: {
    incidents: '/v2/incidents',
    severities: '/v1/severities',
    custom_fields: '/v2/custom_fields',
    users: '/v2/users',
    catalog_entries: '/v3/catalog_entries',
  },
});

test('on a fake of the API: what is attached to incidents ends equal to its table', async () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const { streams } = await convergeApi({
      api: incidentIo,
      fake: fakeAttachments,
      config,
      streams: { incident_attachments: '/v1/incident_attachments' },
      random: new SeededRandom(seed),
    });
    for (const { captured, expected } of streams) assert.deepEqual(captured, expected, `seed ${seed}`);
  }
});
