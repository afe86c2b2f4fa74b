// A slot that waits for older transactions: the user is told, and a stop leaves nothing behind.

import { missingPostgres, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';
import { SqlSession } from '@weir/postgres';
import { oldTransactionRisks } from './risks.ts';

for (const version of postgresVersions) {
  describe(`creation of a slot on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('open and prepared transactions are named on the status line; a stop ends the wait at the server too', async () => {
      await using server = await startPostgres({ version, settings: { max_prepared_transactions: '2' } });
      await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      const status = () =>
        capture.logs.findLast(({ fields }) => fields['eventType'] === 'connectorStatus')?.message ?? '';
      await using older = await server.connect();
      await older.query("SET application_name = 'batch job'; BEGIN; INSERT INTO t VALUES (2)");
      capture.start();
      await capture.until('the older transaction to be named', () =>
        status().includes(`waiting for server process ${older.processId} (postgres, batch job) since 20`),
      );
      const began = performance.now();
      await capture.kill('SIGTERM');
      assert.ok(performance.now() - began < 10_000);
      await capture.until('the server to forget the slot', async () => {
        const left = await server.query(
          "SELECT FROM pg_replication_slots UNION ALL SELECT FROM pg_stat_activity WHERE backend_type = 'walsender'",
        );
        return left.length === 0;
      });

      capture.start();
      await capture.until('the slot to wait', () => status().includes('waiting for'));
      await server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'",
      );
      assert.match(
        await capture.failure(),
        /PG_SERVER_UNAVAILABLE: cannot create the replication slot: term/,
      );

      await older.query("PREPARE TRANSACTION 'two phases'");
      capture.start();
      await capture.until('the prepared transaction to be named', () =>
        status().includes('waiting for the prepared transaction "two phases"'),
      );
      await server.query("COMMIT PREPARED 'two phases'");
      await capture.untilActive();
      assert.deepEqual(
        capture.rows('t').map(({ id }) => id),
        [1, 2],
      );
    });

    test('the wait of a process that was killed is not taken for another capture', async () => {
      await using server = await startPostgres({ version });
      await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      await using older = await server.connect();
      await older.query('BEGIN; INSERT INTO t VALUES (2)');
      capture.start();
      await capture.until('the slot to wait', () =>
        capture.logs.some(({ message }) => message.includes('waiting for server process')),
      );
      await capture.kill();
      capture.start();
      assert.match(
        await capture.failure(),
        new RegExp(
          `^PG_SLOT_ACTIVE: .*still being created by server process \\d+, which waits .*: server process ${older.processId} [^]*Wait, or end those transactions`,
        ),
      );
      await older.query('COMMIT');
      capture.start();
      await capture.untilActive();
      assert.equal(capture.rows('t').length, 2);
    });

    test('where the server has no slot left, that is said, and what to do', async () => {
      await using server = await startPostgres({ version, settings: { max_replication_slots: '1' } });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
                          SELECT pg_create_physical_replication_slot('taken')`);
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      assert.match(
        await capture.failure(),
        /PG_SLOT_CREATE_FAILED: cannot create the replication slot "flow_slot": .*\nRaise max_replication_slots/,
      );
      await server.query("SELECT pg_drop_replication_slot('taken')");
      capture.start();
      await capture.untilActive();
      assert.equal(capture.rows('t').length, 1);
    });

    test('doctor tells of old transactions, by process or by name, and what ends them', async () => {
      await using server = await startPostgres({ version, settings: { max_prepared_transactions: '2' } });
      await server.query('CREATE TABLE t (id int)');
      await server.query(`BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'it''s old'`);
      await using older = await server.connect();
      await older.query('BEGIN; INSERT INTO t VALUES (2)');
      await using reader = await server.connect();
      await reader.query('BEGIN; SELECT FROM t');
      await using sql = new SqlSession(() => server.connect());
      assert.deepEqual(await oldTransactionRisks(sql), []);
      const told = (await oldTransactionRisks(sql, 0)).map(({ message, fix }) => `${message}: ${fix}`);
      assert.equal(told.length, 2);
      assert.match(
        told[0] ?? '',
        new RegExp(
          `server process ${older.processId} \\(postgres\\) has been open for 0 minutes.*pg_terminate_backend\\(${older.processId}\\);`,
        ),
      );
      assert.match(told[1] ?? '', /"it's old" \(postgres\).*ROLLBACK PREPARED 'it''s old';/);
    });
  });
}
