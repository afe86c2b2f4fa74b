// The counter of transactions wraps around after 2³² of them, and rows carry no more than those 32 bits.

import {
  missingTransactionCounter,
  type PostgresServer,
  postgresVersions,
  setTransactionCounter,
  spendTransactionIds,
  startPostgres,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BatchHarness, bind, type Document, endpointConfig } from '../test/batch-harness.ts';

const ids = (documents: readonly Document[]) =>
  documents.map(({ id }) => Number(id)).toSorted((a, b) => a - b);

/** One transaction a row, and more around each. */
async function insertOneByOne(server: PostgresServer, first: number, count: number): Promise<number[]> {
  const rows = Array.from({ length: count }, (_, index) => first + index);
  for (const id of rows) {
    await server.query(`INSERT INTO t VALUES (${id})`);
    await spendTransactionIds(server, 10);
  }
  return rows;
}

async function hasWrapped(server: PostgresServer): Promise<boolean> {
  const [row] = await server.query('SELECT txid_current() > 4294967296 AS has');
  return row?.['has'] === 't';
}

for (const version of postgresVersions) {
  const skip = missingTransactionCounter(version);
  describe(`polls along transaction ids that wrap around, on PostgreSQL ${version}`, { skip }, () => {
    test('[G1] each row comes once, whichever side its transactions, and those of the polls, are on', async () => {
      await using server = await startPostgres({ version, settings: { autovacuum: 'off' } });
      await setTransactionCounter(server, 300);
      await server.query('CREATE TABLE t (id int PRIMARY KEY)');
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 't')]);
      const early = await insertOneByOne(server, 100, 5);
      assert.deepEqual(ids(await capture.poll()), early);
      assert.ok(!(await hasWrapped(server)), 'the counter has wrapped around too early');
      const across = await insertOneByOne(server, 200, 30);
      assert.ok(await hasWrapped(server), 'the counter has not wrapped around');
      assert.deepEqual(ids(await capture.poll()), across);
      await server.query('UPDATE t SET id = 1 WHERE id = 100');
      assert.deepEqual(ids(await capture.poll()), [1]);
      await spendTransactionIds(server, 10);
      await server.query('VACUUM FREEZE t');
      assert.deepEqual(ids(await capture.poll()), []);
      const anew = new BatchHarness(config, [await bind(config, 't')]);
      assert.deepEqual(ids(await anew.poll()), [1, ...early.slice(1), ...across]);
    });

    test('[G1] a transaction that is open from before until after comes when it is committed', async () => {
      await using server = await startPostgres({ version, settings: { autovacuum: 'off' } });
      await setTransactionCounter(server, 100);
      await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (0)');
      await using held = await server.connect();
      await held.query('BEGIN; INSERT INTO t VALUES (1)');
      const across = await insertOneByOne(server, 2, 20);
      assert.ok(await hasWrapped(server), 'the counter has not wrapped around');
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 't')]);
      const first = ids(await capture.poll());
      assert.deepEqual(first.slice(0, 1), [0]);
      await held.query('COMMIT');
      const rest = ids(await capture.poll());
      assert.ok(rest.includes(1));
      assert.deepEqual(
        [...first, ...rest].toSorted((a, b) => a - b),
        [0, 1, ...across],
      );
    });
  });
}
