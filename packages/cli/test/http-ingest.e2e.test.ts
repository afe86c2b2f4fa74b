// Webhooks from the sender to a table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@weir/testing';
import { IngestRun } from './ingest-run.ts';

test('what is sent to source-http-ingest is in the table of SQLite, and a stop ends in order', async () => {
  await using ingest = await IngestRun.create({ '/orders': { hasId: true } });
  ingest.start();
  const explain = (): string => ingest.log;
  await until('the connector listens', async () => (await ingest.post('/orders', '[]', 'none')) === 200, {
    explain,
  });
  assert.equal(await ingest.post('/orders', '[{"n":1},{"n":2}]', 'first'), 200);
  assert.equal(await ingest.post('/orders', '{"n":3}', 'second'), 200);
  // Tried again, as a sender does that has not heard of success.
  assert.equal(await ingest.post('/orders', '{"n":4}', 'second'), 200);
  assert.equal(await ingest.post('/orders', '{"n":"x"}', 'third'), 400);
  await until('all rows are there', () => ingest.rows('orders').some(({ n }) => n === 4), { explain });
  assert.deepEqual(
    ingest
      .rows('orders')
      .toSorted((left, right) => left.n - right.n)
      .map((row) => ({ ...row })),
    [
      { id: 'first/0', n: 1 },
      { id: 'first/1', n: 2 },
      { id: 'second', n: 4 },
    ],
  );
  assert.equal(await ingest.run.stop(), 0, ingest.log);
});

test('source-http-ingest and its variants answer Spec', async () => {
  await using ingest = await IngestRun.create({});
  const spec = ingest.weir('spec', 'source-http-ingest');
  assert.match(spec, /requireAuthToken/);
  for (const vendor of ['datadog', 'intercom', 'jira', 'twilio']) {
    assert.equal(ingest.weir('spec', `ghcr.io/estuary/source-${vendor}-ingest:v1`), spec);
  }
});
