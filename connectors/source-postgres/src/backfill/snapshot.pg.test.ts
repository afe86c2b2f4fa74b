// A commit that waits for a standby is in the log, and in the stream, and not yet seen by queries.

import { createLogger } from '@weir/connector';
import { missingPostgres, postgresVersions, startPostgres, until } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecentTransactions } from '../replication/recent-transactions.ts';
import { beginSnapshot } from './snapshot.ts';

for (const version of postgresVersions) {
  describe(`snapshots of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('a chunk is not read before it sees what was streamed; it gives up, and is read when it does', async () => {
      await using server = await startPostgres({
        version,
        settings: { synchronous_standby_names: 'absent', synchronous_commit: 'local' },
      });
      await server.query('CREATE TABLE t (id int)');
      await using writer = await server.connect();
      const { rows } = await writer.query(
        'BEGIN; SET LOCAL synchronous_commit = on; INSERT INTO t VALUES (1); SELECT txid_current()',
      );
      const recent = new RecentTransactions();
      recent.add(Number(rows[0]?.[0]));
      const committed = writer.query('COMMIT');
      await until('the commit to wait for the standby', async () => {
        const [activity] = await server.query(
          `SELECT wait_event FROM pg_stat_activity WHERE pid = ${writer.processId}`,
        );
        return activity?.['wait_event'] === 'SyncRep';
      });
      await using reader = await server.connect();
      const log = createLogger({
        level: 'error',
        format: 'json',
        writeLine: () => undefined,
        now: () => new Date(),
      });
      const options = { recent, isReadOnly: false, log, signal: new AbortController().signal };
      await assert.rejects(beginSnapshot(reader, version * 10_000, { ...options, patienceMs: 200 }), {
        code: 'PG_SNAPSHOT_BEHIND',
        message: /^1 committed transactions have stayed invisible to queries for 0\.2 s$/,
      });
      // It stops waiting, and is committed.
      await server.query(`SELECT pg_cancel_backend(${writer.processId})`);
      await committed;
      await beginSnapshot(reader, version * 10_000, options);
      assert.deepEqual((await reader.query('SELECT id FROM t')).rows, [['1']]);
    });
  });
}
