// Rows are inserted and updated while a capture polls along transaction ids, along a cursor, and everything, and is killed
// again and again. Afterwards nothing is missing, and along transaction ids and cursors nothing came twice.
//
// The writers of `along_txid` overlap and roll back. That of `along_cursor` keeps to what a cursor needs: its values grow in
// the order of commits, and no two rows share one across transactions.

import { missingPostgres, type PostgresServer, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchHarness, bind, type Document, endpointConfig } from '../test/batch-harness.ts';

const kills = Number(process.env['WEIR_CRASH_RUNS'] ?? 6);
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

/** A linear congruential generator: 0 ≤ n < limit. */
function createRandom(start: number): (limit: number) => number {
  let state = start >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

describe('polls of tables that are written to', { skip: missingPostgres(18) }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ version: 18 });
    await server.query(`
      CREATE TABLE along_txid (id int PRIMARY KEY, version int NOT NULL, filler text);
      CREATE TABLE along_cursor (id int PRIMARY KEY, version int NOT NULL, changed bigint NOT NULL);
      CREATE INDEX ON along_cursor (changed);
      CREATE TABLE everything (id int PRIMARY KEY, version int NOT NULL);
      CREATE SEQUENCE changes`);
  });
  after(async () => server[Symbol.asyncDispose]());

  /** One writer: transactions of a few inserts and updates, until `isOver`. */
  async function write(
    isOver: () => boolean,
    random: (limit: number) => number,
    writer: number,
  ): Promise<void> {
    await using connection = await server.connect();
    while (!isOver()) {
      await connection.query('BEGIN');
      for (let statement = random(6); statement >= 0; statement -= 1) {
        const id = writer * 1_000_000 + random(400);
        await connection.query(`INSERT INTO along_txid VALUES (${id}, 1, repeat('x', ${random(900)}))
          ON CONFLICT (id) DO UPDATE SET version = along_txid.version + 1`);
        if (writer !== 0) continue;
        await connection.query(`INSERT INTO along_cursor VALUES (${id}, 1, nextval('changes'))
          ON CONFLICT (id) DO UPDATE SET version = along_cursor.version + 1, changed = nextval('changes')`);
        // It is read whole again and again, so it stays small.
        if (id % 10 !== 0) continue;
        await connection.query(`INSERT INTO everything VALUES (${id}, 1)
          ON CONFLICT (id) DO UPDATE SET version = everything.version + 1`);
      }
      await delay(random(8));
      await connection.query(random(5) === 0 ? 'ROLLBACK' : 'COMMIT');
    }
  }

  test(`nothing is lost over ${kills} kills (WEIR_CRASH_SEED=${seed})`, async () => {
    const random = createRandom(seed);
    const config = endpointConfig(server, { poll: '10ms' });
    const capture = new BatchHarness(config, [
      await bind(config, 'along_txid'),
      await bind(config, 'along_cursor', { cursor: ['changed'] }),
      await bind(config, 'everything', { cursor: [] }),
    ]);
    let isOver = false;
    const writers = [0, 1, 2].map((writer) => write(() => isOver, createRandom(seed + writer + 1), writer));
    for (let kill = 0; kill < kills; kill += 1) {
      const checkpoints = capture.checkpoints + 1 + random(40);
      await capture.run({}, () => {
        if (capture.checkpoints >= checkpoints) capture.kill();
      });
    }
    isOver = true;
    await Promise.all(writers);
    // The first one ends a scan that the last kill may have interrupted, and takes nothing that is newer than its beginning.
    await capture.poll();
    await capture.poll();

    const captured = Map.groupBy(capture.documents, ({ _meta }) => _meta.source['table'] ?? '');
    for (const table of ['along_txid', 'along_cursor', 'everything']) {
      const rows = await server.query(`SELECT id, version FROM ${table} ORDER BY id`);
      assert.ok(rows.length > 0, table);
      const latest = new Map<number, number>();
      for (const { id, version } of captured.get(table) ?? []) latest.set(Number(id), Number(version));
      const reduced = [...latest].toSorted(([a], [b]) => a - b);
      assert.deepEqual(
        reduced,
        rows.map(({ id, version }) => [Number(id), Number(version)]),
        table,
      );
    }
    for (const table of ['along_txid', 'along_cursor']) {
      const versions = (captured.get(table) ?? []).map(
        ({ id, version }: Document) => `${String(id)} ${String(version)}`,
      );
      assert.equal(new Set(versions).size, versions.length, `${table}: a version came twice`);
    }
  });
});
