import { missingPostgres, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, endpointConfig, type HarnessBinding } from '../test/capture-harness.ts';

const binding: HarnessBinding = {
  resource: { namespace: 'public', stream: 'huge' },
  key: ['/id'],
  documentSchema: '{}',
};
/** As text three values of 400 MB each: more than 1 GiB together, though none alone. */
const HUGE = "convert_to(repeat('x', 200000000), 'UTF8')";

describe('a row of more than 1 GiB', { skip: missingPostgres(18) }, () => {
  test('stops a backfill, and the stream, with its own error, and is not tried again', async () => {
    await using server = await startPostgres({ version: 18 });
    await server.query(
      'CREATE TABLE huge (id int PRIMARY KEY, a bytea, b bytea, c bytea); INSERT INTO huge (id) VALUES (1)',
    );
    const config = endpointConfig(server);
    await using capture = new CaptureHarness(config, [binding]);
    capture.start();
    await capture.untilActive();
    await server.query(`INSERT INTO huge VALUES (2, ${HUGE}, ${HUGE}, ${HUGE})`);
    assert.match(
      await capture.failure(),
      /^PG_ROW_TOO_LARGE: .*a row of a published table is larger than the 1 GiB/,
    );

    const other = { ...config, advanced: { slotName: 'backfill' } };
    await using second = new CaptureHarness(other, [binding]);
    second.start();
    assert.match(await second.failure(), /^PG_ROW_TOO_LARGE: .*a row of the table public\.huge/);

    const filter = { advanced: { additional_backfill_filter: 'id <> 2' } };
    await using third = new CaptureHarness(other, [
      { ...binding, resource: { ...binding.resource, ...filter } },
    ]);
    third.start();
    await third.untilActive();
    assert.deepEqual(
      third.rows('huge').map(({ id }) => id),
      [1],
    );
  });
});
