// The counter of transactions wraps around after 2³² of them; rows and the change stream have no more than those 32 bits,
// and snapshots have 64.

import {
  missingTransactionCounter,
  postgresVersions,
  setTransactionCounter,
  spendTransactionIds,
  startPostgres,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

for (const version of postgresVersions) {
  const skip = missingTransactionCounter(version);
  describe(`transaction ids that wrap around, on PostgreSQL ${version}`, { skip }, () => {
    test('[G1] tables are read while they do: each collection is its table, and a row without a key comes once', async () => {
      await using server = await startPostgres({ version, settings: { autovacuum: 'off' } });
      await setTransactionCounter(server, 500);
      await server.query(`CREATE TABLE keyed (id int PRIMARY KEY, v int); CREATE TABLE keyless (id int, v int);
                          INSERT INTO keyed SELECT i, 0 FROM generate_series(1, 3000) i;
                          INSERT INTO keyless SELECT i, 0 FROM generate_series(1, 3000) i;
                          ALTER TABLE keyless REPLICA IDENTITY FULL`);
      // An open transaction keeps the other ones' ids between the two ends of snapshots.
      await using held = await server.connect();
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 100 } });
      const slowly = { advanced: { additional_backfill_filter: 'pg_sleep(0.003) IS NOT NULL' } };
      const bindings = await discoverBindings(config, {
        keyed: { mode: 'Normal', ...slowly },
        keyless: { mode: 'Without Primary Key', ...slowly },
      });
      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.until('the first rows', () => capture.committed.length > 0);
      await held.query('BEGIN; INSERT INTO keyed VALUES (-1, 1); INSERT INTO keyless VALUES (-1, 1)');
      let last = 0;
      for (let wrapped = false; !wrapped; last += 1) {
        await server.query(`UPDATE keyed SET v = v + 1 WHERE id = ${1 + ((last * 37) % 3000)};
                            INSERT INTO keyless VALUES (${10_000 + last}, 1)`);
        await spendTransactionIds(server, 20);
        const [row] = await server.query('SELECT txid_current() > 4294967296 + 200 AS wrapped');
        wrapped = row?.['wrapped'] === 't';
      }
      assert.doesNotMatch(JSON.stringify(capture.state), /"Active"/, 'a table was read before that');
      await capture.untilActive();
      await held.query('COMMIT');
      await server.query('INSERT INTO keyed VALUES (-2, 1)');
      await capture.until('the last change', () => capture.rows('keyed').some(({ id }) => id === -2));
      const sorted = (rows: readonly Record<string, unknown>[]) =>
        rows.map(({ id, v }) => `${String(id)}=${String(v)}`).toSorted();
      assert.deepEqual(sorted(capture.rows('keyed')), sorted(await server.query('SELECT id, v FROM keyed')));
      const keyless = capture.documents('keyless').map(({ document }) => document);
      assert.deepEqual(sorted(keyless), sorted(await server.query('SELECT id, v FROM keyless')));
    });
  });
}
