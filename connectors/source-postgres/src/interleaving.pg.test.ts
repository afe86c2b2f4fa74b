// What others commit while a chunk is read must not wait for it. A chunk takes seconds here: of a precise backfill because
// it has many rows, and a reader that parses them; of others because their filter sleeps for every row.

import {
  missingPostgres,
  postgresVersions,
  type PostgresServer,
  SeededRandom,
  startPostgres,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** In which a checkpoint can leave in the middle of a chunk; rows without a key are told apart by pages only. */
const keyedModes = ['Precise', 'Normal'];
const modes = [...keyedModes, 'Without Primary Key'];

function rowsOf(mode: string): number {
  return mode === 'Precise' ? 200_000 : 300;
}

async function start(server: PostgresServer, mode: string): Promise<CaptureHarness> {
  await server.query(`CREATE TABLE quick (id int PRIMARY KEY, v int);
                      CREATE TABLE slow (id int PRIMARY KEY, v int, pad text);
                      INSERT INTO slow SELECT i, 0, repeat('x', 200) FROM generate_series(1, ${rowsOf(mode)}) i`);
  const config = endpointConfig(server, { advanced: { backfill_chunk_size: rowsOf(mode) + 1000 } });
  const filter = mode === 'Precise' ? '' : 'pg_sleep(0.02) IS NOT NULL';
  const bindings = await discoverBindings(config, {
    quick: { priority: 1 },
    slow: { mode, advanced: { additional_backfill_filter: filter } },
  });
  const capture = new CaptureHarness(config, bindings);
  capture.start();
  return capture;
}

/** Whether a chunk of the table is being read. */
async function isReading(server: PostgresServer): Promise<boolean> {
  const rows = await server.query(
    "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%\"slow\"%' AND pid <> pg_backend_pid()",
  );
  return rows.length > 0;
}

function count(capture: CaptureHarness, table: string): number {
  return capture.documents(table).length;
}

async function slowRows(server: PostgresServer): Promise<{ id: number; v: number }[]> {
  const rows = await server.query('SELECT id, v FROM slow ORDER BY id');
  return rows.map(({ id, v }) => ({ id: Number(id), v: Number(v) }));
}

function captured(capture: CaptureHarness): { id: number; v: number }[] {
  return capture
    .rows('slow')
    .map(({ id, v }) => ({ id: Number(id), v: Number(v) }))
    .toSorted((a, b) => a.id - b.id);
}

for (const version of postgresVersions) {
  describe(
    `changes while a chunk is read, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    () => {
      for (const mode of keyedModes) {
        test(`another table's change and its checkpoint leave in the middle of a chunk: ${mode}`, async () => {
          await using server = await startPostgres({ version });
          await using capture = await start(server, mode);
          await capture.until('a chunk to be read', () => isReading(server));
          await server.query('INSERT INTO quick VALUES (1, 1)');
          await capture.until('the change of the other table', () => count(capture, 'quick') === 1);
          assert.ok(await isReading(server), 'the chunk was over before the change came');
          await capture.untilActive();
          assert.deepEqual(captured(capture), await slowRows(server));
        });
      }

      for (const mode of modes) {
        test(`changes of the table itself are right after the chunk, whichever rows they meet: ${mode}`, async () => {
          await using server = await startPostgres({ version });
          await using capture = await start(server, mode);
          await capture.until('a chunk to be read', () => isReading(server));
          const last = rowsOf(mode);
          await server.query(`UPDATE slow SET v = 1 WHERE id IN (2, ${last - 1});
                          DELETE FROM slow WHERE id IN (3, ${last - 2});
                          INSERT INTO slow VALUES (0, 7, ''), (${last + 5}, 7, '');
                          UPDATE slow SET id = ${last + 6} WHERE id = 5; INSERT INTO quick VALUES (1, 1)`);
          assert.ok(await isReading(server), 'the chunk was over before the changes came');
          await capture.untilActive();
          await capture.until('the other table', () => count(capture, 'quick') === 1);
          assert.deepEqual(captured(capture), await slowRows(server));
        });
      }

      test('[G1] a long chunk is checkpointed on its way, and loses and repeats nothing, whatever is written and killed meanwhile', async (context) => {
        await using server = await startPostgres({ version });
        const seed = Number(process.env['WEIR_SEED'] ?? Date.now() % 1_000_000);
        context.diagnostic(`WEIR_SEED=${seed}`);
        const random = new SeededRandom(seed);
        const rows = 300_000;
        await server.query(`CREATE TABLE slow (id int PRIMARY KEY, v int);
                        INSERT INTO slow SELECT i, 0 FROM generate_series(2, ${2 * rows}, 2) i`);
        const config = endpointConfig(server, { advanced: { backfill_chunk_size: 2 * rows } });
        await using capture = new CaptureHarness(config, await discoverBindings(config, { slow: {} }));
        capture.start();
        const write = () => {
          const id = () => random.between(1, 2 * rows);
          return server.query(`UPDATE slow SET v = v + 1 WHERE id IN (${id()}, ${id()}, ${id()}, ${id()});
                           DELETE FROM slow WHERE id IN (${id()}, ${id()});
                           INSERT INTO slow VALUES (${id()}, 7) ON CONFLICT DO NOTHING`);
        };
        await capture.until('the first rows of the chunk', () => capture.committed.length > 0);
        assert.ok(capture.committed.length < rows, 'the chunk was over before it was checkpointed');
        for (let transactions = 0; transactions < 20; transactions += 1) await write();
        await capture.kill();
        await write();
        capture.start();
        for (let transactions = 0; transactions < 200; transactions += 1) await write();
        await capture.untilActive();
        await server.query('INSERT INTO slow VALUES (-1, 1)');
        await capture.until('the last change', () => capture.committed.at(-1)?.document['id'] === -1);
        assert.deepEqual(captured(capture), await slowRows(server));
        const snapshots = capture
          .documents('slow')
          .filter(({ document }) => document._meta.source.snapshot === true)
          .map(({ document }) => document['id']);
        assert.equal(snapshots.length, new Set(snapshots).size, 'a row was read twice');
      });

      test('[G1] killed in the middle of a chunk that was checkpointed there, it goes on from that row', async () => {
        await using server = await startPostgres({ version });
        await using capture = await start(server, 'Precise');
        await capture.until('a chunk to be read', () => isReading(server));
        let id = 0;
        await capture.until('rows of the chunk', async () => {
          await server.query(`INSERT INTO quick VALUES (${(id += 1)}, 1)`);
          return count(capture, 'slow') > 0;
        });
        assert.ok(await isReading(server), 'the chunk was over before it was checkpointed');
        const before = count(capture, 'slow');
        await capture.kill();
        assert.ok(before < rowsOf('Precise'));
        await server.query('UPDATE slow SET v = 1 WHERE id IN (1, 150)');
        capture.start();
        await capture.untilActive();
        await capture.until('the last rows', () => captured(capture)[149]?.v === 1);
        assert.deepEqual(captured(capture), await slowRows(server));
        const snapshots = capture
          .documents('slow')
          .filter(({ document }) => document._meta.source.snapshot === true)
          .map(({ document }) => document['id']);
        assert.deepEqual(snapshots.length, new Set(snapshots).size, 'a row was read twice');
      });
    },
  );
}
