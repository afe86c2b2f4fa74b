import { test } from 'node:test';
import { convergeInTurns } from '@weir/testing/api';
import { incidentIo } from '../src/incident-io.ts';
import { config, fakeAttachments, fakeIncidentIo } from './fake-incident-io.ts';

const api = incidentIo;

test('on a fake of incident.io: killed between any two lines, the collections of its streams end equal to its tables', async () => {
  const streams = {
    incidents: '/v2/incidents',
    custom_fields: '/v2/custom_fields',
    incident_statuses: '/v1/incident_statuses',
    incident_types: '/v1/incident_types',
    incident_roles: '/v1/incident_roles',
    severities: '/v1/severities',
    users: '/v2/users',
    catalog_entries: '/v3/catalog_entries',
    catalog_resources: '/v3/catalog_resources',
    incident_timestamps: '/v2/incident_timestamps',
  };
  await convergeInTurns({ api, fake: fakeIncidentIo, config, streams, together: 3 });
});

test('on a fake of incident.io: so do what is attached to incidents, and the types of the catalog', async () => {
  const streams = {
    incident_attachments: '/v1/incident_attachments',
    catalog_types: '/v3/catalog_types',
  };
  await convergeInTurns({ api, fake: fakeAttachments, config, streams, together: 2, seeds: 10 });
});
