import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  ManualClock,
  MemoryOutput,
  memoryLog,
  type Row,
  TableDatabase,
  testBinding,
  type Warning,
} from '../test/table-database.ts';
import type { BatchBinding } from './binding.ts';
import { runBatchCapture } from './engine.ts';

const START = '2024-05-01T10:00:00Z';

interface Run {
  readonly database: TableDatabase;
  readonly bindings: readonly BatchBinding[];
  readonly output: MemoryOutput;
  readonly clock?: ManualClock;
  readonly stopAfterPoll?: boolean;
  readonly emitSourcedSchemas?: boolean;
  readonly signal?: AbortSignal;
  readonly lines?: Warning[];
}

function run({ database, bindings, output, clock, stopAfterPoll, emitSourcedSchemas, signal, lines }: Run) {
  return runBatchCapture({
    database,
    bindings,
    state: output.state,
    output,
    emitSourcedSchemas: emitSourcedSchemas ?? false,
    stopAfterPoll: stopAfterPoll ?? true,
    clock: clock ?? new ManualClock(START),
    log: memoryLog(lines ?? []),
    signal: signal ?? new AbortController().signal,
  });
}

function numbers(count: number, from = 0): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: from + index, v: `v${from + index}` }));
}

function stored(output: MemoryOutput, index = 0): Record<string, unknown> {
  const states = output.state['bindingStateV1'] as Record<string, Record<string, unknown>>;
  return states[`key${index}`] ?? {};
}

const after = (minutes: number) =>
  new ManualClock(new Date(Date.parse(START) + minutes * 60_000).toISOString());

describe('a poll without cursor columns', () => {
  test('reads everything; rows are numbered from 0 and carry time, position, number, operation and source', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(['v', 'id'], numbers(2));
    await run({ database, bindings: [testBinding({}, { tag: 'east' })], output });
    assert.deepEqual(output.documents, [
      {
        _meta: {
          polled: START,
          index: 0,
          row_id: 0,
          op: 'c',
          source: { resource: 'r0', schema: 'public', table: 't0', tag: 'east' },
        },
        id: 0,
        v: 'v0',
      },
      {
        _meta: {
          polled: START,
          index: 1,
          row_id: 1,
          op: 'c',
          source: { resource: 'r0', schema: 'public', table: 't0', tag: 'east' },
        },
        id: 1,
        v: 'v1',
      },
    ]);
    assert.deepEqual(Object.keys(output.documents[0] ?? {}), ['_meta', 'id', 'v']);
    assert.deepEqual(stored(output), { Mode: 'Custom Query', LastPolled: START, DocumentCount: 2 });
  });

  test('again, rows that were there are updates, and numbers that are gone are deletes of nothing but metadata', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(['id', 'v'], numbers(3));
    const bindings = [testBinding({})];
    await run({ database, bindings, output });
    database.rows.push(...numbers(1, 3));
    await run({ database, bindings, output, clock: after(5) });
    assert.deepEqual(
      output.documents.slice(3).map(({ _meta }) => [_meta.row_id, _meta.op]),
      [
        [0, 'u'],
        [1, 'u'],
        [2, 'u'],
        [3, 'c'],
      ],
    );
    database.rows.splice(1);
    await run({ database, bindings, output, clock: after(10) });
    const last = output.documents.slice(7);
    assert.deepEqual(
      last.map(({ _meta }) => [_meta.row_id, _meta.index, _meta.op]),
      [
        [0, 0, 'u'],
        [1, 1, 'd'],
        [2, 2, 'd'],
        [3, 3, 'd'],
      ],
    );
    assert.deepEqual(Object.keys(last[1] ?? {}), ['_meta']);
    assert.equal(stored(output)['DocumentCount'], 1);
  });

  test('of a collection with a key of its own has no operation and marks no deletes', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(['id', 'v'], numbers(3));
    const bindings = [testBinding({}, { key: ['/id'] })];
    await run({ database, bindings, output });
    database.rows.splice(0);
    await run({ database, bindings, output, clock: after(5) });
    assert.equal(output.documents.length, 3);
    assert.ok(output.documents.every(({ _meta }) => !('op' in _meta)));
    assert.deepEqual(stored(output)['DocumentCount'], 0);
  });

  test('that ends in its middle still finds what is gone when it is repeated', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(['id', 'v'], numbers(4000));
    const bindings = [testBinding({})];
    await run({ database, bindings, output });
    database.rows.splice(3000);
    database.failure = { row: 2500, error: new Error('gone') };
    await assert.rejects(run({ database, bindings, output, clock: after(5) }), /gone/);
    assert.equal(stored(output)['DocumentCount'], 4000);
    await run({ database, bindings, output, clock: after(5) });
    const deleted = output.documents.filter(({ _meta }) => _meta.op === 'd').map(({ _meta }) => _meta.row_id);
    assert.deepEqual(
      deleted,
      Array.from({ length: 1000 }, (_, index) => 3000 + index),
    );
    assert.equal(stored(output)['DocumentCount'], 3000);
  });

  test('of an empty result commits only that it was polled', async () => {
    const output = new MemoryOutput();
    await run({ database: new TableDatabase(['id']), bindings: [testBinding({})], output });
    assert.equal(output.documents.length, 0);
    assert.equal(stored(output)['LastPolled'], START);
  });

  test('checkpoints at least every thousand documents or so', async () => {
    const output = new MemoryOutput();
    await run({
      database: new TableDatabase(['id', 'v'], numbers(5500)),
      bindings: [testBinding({})],
      output,
    });
    assert.equal(output.largestGroup, 1000);
    assert.equal(output.groups.length, 6);
  });
});

describe('a poll along cursor columns', () => {
  test('goes on after the last row, and numbers go on', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(['id', 'v'], numbers(3));
    const bindings = [testBinding({ cursor: ['id'] })];
    await run({ database, bindings, output });
    assert.deepEqual(stored(output), {
      Mode: 'Custom Query',
      LastPolled: START,
      DocumentCount: 3,
      CursorNames: ['id'],
      CursorValues: [2],
    });
    await run({ database, bindings, output, clock: after(5) });
    database.rows.push(...numbers(2, 3));
    await run({ database, bindings, output, clock: after(10) });
    assert.deepEqual(
      output.documents.map(({ id, _meta }) => [id, _meta.row_id, _meta.op]),
      [0, 1, 2, 3, 4].map((id) => [id, id, 'c']),
    );
    assert.equal(stored(output)['LastPolled'], '2024-05-01T10:10:00Z');
  });

  test('by two columns takes only what is greater as a pair', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(
      ['a', 'b'],
      [
        { a: 1, b: 9 },
        { a: 4, b: 2 },
        { a: 4, b: 3 },
      ],
    );
    const bindings = [testBinding({ cursor: ['a', 'b'] })];
    await run({ database, bindings, output });
    database.rows.push({ a: 0, b: 99 }, { a: 4, b: 1 }, { a: 4, b: 4 }, { a: 5, b: 0 });
    await run({ database, bindings, output, clock: after(5) });
    assert.deepEqual(
      output.documents.map(({ a, b }) => [a, b]),
      [
        [1, 9],
        [4, 2],
        [4, 3],
        [4, 4],
        [5, 0],
      ],
    );
    assert.deepEqual(stored(output)['CursorValues'], [5, 0]);
  });

  test('never divides rows of one value between checkpoints, and commits the value before', async () => {
    const output = new MemoryOutput();
    const rows = Array.from({ length: 5000 }, (_, index) => ({ id: Math.floor(index / 700), n: index }));
    await run({
      database: new TableDatabase(['id', 'n'], rows),
      bindings: [testBinding({ cursor: ['id'] })],
      output,
    });
    const ends = output.groups.map(({ documents }) => documents.at(-1)?.document['id']);
    const starts = output.groups.map(({ documents }) => documents[0]?.document['id']);
    assert.deepEqual(
      starts.slice(1).map((id, index) => id === ends[index]),
      starts.slice(1).map(() => false),
    );
    assert.equal(output.documents.length, 5000);
  });

  test('whose rows all have one value keeps few of them in memory', async () => {
    const output = new MemoryOutput();
    const text = 'x'.repeat(2000);
    const rows = Array.from({ length: 3000 }, (_, index) => ({ id: 7, n: index, text }));
    await run({
      database: new TableDatabase(['id', 'n', 'text'], rows),
      bindings: [testBinding({ cursor: ['id'] })],
      output,
    });
    assert.equal(output.groups.length, 1);
    assert.deepEqual(
      output.documents.map(({ n }) => n),
      rows.map(({ n }) => n),
    );
  });

  test('a null in front does not move the cursor, and is captured with the first query', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(
      ['id', 'n'],
      [
        { id: null, n: 1 },
        { id: 3, n: 2 },
        { id: null, n: 3 },
      ],
    );
    const bindings = [testBinding({ cursor: ['id'] })];
    await run({ database, bindings, output });
    assert.deepEqual(new Set(output.documents.map(({ n }) => n)), new Set([1, 2, 3]));
    assert.deepEqual(stored(output)['CursorValues'], [3]);
    database.rows.push({ id: 4, n: 4 });
    await run({ database, bindings, output, clock: after(5) });
    assert.deepEqual(output.documents.at(-1)?.['n'], 4);
    assert.equal(output.documents.length, 4);
  });

  test('a stored null, from which nothing could go on, starts with everything', async () => {
    const output = new MemoryOutput({
      bindingStateV1: {
        key0: {
          Mode: 'Custom Query',
          LastPolled: '2024-05-01T09:00:00Z',
          DocumentCount: 2,
          CursorNames: ['id'],
          CursorValues: [null],
        },
      },
    });
    await run({
      database: new TableDatabase(['id', 'n'], [{ id: 1, n: 1 }]),
      bindings: [testBinding({ cursor: ['id'] })],
      output,
    });
    assert.equal(output.documents.length > 0, true);
    assert.deepEqual(stored(output)['CursorValues'], [1]);
  });

  test('integers of 64 bits stay exact in the state', async () => {
    const output = new MemoryOutput();
    const database = new TableDatabase(['id'], [{ id: '9007199254740993' }]);
    const bindings = [testBinding({ cursor: ['id'] })];
    await run({ database, bindings, output });
    assert.deepEqual(stored(output)['CursorValues'], ['9007199254740993']);
  });

  test('a column that the result has not is an error that names both', async () => {
    const database = new TableDatabase(['id'], numbers(1));
    await assert.rejects(
      run({ database, bindings: [testBinding({ cursor: ['updated'] })], output: new MemoryOutput() }),
      { code: 'SQLBATCH_CURSOR_MISSING', message: /"r0" has no column "updated".*it has id/ },
    );
  });

  test('is the same whatever it was interrupted by: each row once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2500 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 1400 }),
        async (failures, perValue) => {
          const rows = Array.from({ length: 2600 }, (_, n) => ({ id: Math.floor(n / perValue), n }));
          const database = new TableDatabase(['id', 'n'], rows);
          const output = new MemoryOutput();
          const bindings = [testBinding({ cursor: ['id'] })];
          for (const [index, row] of failures.entries()) {
            database.failure = { row, error: new Error('killed') };
            await run({ database, bindings, output, clock: after(10 * index) }).catch(() => undefined);
            database.failure = undefined;
          }
          await run({ database, bindings, output, clock: after(60) });
          assert.deepEqual(
            output.documents.map(({ n }) => n),
            rows.map(({ n }) => n),
          );
          assert.deepEqual(
            output.documents.map(({ _meta }) => _meta.row_id),
            rows.map(({ n }) => n),
          );
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('the engine', () => {
  test('ends at once without bindings', async () => {
    const output = new MemoryOutput();
    await run({ database: new TableDatabase(['id']), bindings: [], output });
    assert.equal(output.groups.length, 0);
  });

  test('polls each binding by its own schedule, after the poll that was committed', async () => {
    const database = new TableDatabase(['id'], numbers(1));
    const output = new MemoryOutput();
    const clock = new ManualClock(START);
    const bindings = [
      testBinding({ poll: '10m' }, { index: 0 }),
      testBinding({ poll: 'daily at 10:15Z' }, { index: 1 }),
    ];
    const stop = new AbortController();
    const running = run({ database, bindings, output, clock, stopAfterPoll: false, signal: stop.signal });
    const idle = async () => {
      for (let round = 0; round < 50; round += 1) await turn();
    };
    await idle();
    for (let step = 0; step < 3; step += 1) {
      clock.advance();
      await idle();
    }
    stop.abort(new Error('stop'));
    await assert.rejects(running, /stop/);
    const polled = (binding: number) => output.of(binding).map(({ _meta }) => _meta.polled.slice(11, 16));
    assert.deepEqual(polled(0), ['10:00', '10:10', '10:20']);
    assert.deepEqual(polled(1), ['10:00', '10:15']);
  });

  test('a binding that was polled a while ago is polled when it is due, not at the start', async () => {
    const output = new MemoryOutput({
      bindingStateV1: {
        key0: { Mode: 'Custom Query', LastPolled: '2024-05-01T09:58:00Z', DocumentCount: 0 },
      },
    });
    const clock = new ManualClock(START);
    const database = new TableDatabase(['id'], numbers(1));
    const running = run({ database, bindings: [testBinding({})], output, clock });
    for (let round = 0; round < 20; round += 1) await turn();
    assert.equal(output.documents.length, 0);
    assert.equal(clock.nextMs, Date.parse('2024-05-01T10:03:00Z'));
    clock.advance();
    await running;
    assert.equal(output.documents.length, 1);
  });

  test('runs at most five queries at a time', async () => {
    const database = new TableDatabase(['id'], numbers(20));
    const bindings = Array.from({ length: 12 }, (_, index) => testBinding({}, { index }));
    const output = new MemoryOutput();
    await run({ database, bindings, output });
    assert.equal(database.mostRunning, 5);
    assert.equal(output.documents.length, 240);
  });

  test('groups of bindings never interleave, also where one is larger than memory should hold', async () => {
    const text = 'x'.repeat(1000);
    const rows = Array.from({ length: 3000 }, (_, n) => ({ id: 1, n, text }));
    const database = new TableDatabase(['id', 'n', 'text'], rows);
    const bindings = [0, 1, 2].map((index) => testBinding({ cursor: ['id'] }, { index }));
    const output = new MemoryOutput();
    await run({ database, bindings, output });
    for (const { documents } of output.groups) {
      assert.equal(new Set(documents.map(({ binding }) => binding)).size, 1);
    }
    assert.equal(output.documents.length, 9000);
  });

  test('a query that the server breaks off is tried again, with a warning', async () => {
    const database = new TableDatabase(['id', 'v'], numbers(10));
    database.failure = { row: 5, error: new Error('interrupted') };
    const output = new MemoryOutput();
    const clock = new ManualClock(START);
    const lines: Warning[] = [];
    const running = run({ database, bindings: [testBinding({})], output, clock, lines });
    for (let round = 0; round < 20; round += 1) await turn();
    clock.advance();
    await running;
    assert.deepEqual(
      output.documents.map(({ id }) => id),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.deepEqual(
      lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
      ['the query broke off and is tried again'],
    );
  });

  test('where documents have already left, it ends instead, so that none comes twice', async () => {
    const text = 'x'.repeat(2000);
    const rows = Array.from({ length: 1000 }, (_, n) => ({ id: 1, n, text }));
    const database = new TableDatabase(['id', 'n', 'text'], rows);
    database.failure = { row: 900, error: new Error('interrupted') };
    const output = new MemoryOutput();
    await assert.rejects(run({ database, bindings: [testBinding({ cursor: ['id'] })], output }), {
      code: 'SQLBATCH_POLL_INTERRUPTED',
    });
    assert.equal(output.documents.length, 0);
    assert.ok(output.lost > 0);
  });

  test('what is told is why a query ended, and not that the session ends for it while another one is running', async () => {
    const text = 'x'.repeat(2000);
    const rows = Array.from({ length: 1000 }, (_, n) => ({ id: 1, n, text }));
    const database = new TableDatabase(['id', 'n', 'text'], rows);
    const error = new Error('interrupted');
    database.failure = { row: 900, error };
    const session = new AbortController();
    const ended = new Promise<void>((resolve) =>
      session.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    const poller = database.poller.bind(database);
    database.poller = (binding) =>
      binding.index === 0 ? poller(binding) : { ...poller(binding), poll: () => ended };
    const bindings = [testBinding({ cursor: ['id'] }), testBinding({}, { index: 1 })];
    const running = run({ database, bindings, output: new MemoryOutput(), signal: session.signal });
    while (database.failure !== undefined) await turn();
    await turn();
    session.abort(error);
    await assert.rejects(running, { code: 'SQLBATCH_POLL_INTERRUPTED' });
  });

  test('an error of one binding ends all', async () => {
    const database = new TableDatabase(['id'], numbers(3));
    database.failure = { row: 1, error: new Error('no such table') };
    const bindings = [testBinding({}), testBinding({ poll: '1h' }, { index: 1 })];
    await assert.rejects(
      run({ database, bindings, output: new MemoryOutput(), stopAfterPoll: false }),
      /no such table/,
    );
  });

  test('another cursor starts the binding over, and leaves nothing of its state', async () => {
    const database = new TableDatabase(['id', 'v'], numbers(3));
    const output = new MemoryOutput();
    await run({ database, bindings: [testBinding({ cursor: ['id'] })], output });
    const lines: Warning[] = [];
    await run({ database, bindings: [testBinding({ cursor: ['v'] })], output, lines });
    assert.equal(output.documents.length, 6);
    assert.deepEqual(stored(output)['CursorNames'], ['v']);
    assert.match(lines.find(({ level }) => level === 'warn')?.message ?? '', /starts over/);
    await run({ database, bindings: [testBinding({})], output, clock: after(5) });
    assert.deepEqual(Object.keys(stored(output)).toSorted(), ['DocumentCount', 'LastPolled', 'Mode']);
  });

  test('schemas are told at the start, for bindings of tables and not for those of templates', async () => {
    const database = new TableDatabase(['id'], numbers(1));
    database.schemas = new Map([[0, { type: 'object' }]]);
    const bindings = [testBinding({}), testBinding({ template: 'SELECT 1' }, { index: 1 })];
    const output = new MemoryOutput();
    await run({ database, bindings, output, emitSourcedSchemas: true });
    assert.deepEqual(output.sourced, [{ binding: 0, schema: { type: 'object' } }]);
    assert.deepEqual(output.groups[0], { documents: [], patch: {} });
    const silent = new MemoryOutput();
    await run({ database, bindings, output: silent });
    assert.deepEqual(silent.sourced, []);
  });

  test('a state that cannot be read is an error that names the binding', async () => {
    const cases: [unknown, RegExp][] = [
      [[], /"r0".*not an object/],
      [{ LastPolled: 'yesterday' }, /`LastPolled` is not a time/],
      [{ DocumentCount: 'many' }, /`DocumentCount` is not a number/],
      [{ CursorNames: 'id' }, /`CursorNames` is not a list/],
      [{ CursorValues: 5 }, /`CursorValues` is not a list/],
    ];
    for (const [state, message] of cases) {
      const output = new MemoryOutput({ bindingStateV1: { key0: state } });
      await assert.rejects(
        run({ database: new TableDatabase(['id']), bindings: [testBinding({})], output }),
        { code: 'SQLBATCH_STATE_INVALID', message },
      );
    }
  });
});
