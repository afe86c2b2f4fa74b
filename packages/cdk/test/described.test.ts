// Streams that the API has to be asked for, in every session anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@weir/testing';
import { isJsonObject, type JsonValue } from '@weir/schema/json';
import { type ApiDefinition, defineApi, get } from '../src/api/define-api.ts';
import { bearer } from '../src/auth/fixed.ts';
import { linkHeader } from '../src/paging/paging.ts';
import { changes, snapshot } from '../src/streams/define-stream.ts';
import { updatedAt } from '../src/streams/timestamp.ts';
import { convergeApi } from '../src/testing/converge-api.ts';
import { type FakeApi, fakeLinkPages } from '../src/testing/fake-vendor.ts';

const paging = linkHeader();

/** As the API describes its objects: those with a time of their last update can be followed, the others are read whole. */
const objects = [
  { name: 'deals', isTimed: true },
  { name: 'regions', isTimed: false },
];

function streamsOf(answer: JsonValue): ApiDefinition['streams'] {
  assert.ok(Array.isArray(answer));
  return Object.fromEntries(
    answer.filter(isJsonObject).map(({ name, isTimed }) => {
      assert.ok(typeof name === 'string');
      const path = `/${name}`;
      const stream =
        isTimed === true
          ? changes({
              path,
              paging,
              key: ['/id'],
              interval: '1m',
              cursor: updatedAt('/updated_at', { tick: '1s', lag: '5s' }),
              between: ({ from, to }) => ({ from, to }),
            })
          : snapshot({ path, paging, order: 'as listed', interval: '1m' });
      return [name, stream];
    }),
  );
}

const api = defineApi({
  name: 'source-described',
  title: 'Described',
  config: {},
  auth: [bearer()],
  start: { daysAgo: 30 },
  base: 'https://described.example.com',
  probe: get('/objects'),
  streams: {},
  describe: async ({ client }, signal) => streamsOf(await client.json({ url: '/objects' }, signal)),
});

const pages = fakeLinkPages({
  param: 'cursor',
  sizeParam: 'per_page',
  most: 4,
  filter: ({ updatedAt: at }, query) => {
    const [from, to] = [query.get('from'), query.get('to')];
    return from === null || to === null || (at.ms >= Date.parse(from) && at.ms <= Date.parse(to));
  },
});

const fake: FakeApi = {
  origin: 'https://described.example.com',
  accepts: ({ headers }) => headers['authorization'] === 'Bearer t',
  lists: { '/objects': () => ({ body: objects }), '/deals': pages, '/regions': pages },
};

test('killed between any two lines, streams that the API describes end equal to its tables', async () => {
  let sessions = 0;
  for (let seed = 1; seed <= 8; seed += 1) {
    const converged = await convergeApi({
      api,
      fake,
      config: '{"credentials":{"access_token":"t"}}',
      streams: { deals: '/deals', regions: '/regions' },
      described: streamsOf(objects),
      random: new SeededRandom(seed),
    });
    for (const { name, captured, expected } of converged.streams) {
      assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
    }
    sessions += converged.sessions;
  }
  assert.ok(sessions > 16, 'the runs were killed');
});
