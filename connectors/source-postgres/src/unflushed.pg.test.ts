// With synchronous_commit = off a transaction is visible before its log is on disk, and a server that crashes in that
// moment has never had it. Nothing of such a transaction may be taken for granted: that it deleted a row to be read, or
// that it is the scan's.

import { parseLsn } from '@weir/pgwire';
import { flushLog, isFlushedWithin } from '@weir/postgres';
import {
  commitUnflushed,
  holdLog,
  missingPostgres,
  postgresVersions,
  startPostgres,
  type PostgresServer,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

async function crash(server: PostgresServer, capture: CaptureHarness): Promise<void> {
  await server.kill9();
  await capture.failure();
  await server.start();
  capture.start();
}

async function ids(server: PostgresServer, table: string): Promise<number[]> {
  return (await server.query(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => Number(id));
}

function capturedIds(capture: CaptureHarness, table: string): number[] {
  return capture
    .rows(table)
    .map(({ id }) => Number(id))
    .toSorted((a, b) => a - b);
}

/** A capture that has its slot, and bindings of all tables in these modes from the next process on. */
async function begun(
  server: PostgresServer,
  modes: Readonly<Record<string, string>> = {},
): Promise<CaptureHarness> {
  await server.query(
    'CREATE PUBLICATION flow_publication FOR ALL TABLES; CREATE TABLE other (id int PRIMARY KEY)',
  );
  const config = endpointConfig(server);
  const resources = Object.entries(modes).map(([table, mode]) => [table, { mode }] as const);
  const bindings = await discoverBindings(config, Object.fromEntries(resources));
  const capture = new CaptureHarness(
    config,
    bindings.filter(({ resource }) => resource['stream'] === 'other'),
  );
  capture.start();
  await capture.untilActive();
  await capture.kill('SIGTERM');
  capture.bindings = bindings;
  return capture;
}

for (const version of postgresVersions) {
  const title = `commits that a crash takes back on PostgreSQL ${version}`;
  const settings = { autovacuum: 'off' };
  describe(title, { skip: missingPostgres(version) }, () => {
    test('[G1] rows that one of them deleted while they were read are not missing', async () => {
      await using server = await startPostgres({ version, settings });
      const modes = { in_order: 'Precise', any_order: 'Normal', by_page: 'Without Primary Key' };
      const tables = Object.keys(modes);
      for (const table of tables)
        await server.query(
          `CREATE TABLE ${table} (id int PRIMARY KEY); INSERT INTO ${table} SELECT generate_series(1, 9)`,
        );
      await using capture = await begun(server, modes);
      using _log = await holdLog(server);
      const write = (table: string) => `DELETE FROM ${table} WHERE id = 5; INSERT INTO ${table} VALUES (10)`;
      await commitUnflushed(server, tables.map(write).join(';'));
      capture.start();
      await capture.untilActive();
      await crash(server, capture);
      await server.query('INSERT INTO other VALUES (1)');
      await capture.until('the last row', () => capturedIds(capture, 'other').includes(1));
      for (const table of tables)
        assert.deepEqual(capturedIds(capture, table), await ids(server, table), table);
    });

    test('[G1] its id, which another transaction gets, is not taken for that of rows which were read', async () => {
      await using server = await startPostgres({ version, settings });
      await server.query(
        'CREATE TABLE t (id int); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1)',
      );
      await using capture = await begun(server, { t: 'Without Primary Key' });
      using _log = await holdLog(server);
      await commitUnflushed(server, 'INSERT INTO t VALUES (2)');
      capture.start();
      await capture.untilActive();
      await crash(server, capture);
      for (const id of [3, 4, 5]) await server.query(`INSERT INTO t VALUES (${id})`);
      await server.query('INSERT INTO other VALUES (1)');
      await capture.until('the last row', () => capturedIds(capture, 'other').includes(1));
      const came = capture.documents('t').map(({ document }) => Number(document['id']));
      assert.deepEqual(
        came.toSorted((a, b) => a - b),
        await ids(server, 't'),
      );
    });

    test('who may send no message, or write nothing at all, waits a moment for the server', async () => {
      await using server = await startPostgres({ version });
      const [message] = await server.query(
        "SELECT oid::regprocedure::text AS signature FROM pg_proc WHERE proname = 'pg_logical_emit_message' AND prosrc LIKE '%text'",
      );
      await server.query(
        `REVOKE EXECUTE ON FUNCTION ${message?.['signature']} FROM PUBLIC; CREATE ROLE plain`,
      );
      const sessions = {
        'SET ROLE plain': false,
        'SET default_transaction_read_only = on': false,
        'RESET ALL': true,
      };
      for (const [settings, isReadOnly] of Object.entries(sessions)) {
        await using connection = await server.connect();
        await connection.query(settings);
        await server.query('BEGIN; SET LOCAL synchronous_commit = off; CREATE TABLE t (id int); COMMIT');
        const [log] = await server.query('SELECT pg_current_wal_insert_lsn() AS end');
        await flushLog(connection, isReadOnly);
        assert.ok(await isFlushedWithin(connection, parseLsn(log?.['end'] ?? ''), 10_000), settings);
        await server.query('DROP TABLE t');
      }
    });

    test('[G1] a row whose key changed has its large values, though one of them deleted it', async () => {
      await using server = await startPostgres({ version, settings });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY, v int, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
                          INSERT INTO t VALUES (1, 0, repeat('x', 5000))`);
      await using capture = await begun(server);
      capture.start();
      await capture.untilActive();
      await capture.kill('SIGTERM');
      await server.query('UPDATE t SET id = 2');
      using _log = await holdLog(server);
      await commitUnflushed(server, 'DELETE FROM t');
      capture.start();
      await capture.until('the key to change', () =>
        capture.documents('t').some(({ document }) => document['id'] === 2),
      );
      await crash(server, capture);
      await server.query(`UPDATE t SET v = 1; INSERT INTO t VALUES (3)`);
      await capture.until('the last row', () => capturedIds(capture, 't').includes(3));
      const rows = await server.query('SELECT id, v, big FROM t ORDER BY id');
      assert.deepEqual(
        capture.rows('t'),
        rows.map(({ id, v, big }) => ({ big, id: Number(id), v: v === null ? null : Number(v) })),
      );
    });
  });
}
