import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Downstream } from '../test/downstream.ts';
import { FakeDatabase, FakePosition, FakeServer, packId } from '../test/fake-database.ts';
import type { SqlBinding } from './binding.ts';
import { FALLBACK_KEY } from './key-pointer.ts';
import { CaptureEngine } from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';
import type { ResourceConfig } from './resource.ts';
import { CaptureState } from './state.ts';
import type { TableInfo } from './table-info.ts';

function table(name: string, options: Partial<TableInfo> = {}): TableInfo {
  return {
    namespace: 'public',
    name,
    columns: [
      { name: 'id', nullable: false, schema: { type: 'integer' }, omitted: false, byteOrder: 'always' },
    ],
    primaryKey: ['id'],
    uniqueKey: [],
    uniqueKeys: [['id']],
    isBaseTable: true,
    ...options,
  };
}

function binding(index: number, resource: Partial<ResourceConfig> = {}, stateKey = `t${index}`): SqlBinding {
  return {
    index,
    stateKey,
    resource: { namespace: 'public', stream: `t${index}`, ...resource },
    collectionKey: ['/id'],
    wantsTransactionId: false,
  };
}

const settings: EngineSettings = {
  isSkipped: () => false,
  emitSourcedSchemas: true,
  rediscoveryIntervalMs: 900_000,
  idleCheckpointMs: 5000,
  mostHeldBytes: 1_000_000,
  lengthensChunks: false,
  chunkCheckpointBytes: 1_000_000,
  reportIntervalMs: 60_000,
  stopWhenCaughtUp: true,
  onTruncate: 'ignore',
  onReplaced: 'stop',
};

interface Run {
  readonly server: FakeServer;
  readonly downstream: Downstream;
  readonly bindings: readonly SqlBinding[];
  readonly random?: () => number;
  readonly chunkRows?: number;
  readonly settings?: Partial<EngineSettings>;
  readonly onOutput?: (kind: 'document' | 'checkpoint') => void;
  readonly signal?: AbortSignal;
  readonly infos?: TableInfo[];
}

/** One process of the capture, from the downstream's state until it ends or dies. */
async function runOnce(run: Run): Promise<FakeDatabase> {
  let now = 0;
  const infos = run.infos ?? run.bindings.map((each) => table(each.resource.stream));
  const database = new FakeDatabase(run.server, run.chunkRows ?? 3, run.random ?? (() => 0.5), infos);
  let engine: CaptureEngine | undefined;
  const output = run.downstream.attach(
    (kind) => run.onOutput?.(kind),
    (checkpoints) => engine?.acknowledged(checkpoints),
  );
  engine = new CaptureEngine(
    database,
    run.bindings,
    CaptureState.from(run.downstream.state),
    output,
    { ...settings, ...run.settings },
    {
      signal: run.signal ?? new AbortController().signal,
      now: () => (now += 1),
      random: run.random ?? (() => 0.5),
      status: () => {},
      log: () => {},
    },
  );
  await engine.run();
  run.downstream.settle();
  return database;
}

function tableState(downstream: Downstream, key: string): unknown {
  return (downstream.state['bindingStateV1'] as Record<string, unknown>)[key];
}

function filled(rows: number, tables = 1): FakeServer {
  const server = new FakeServer(tables);
  for (let t = 0; t < tables; t += 1) {
    for (let id = 1; id <= rows; id += 1) server.tables[t]?.set(id, id * 10);
  }
  return server;
}

describe('the capture engine', () => {
  test('a table that is new, or another one than before, is checked as one of which nothing is known', async () => {
    const [server, downstream] = [filled(1, 3), new Downstream(3)];
    const [both, all] = [
      [binding(0), binding(1)],
      [binding(0), binding(1), binding(2)],
    ];
    const infosOf = (identity: string) => [
      table('t0', { identity: '1' }),
      table('t1', { identity }),
      table('t2', { identity: '3' }),
    ];
    const first = await runOnce({ server, downstream, bindings: both, infos: infosOf('2') });
    assert.deepEqual(first.checked, [['t0 new', 't1 new']]);
    const onReplaced = { onReplaced: 'backfill' } as const;
    const second = await runOnce({
      server,
      downstream,
      bindings: all,
      infos: infosOf('4'),
      settings: onReplaced,
    });
    assert.deepEqual(second.checked, [['t0 known', 't1 new', 't2 new']]);
  });

  test('reads every row once and leaves the table Active with its key and count', async () => {
    const [server, downstream] = [filled(7), new Downstream(1)];
    await runOnce({ server, downstream, bindings: [binding(0)] });
    assert.deepEqual(downstream.tables, server.tables);
    assert.deepEqual(
      downstream.committed.map(({ document }) => document.id),
      [1, 2, 3, 4, 5, 6, 7],
    );
    assert.deepEqual(tableState(downstream, 't0'), {
      mode: 'Active',
      key_columns: ['id'],
      backfilled: 7,
      metadata: { system: 'fake' },
    });
  });

  test('a table waits for its early writers while another one is read and followed', async () => {
    const [server, downstream] = [filled(3, 2), new Downstream(2)];
    server.writtenEarly.add(0);
    server.onIdle = () => {
      const [waiting, other] = downstream.tables;
      if (other?.size === 3 && server.log.length === 0)
        server.commit({ table: 1, op: 'put', id: 9, value: 90 });
      if (other?.size !== 4 || !server.writtenEarly.has(0)) return;
      assert.equal(waiting?.size, 0);
      server.writtenEarly.delete(0);
      server.tables[0]?.set(4, 40);
    };
    await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    assert.equal(downstream.tables[1]?.get(9), 90);
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('a full last chunk needs one more, empty one', async () => {
    const counts: number[] = [];
    for (const rows of [5, 6]) {
      const downstream = new Downstream(1);
      await runOnce({ server: filled(rows), downstream, bindings: [binding(0)] });
      counts.push(downstream.checkpoints);
    }
    assert.equal(counts[1], (counts[0] ?? 0) + 1);
  });

  test('a chunk that nothing waits for is followed by a longer one, which checkpoints its rows while it is read', async () => {
    const [server, downstream] = [filled(40), new Downstream(1)];
    const scanned: number[] = [];
    const database = await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      settings: { lengthensChunks: true, chunkCheckpointBytes: 200 },
      onOutput: (kind) => {
        if (kind !== 'checkpoint' || downstream.state['bindingStateV1'] === undefined) return;
        const state = tableState(downstream, 't0') as { scanned?: string };
        if (state.scanned !== undefined) scanned.push(Buffer.from(state.scanned, 'base64').readUInt32BE());
      },
    });
    assert.deepEqual(
      database.scans.map(({ share }) => share),
      [1, 2, 4, 8],
    );
    const beginnings = [3, 9, 21];
    assert.ok(
      scanned.some((id) => !beginnings.includes(id)),
      `checkpoints at ${scanned.join(', ')}`,
    );
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('a precise backfill passes over changes of rows it will meet later, and emits those behind it', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    let written = false;
    await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      onOutput: (kind) => {
        if (kind !== 'document' || written) return;
        written = true;
        server.commit({ table: 0, op: 'put', id: 1, value: 111 }, { table: 0, op: 'put', id: 6, value: 666 });
      },
    });
    const changed = downstream.committed.filter(({ document }) => document.snapshot !== true);
    assert.deepEqual(
      changed.map(({ document }) => document.id),
      [1],
    );
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('an unfiltered backfill emits changes of rows it has not met yet', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    let written = false;
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { mode: 'Normal' })],
      onOutput: (kind) => {
        if (kind !== 'document' || written) return;
        written = true;
        server.commit({ table: 0, op: 'put', id: 6, value: 666 });
      },
    });
    assert.equal(downstream.committed.filter(({ document }) => document.id === 6).length, 2);
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('rows that arrive out of key order stop a precise backfill', async () => {
    const broken = new FakeDatabase(filled(1), 3, () => 0.5, [table('t0')]);
    broken.scanChunk = async (_, sink) => {
      await sink.began(new FakePosition(100));
      const document = Buffer.from('{"op":"c","id":3,"value":1}');
      sink.rows(
        1,
        { bytes: document, ends: [document.length] },
        { bytes: Buffer.from([0, 0, 0, 3]), ends: [4] },
      );
      return 'complete';
    };
    const engine = new CaptureEngine(
      broken,
      [binding(0)],
      CaptureState.from({
        cursor: '100',
        bindingStateV1: { t0: { mode: 'Backfill', key_columns: ['id'], scanned: 'AAAACQ==', backfilled: 9 } },
      }),
      new Downstream(1).attach(() => {}),
      settings,
      {
        signal: new AbortController().signal,
        now: () => 0,
        random: () => 0.5,
        status: () => {},
        log: () => {},
      },
    );
    await assert.rejects(engine.run(), { code: 'SQL_KEY_ORDER' });
  });

  test('[G1] a precise backfill that was begun over keys which only the server can order starts over, unfiltered', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    const [column] = table('t0').columns;
    assert.ok(column !== undefined);
    const infos = [table('t0', { columns: [{ ...column, byteOrder: 'never' }] })];
    downstream.state = {
      cursor: '100',
      bindingStateV1: {
        t0: {
          mode: 'Backfill',
          key_columns: ['id'],
          scanned: packId(4).toString('base64'),
          backfilled: 4,
          metadata: { key_types: 'mood' },
        },
      },
    };
    let written = false;
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { mode: 'Precise' })],
      infos,
      onOutput: (kind) => {
        if (kind !== 'document' || written) return;
        written = true;
        server.commit({ table: 0, op: 'put', id: 6, value: 666 });
      },
    });
    assert.deepEqual(downstream.tables, server.tables);
    assert.ok(downstream.committed.some(({ document }) => document.id === 6 && document.snapshot !== true));
  });

  test('"Only Changes" and skipped tables are Active at once and emit no existing row', async () => {
    const [server, downstream] = [filled(4, 2), new Downstream(2)];
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { mode: 'Only Changes' }), binding(1)],
      settings: { isSkipped: (each) => each.stateKey === 't1' },
    });
    assert.deepEqual(downstream.committed, []);
    assert.match(JSON.stringify(tableState(downstream, 't0')), /"mode":"Active"/);
    assert.match(JSON.stringify(tableState(downstream, 't1')), /"mode":"Active"/);
  });

  test('a higher priority is backfilled to its end first', async () => {
    const [server, downstream] = [filled(6, 3), new Downstream(3)];
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { priority: -10 }), binding(1), binding(2, { priority: 10 })],
    });
    const order = downstream.committed.map((received) => received.binding);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => b - a),
    );
  });

  test('a removed binding becomes Ignore, and starts over when it returns', async () => {
    const [server, downstream] = [filled(2, 2), new Downstream(2)];
    await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    await runOnce({ server, downstream, bindings: [binding(0)] });
    assert.deepEqual(tableState(downstream, 't1'), { mode: 'Ignore', backfilled: 0 });
    server.commit({ table: 1, op: 'put', id: 9, value: 90 });
    await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('the cursor is kept while one binding was live before, and reset when none was', async () => {
    const [server, downstream] = [filled(2, 2), new Downstream(2)];
    const first = await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    const second = await runOnce({ server, downstream, bindings: [binding(0), binding(1, {}, 't1.v1')] });
    const third = await runOnce({
      server,
      downstream,
      bindings: [binding(0, {}, 't0.v1'), binding(1, {}, 't1.v2')],
    });
    assert.deepEqual(first.openedWith, [undefined]);
    assert.equal(typeof second.openedWith[0], 'string');
    assert.deepEqual(third.openedWith, [undefined]);
  });

  test('a missing table and a collection keyed by position are refused', async () => {
    const server = filled(1);
    await assert.rejects(
      runOnce({ server, downstream: new Downstream(1), bindings: [binding(0)], infos: [] }),
      { code: 'SQL_TABLE_NOT_FOUND' },
    );
    const keyless: SqlBinding = {
      ...binding(0),
      collectionKey: ['/_meta/source/loc/0', '/_meta/source/loc/1', '/_meta/source/loc/2'],
    };
    await assert.rejects(runOnce({ server, downstream: new Downstream(1), bindings: [keyless] }), {
      code: 'SQL_FALLBACK_KEY',
    });
  });

  test('an idle capture acknowledges log that concerns none of its tables, and writes nothing else', async () => {
    const [server, downstream] = [filled(1), new Downstream(1)];
    const abort = new AbortController();
    let waits = 0;
    server.onIdle = () => {
      waits += 1;
      if (waits === 3000) server.elsewhere();
      if (waits > 20_000) abort.abort();
    };
    await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      settings: { stopWhenCaughtUp: false },
      signal: abort.signal,
    });
    assert.equal(server.acknowledged, server.lsn);
    assert.ok(downstream.checkpoints < 12, `${downstream.checkpoints} checkpoints`);
  });

  test('sourced schemas go out before anything else, and once', async () => {
    const [server, downstream] = [filled(1), new Downstream(1)];
    await runOnce({ server, downstream, bindings: [binding(0)] });
    assert.deepEqual(downstream.schemas, [{ binding: 0, schema: '{"title":"t0"}' }]);
  });

  test('without sourced schemas the capture is the same', async () => {
    const [server, downstream] = [filled(3), new Downstream(1)];
    await runOnce({ server, downstream, bindings: [binding(0)], settings: { emitSourcedSchemas: false } });
    assert.deepEqual(downstream.schemas, []);
    assert.deepEqual(downstream.tables, server.tables);
  });

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
