// The engine's promise, under whatever is written while it runs and wherever its process dies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Downstream } from '../test/downstream.ts';
import { binding, filled, runOnce, tableState } from '../test/engine-runs.ts';
import type { FakeServer } from '../test/fake-database.ts';
import { FALLBACK_KEY } from './key-pointer.ts';

test('[G1] whatever is written meanwhile and wherever the process dies, the collection ends equal to the table', async () => {
  const modes = fc.constantFrom('', 'Normal', 'Precise', 'Without Primary Key' as const);
  let midChunk = 0;
  const scenario = fc.record({
    seed: fc.integer(),
    modes: fc.tuple(modes, modes),
    rows: fc.integer({ min: 0, max: 12 }),
    chunkRows: fc.integer({ min: 1, max: 5 }),
    writes: fc.integer({ min: 0, max: 60 }),
    deaths: fc.integer({ min: 0, max: 6 }),
    mostHeldBytes: fc.constantFrom(1, 200, 1_000_000),
    isLate: fc.boolean(),
    lengthensChunks: fc.boolean(),
    chunkCheckpointBytes: fc.constantFrom(1, 100, 1_000_000),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async (chosen) => {
      const { seed, modes, rows, chunkRows, writes, deaths, isLate, ...chunks } = chosen;
      const random = generator(seed);
      const [server, downstream] = [filled(rows, 2), new Downstream(2)];
      const initial = server.tables.map((table) => new Map(table));
      if (isLate) downstream.commitsOf = (waiting) => Math.floor(random() * (waiting + 1));
      let [writesLeft, deathsLeft, value] = [writes, deaths, 1000];
      const open: number[] = [];
      server.onIdle = () => {
        if (writesLeft === 0 || random() < 0.5) return;
        writesLeft -= 1;
        if (random() < 0.2) return server.elsewhere();
        if (random() < 0.2) return void open.push(server.begin());
        const changes = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
          table: Math.floor(random() * 2),
          op: random() < 0.3 ? ('d' as const) : ('put' as const),
          id: Math.floor(random() * 16),
          value: (value += 1),
        }));
        if (random() < 0.5) return server.commit(...changes);
        server.end(open.splice(Math.floor(random() * open.length), 1)[0] ?? server.begin(), changes);
      };
      const isUnmerged = (table: number) => table === 0 && modes[table] === 'Without Primary Key';
      const bindings = modes.map((mode, index) => ({
        ...binding(index, { mode }),
        ...(isUnmerged(index) ? { collectionKey: FALLBACK_KEY } : {}),
      }));
      const onOutput = (kind: 'document' | 'checkpoint') => {
        if (kind === 'checkpoint') midChunk += assertAsOfCheckpoint(server, initial, downstream, modes);
        if (deathsLeft === 0 || random() > 0.05) return;
        deathsLeft -= 1;
        throw new Error('killed');
      };
      for (let run = 0; ; run += 1) {
        try {
          await runOnce({
            server,
            downstream,
            bindings,
            random,
            chunkRows,
            onOutput,
            settings: chunks,
          });
          if (writesLeft === 0 || run > 50) break;
        } catch (error) {
          if (!(error instanceof Error) || error.message !== 'killed') throw error;
        }
      }
      server.onIdle = () => {};
      await runOnce({ server, downstream, bindings, random, chunkRows });
      for (const table of [0, 1]) {
        assert.deepEqual(sorted(downstream.tables[table]), sorted(server.tables[table]));
        if (isUnmerged(table)) assertEachOnce(downstream, server, table);
        assert.deepEqual((tableState(downstream, `t${table}`) as { metadata: unknown }).metadata, {
          system: 'fake',
        });
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 240_000, markInterruptAsFailure: true },
  );
  assert.ok(midChunk > 100, `${midChunk} checkpoints in the middle of a chunk`);
});

/**
 * Every row that a table's mode has reached is as it was at the checkpoint's position. Returns how many tables are in the
 * middle of a backfill.
 */
function assertAsOfCheckpoint(
  server: FakeServer,
  initial: readonly Map<number, number>[],
  downstream: Downstream,
  modes: readonly string[],
): number {
  if (downstream.state['cursor'] === undefined) return 0;
  const cursor = Number(downstream.state['cursor']);
  let backfilling = 0;
  for (const [table, rows] of initial.entries()) {
    if (modes[table] === 'Without Primary Key') continue;
    const state = tableState(downstream, `t${table}`) as { mode: string; scanned?: string };
    const scanned = state.scanned === undefined ? undefined : Buffer.from(state.scanned, 'base64');
    const last = state.mode === 'Active' ? Infinity : (scanned?.readUInt32BE() ?? -1);
    if (scanned !== undefined) backfilling += 1;
    const then = new Map(rows);
    for (const { lsn, changes } of server.log) {
      if (lsn > cursor) break;
      for (const { table: changed, op, id, value } of changes) {
        if (changed !== table) continue;
        if (op === 'd') then.delete(id);
        else then.set(id, value);
      }
    }
    const reached = (map: Map<number, number> | undefined) => sorted(map).filter(([id]) => id <= last);
    assert.deepEqual(reached(downstream.tables[table]), reached(then), `at ${cursor}, up to ${last}`);
  }
  return backfilling;
}

/** Every version of a row that was ever emitted came once, and the rows that are there now all came. */
function assertEachOnce(downstream: Downstream, server: FakeServer, table: number): void {
  const versions = downstream.committed
    .filter(({ binding, document }) => binding === table && document.op !== 'd')
    .map(({ document }) => `${document.id}=${document.value}`);
  assert.deepEqual(
    versions.filter((version, i) => versions.indexOf(version) !== i),
    [],
    'came twice',
  );
  const seen = new Set(versions);
  const missing = [...(server.tables[table] ?? [])].filter(([id, value]) => !seen.has(`${id}=${value}`));
  assert.deepEqual(missing, [], 'never came');
}

function sorted(rows: Map<number, number> | undefined): [number, number][] {
  return [...(rows ?? [])].toSorted(([a], [b]) => a - b);
}

/** A small deterministic generator (mulberry32). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
