// Transactions, and parts of them, that are rolled back after they have outgrown the memory of the server's decoder.

import { missingPostgres, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

for (const version of postgresVersions) {
  describe(
    `large transactions that are rolled back on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    () => {
      test('[G1] nothing of them is captured, and what comes after them is', async () => {
        await using server = await startPostgres({
          version,
          settings: { logical_decoding_work_mem: '64kB' },
        });
        await server.query('CREATE TABLE t (id int PRIMARY KEY, text text)');
        const config = endpointConfig(server);
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        // The decoder finds a transaction rolled back, before it has read that, only when it comes later.
        await capture.kill('SIGTERM');
        const insert = (from: number, rows = 2000) =>
          `INSERT INTO t SELECT n, repeat('x', 200) FROM generate_series(${from}, ${from + rows - 1}) n`;
        await using connection = await server.connect();
        for (const statements of [
          `BEGIN; ${insert(10_000)}; ROLLBACK`,
          `BEGIN; ${insert(1, 1)}; SAVEPOINT a; ${insert(20_000)}; ROLLBACK TO a; ${insert(2, 1)}; COMMIT`,
          `BEGIN; SAVEPOINT a; ${insert(30_000)}; ROLLBACK TO a; SAVEPOINT b; ${insert(40_000)}; ROLLBACK TO b; ${insert(3, 1)}; COMMIT`,
          `BEGIN; ${insert(50_000)}; SAVEPOINT a; ${insert(60_000)}; SAVEPOINT b; ${insert(70_000)}; ROLLBACK TO a; ROLLBACK`,
          `BEGIN; ${insert(80_000, 9)}; SAVEPOINT a; ${insert(81_000, 9)}; RELEASE a; ${insert(82_000)}; ROLLBACK`,
          insert(4, 1),
        ]) {
          await connection.query(statements);
        }
        capture.start();
        await capture.until('the last row', () => capture.rows('t').length === 4);
        assert.deepEqual(
          capture.rows('t').map(({ id }) => id),
          [1, 2, 3, 4],
        );
      });
    },
  );
}
