// With synchronous_commit = off a transaction is visible before its log is on disk, and a server that crashes in that
// moment has never had it. What a poll remembers of it, its id or the numbers of its rows, others get then.

import {
  commitUnflushed,
  holdLog,
  missingPostgres,
  postgresVersions,
  startPostgres,
  startStandby,
  untilReplayed,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BatchHarness, bind, endpointConfig, query } from '../test/batch-harness.ts';

const ways = {
  txid: {},
  'a column': { cursor: ['id'] },
  'a template': {
    cursor: ['id'],
    template: 'SELECT id, v FROM t {{if not .IsFirstQuery}}WHERE id > $1{{end}} ORDER BY id',
  },
};

for (const version of postgresVersions) {
  const title = `polls of commits that a crash takes back on PostgreSQL ${version}`;
  describe(title, { skip: missingPostgres(version) }, () => {
    for (const [way, changes] of Object.entries(ways)) {
      test(`[G1] rows that get the ids of others, which are gone, are not left out: along ${way}`, async () => {
        await using server = await startPostgres({ version, settings: { autovacuum: 'off' } });
        await server.query(
          "CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) VALUES ('early')",
        );
        const config = endpointConfig(server);
        const capture = new BatchHarness(config, [await bind(config, 't', changes)]);
        await capture.poll();
        // The sequence logs its numbers by the 32.
        await server.query("INSERT INTO t (v) SELECT 'early' FROM generate_series(2, 33)");
        await capture.poll();
        using _log = await holdLog(server);
        await commitUnflushed(server, "INSERT INTO t (v) VALUES ('held')");
        const [held] = await server.query("SELECT id, xmin FROM t WHERE v = 'held'");
        await capture.poll();
        await server.kill9();
        await server.start();
        await server.query("INSERT INTO t (v) VALUES ('late')");
        const [late] = await server.query("SELECT id, xmin FROM t WHERE v = 'late'");
        // Either the commit was on disk when it was read, or nothing is remembered of it.
        const isKept = (await server.query("SELECT FROM t WHERE v = 'held'")).length > 0;
        if (!isKept) assert.deepEqual(late, held, 'nothing was given to another row');
        await capture.poll();
        const rows = await server.query('SELECT id, v FROM t ORDER BY id');
        const captured = new Map(capture.documents.map(({ id, v }) => [Number(id), v]));
        assert.deepEqual(
          [...captured].toSorted(([a], [b]) => a - b),
          rows.map(({ id, v }) => [Number(id), v]),
        );
      });
    }

    test('who may not ask for the positions of the log polls all the same', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a');
                          REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC;
                          CREATE ROLE plain LOGIN PASSWORD 'plain'; GRANT SELECT ON t TO plain`);
      const config = { ...endpointConfig(server), user: 'plain', password: 'plain' };
      for (const changes of Object.values(ways)) {
        const capture = new BatchHarness(config, [await bind(config, 't', changes)]);
        assert.equal((await capture.poll()).length, 1);
      }
    });

    test('a query of a template may still write, and what it wrote is kept', async () => {
      await using server = await startPostgres({ version });
      await server.query('CREATE SEQUENCE polls; CREATE TABLE log (id int)');
      const template =
        "WITH one AS (INSERT INTO log VALUES (nextval('polls')) RETURNING id) SELECT id FROM one {{if not .IsFirstQuery}}WHERE id > $1{{end}}";
      const capture = new BatchHarness(endpointConfig(server), [query('log', template, { cursor: ['id'] })]);
      await capture.poll();
      await capture.poll();
      assert.deepEqual(await server.query('SELECT id FROM log'), [{ id: '1' }, { id: '2' }]);
    });

    test('a standby is polled in each of these ways', async () => {
      await using primary = await startPostgres({ version });
      await primary.query("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
      await using standby = await startStandby(primary);
      await untilReplayed(primary, standby);
      const config = endpointConfig(standby);
      for (const changes of Object.values(ways)) {
        const capture = new BatchHarness(config, [await bind(config, 't', changes)]);
        assert.equal((await capture.poll()).length, 1);
      }
    });
  });
}
