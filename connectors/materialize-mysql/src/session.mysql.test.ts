// A session on real servers: what commits a transaction, and what LOAD DATA does with rows that do not fit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CuttingProxy } from '@weir/testing';
import { Endpoint } from './endpoint.ts';
import { commitsImplicitly } from './implicit-commit.ts';
import { onBothServers, Sink } from '../test/sink.ts';

const doing = 'testing';

onBothServers((server) => {
  async function withSession(work: (endpoint: Endpoint, sink: Sink) => Promise<void>): Promise<void> {
    await using sink = await Sink.create(server());
    await using endpoint = await Endpoint.open(sink.config, sink.log);
    await sink.query('CREATE TABLE t (id bigint PRIMARY KEY); CREATE TABLE other (id bigint)');
    await work(endpoint, sink);
  }

  test('what is taken for harmless leaves a transaction open, and what is not commits it', async () => {
    await withSession(async (endpoint, sink) => {
      const statements = [
        'CREATE TEMPORARY TABLE staged (id bigint)',
        'DROP TEMPORARY TABLE IF EXISTS staged',
        'INSERT INTO other VALUES (1)',
        'DELETE FROM other',
        'SHOW WARNINGS',
        'SET SESSION sql_notes = 0',
        'TRUNCATE TABLE other',
        'ALTER TABLE other ADD COLUMN added int',
        'CREATE TABLE another (id bigint)',
        'CREATE INDEX by_id ON other (id)',
        'DROP TABLE another',
        'ANALYZE TABLE other',
        'START TRANSACTION',
        'LOCK TABLES other WRITE',
      ];
      for (const statement of statements) {
        // Past the guard of Session, which refuses them.
        const connection = await server().connect(sink.database);
        await connection.query('DELETE FROM t');
        await connection.query('START TRANSACTION');
        await connection.query('INSERT INTO t VALUES (1)');
        await connection.query(statement);
        await connection.query('ROLLBACK');
        connection.destroy();
        const [found] = await sink.query('SELECT count(*) AS n FROM t');
        assert.equal(found?.['n'], commitsImplicitly(statement) ? 1 : 0, statement);
      }
      await using session = await endpoint.session();
      await session.begin(doing);
      await assert.rejects(async () => await session.run('TRUNCATE TABLE other', doing), /would commit/);
      await session.rollback();
    });
  });

  test('rows that LOAD DATA leaves out or bends are told', async () => {
    await withSession(async (endpoint) => {
      await using session = await endpoint.session();
      const sql = `LOAD DATA LOCAL INFILE 'flow' INTO TABLE t CHARACTER SET utf8mb4 (id)`;
      assert.deepEqual(await session.load(sql, doing, Buffer.from('1\n2\n')), {
        affectedRows: 2,
        skippedRows: 0,
        warnings: 0,
      });
      const again = await session.load(sql, doing, Buffer.from('2\n3\n'));
      assert.deepEqual([again.affectedRows, again.skippedRows], [1, 1]);
      const bent = await session.load(sql, doing, Buffer.from('four\n'));
      assert.equal(bent.warnings, 1);
      assert.match((await session.warnings(doing))[0]?.message ?? '', /Incorrect integer value/);
    });
  });

  test('rows come as fast as they are taken', async () => {
    await withSession(async (endpoint, sink) => {
      const values = Array.from({ length: 5000 }, (_, id) => `(${id})`).join(',');
      await sink.query(`INSERT INTO t VALUES ${values}`);
      await using session = await endpoint.session();
      let taken = 0;
      let pauses = 0;
      await session.stream('SELECT id FROM t', doing, {
        row: () => void (taken += 1),
        get congested() {
          return taken % 1000 === 0;
        },
        drained: async () => {
          pauses += 1;
          const before = taken;
          await new Promise((resolve) => setImmediate(resolve));
          // What had been read from the socket is still given; the server waits.
          assert.ok(taken >= before);
        },
      });
      assert.equal(taken, 5000);
      assert.ok(pauses > 0);
    });
  });

  test('a connection that breaks before or between rows that are streamed is told', async () => {
    for (const how of ['unsent', 'unanswered'] as const) {
      await using proxy = await CuttingProxy.open(server(), 'mysql');
      await using sink = await Sink.create(server());
      const address = `127.0.0.1:${proxy.port}`;
      const behind = sink.with({ address, advanced: { sslmode: 'disabled' } });
      await using endpoint = await Endpoint.open(behind.config, sink.log);
      await using before = await endpoint.session();
      await before.rows('SELECT 1', doing);
      const message = proxy.messages;
      proxy.set({ message, how });
      await using session = await endpoint.session();
      const sinkOfRows = { row: () => undefined, congested: false, drained: () => Promise.resolve() };
      await assert.rejects(session.stream('SELECT 1', doing, sinkOfRows), { code: 'MYSQL_CONNECTION_LOST' });
    }
  });
});
