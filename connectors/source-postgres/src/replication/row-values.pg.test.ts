// Values that an update did not send are read from the table, while somebody may be altering it.

import { createLogger } from '@weir/connector';
import { SqlSession } from '@weir/postgres';
import { missingPostgres, postgresVersions, startPostgres, type PostgresServer, until } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Snapshots } from '../backfill/snapshots.ts';
import { RecentTransactions } from './recent-transactions.ts';
import { readRowValues } from './row-values.ts';

for (const version of postgresVersions) {
  describe(`values of rows of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    /** Reads `columns` of the row 1 of a new table `name`. */
    async function tableWith(name: string) {
      await server.query(
        `CREATE TABLE ${name} (id int PRIMARY KEY, "big one" text, other text, "none" text);
         INSERT INTO ${name} VALUES (1, 'big', 'o''ther')`,
      );
      const sql = new SqlSession(() => server.connect());
      const warnings: string[] = [];
      const writeLine = (line: string) => warnings.push(line);
      const log = createLogger({ level: 'warn', format: 'text', writeLine, now: () => new Date() });
      const { signal } = new AbortController();
      const snapshots = new Snapshots(sql, {
        recent: new RecentTransactions(),
        isReadOnly: false,
        log,
        signal,
      });
      const table = { namespace: 'public', name, isPartitionedRoot: false };
      const key = [{ column: 'id', text: '1' }];
      return {
        read: (columns: readonly string[]) => readRowValues(snapshots, log, table, columns, key),
        warnings,
        [Symbol.asyncDispose]: () => sql[Symbol.asyncDispose](),
      };
    }

    test('NULL and the texts of the columns; nothing of a row that is gone', async () => {
      await using table = await tableWith('plain');
      assert.deepEqual(await table.read(['other', 'none', 'big one']), ["o'ther", null, 'big']);
      await server.query('DELETE FROM plain');
      assert.equal(await table.read(['other']), undefined);
      assert.deepEqual(table.warnings, []);
    });

    test('[G1] a table that is rewritten meanwhile does not look empty', async () => {
      await using table = await tableWith('rewritten');
      await using session = await server.connect();
      await session.query('BEGIN; ALTER TABLE rewritten ALTER id TYPE bigint');
      const values = table.read(['big one']);
      await until('the lock is waited for', async () => {
        const waiting = await server.query(
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%rewritten%'",
        );
        return waiting.length > 0;
      });
      await session.query('COMMIT');
      assert.deepEqual(await values, ['big']);
    });

    test('[G1] a column that is gone takes no other one with it', async () => {
      await using table = await tableWith('narrower');
      await server.query('ALTER TABLE narrower DROP "big one"');
      assert.deepEqual(await table.read(['big one', 'other']), [undefined, "o'ther"]);
      assert.match(
        table.warnings.join(''),
        /narrower did not send the values of big one, which cannot be read/,
      );
      assert.equal(await table.read(['big one']), undefined);
    });

    test('without its key, or the table, nothing can be read, and a warning says so', async () => {
      await using table = await tableWith('keyless');
      await server.query('ALTER TABLE keyless DROP id');
      assert.equal(await table.read(['other']), undefined);
      assert.match(table.warnings.pop() ?? '', /the values of other, which cannot be read/);
      await server.query('DROP TABLE keyless');
      assert.equal(await table.read(['other', 'none']), undefined);
      assert.match(table.warnings.pop() ?? '', /the values of other, none, which cannot be read/);
    });
  });
}
