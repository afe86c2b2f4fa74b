import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '@weir/connector';
import type { JsonObject } from '@weir/schema/json';
import { documents } from '../src/documents/document-batch.ts';
import type { ApiBinding } from '../src/engine/api-binding.ts';
import { runApiCapture } from '../src/engine/engine.ts';
import {
  backfillNeeded,
  type ChangeEvent,
  type ChangeStream,
  type Cursor,
  deletions,
  type DocumentBatch,
  type Feed,
  nextPage,
  type PageEvent,
  reached,
  type Stream,
} from '../src/engine/stream.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { parseCron } from '../src/time/cron.ts';
import { Instant } from '../src/time/instant.ts';

const BEGIN = '2024-05-05T05:00:00Z';
const at = (text: string): Instant => {
  const instant = Instant.parse(text);
  if (instant === undefined) throw new TypeError(text);
  return instant;
};
const seconds = (count: number): Instant => at(BEGIN).plusMs(count * 1000);

interface Harness {
  readonly clock: VirtualClock;
  readonly committed: Committed;
  readonly log: string[];
  /** Runs a session for so many seconds, unless it ends before. */
  session(binding: Partial<ApiBinding> & { stream: Stream }, forSeconds: number): Promise<void>;
}

function harness(state: JsonObject = {}): Harness {
  const clock = new VirtualClock(at(BEGIN).ms);
  const committed = new Committed();
  committed.state = state;
  const log: string[] = [];
  const logger: Logger = {
    trace: () => undefined,
    debug: () => undefined,
    info: (message) => log.push(message),
    warn: (message) => log.push(message),
    error: (message) => log.push(message),
    status: (message) => log.push(message),
    configUpdate: () => undefined,
    with: () => logger,
  };
  return {
    clock,
    committed,
    log,
    session: async (binding, forSeconds) => {
      const ending = new AbortController();
      const { signal } = ending;
      const output = new CrashingOutput(committed, Infinity, () => undefined);
      const timer = clock.until(clock.now() + forSeconds * 1000, signal).then(
        () => ending.abort(new DOMException('the end', 'AbortError')),
        () => undefined,
      );
      const whole = {
        index: 0,
        name: 'rows',
        stateKey: 'rows.v1',
        key: ['/id'],
        intervalMs: 60_000,
        ...binding,
      };
      const run = runApiCapture({
        bindings: [whole],
        state: committed.state,
        output,
        clock,
        log: logger,
        signal,
      });
      try {
        await clock.run(run);
      } finally {
        ending.abort();
        await timer;
      }
    },
  };
}

type Fetch<E> = (call: { cursor: Cursor; page: unknown; cutoff: Cursor; nowMs: number }) => Iterable<E>;

function changes(
  initial: { cursor: Cursor; cutoff?: Cursor },
  fetchChanges: Fetch<ChangeEvent<Cursor>>,
  fetchPage: Fetch<PageEvent> = () => [],
): ChangeStream<Cursor> {
  return {
    initial: () => initial,
    async *fetchChanges(call) {
      yield* fetchChanges({ ...call, page: undefined, cutoff: call.cursor });
    },
    async *fetchPage(call) {
      yield* fetchPage({ ...call, cursor: call.cutoff });
    },
  };
}

const only = (stream: ChangeStream<Cursor>): Stream => ({ kind: 'changes', parts: { only: stream } });
const bindingState = ({ committed }: Harness): unknown =>
  (committed.state['bindingStateV1'] as JsonObject)['rows.v1'];
const texts = ({ committed }: Harness): string[] => committed.documents.map(({ text }) => text);

test('a new binding commits where it begins before its first document', async () => {
  const run = harness();
  const stream = changes({ cursor: seconds(0), cutoff: seconds(0) }, () => []);
  const untilFirst = run.session(
    { stream: only({ ...stream, fetchPage: () => assert.fail('crashed here') }) },
    10,
  );
  await assert.rejects(untilFirst, /crashed here/);
  assert.deepEqual(bindingState(run), {
    inc: { cursor: '2024-05-05T05:00:00Z' },
    backfill: { cutoff: '2024-05-05T05:00:00Z' },
    last_initialized: '2024-05-05T05:00:00Z',
    is_connector_initiated: false,
  });
});

test('cursors are stored as times, numbers and one-element lists; a complete backfill has no state', async () => {
  for (const [cursor, next, stored] of [
    [seconds(-3600), seconds(-60).plusNs(1000n), '2024-05-05T04:59:00.000001Z'],
    [5n, 2n ** 60n, 2n ** 60n],
    ['a', 'b', ['b']],
  ] as const) {
    const run = harness();
    let calls = 0;
    const stream = changes({ cursor, cutoff: cursor }, () => (++calls === 1 ? [reached(next)] : []));
    await run.session({ stream: only(stream) }, 10);
    const { inc, backfill } = bindingState(run) as { inc: unknown; backfill: unknown };
    assert.deepEqual([inc, backfill], [{ cursor: stored }, undefined]);
  }
});

test('a session goes on from the state that upstream wrote, with a backfill in its middle', async () => {
  const run = harness({
    bindingStateV1: {
      'rows.v1': {
        inc: { cursor: '2024-05-05T04:00:00.250000+00:00' },
        backfill: { cutoff: '2024-05-05T04:00:00Z', next_page: 'p7' },
        last_initialized: '2024-01-01T00:00:00Z',
        is_connector_initiated: false,
      },
    },
  });
  const seen: { from?: string; page?: unknown } = {};
  const stream = changes(
    { cursor: seconds(0), cutoff: seconds(0) },
    ({ cursor }) => {
      seen.from = String(cursor);
      return [];
    },
    ({ page, cutoff }) => {
      seen.page = [page, String(cutoff)];
      return [];
    },
  );
  await run.session({ stream: only(stream) }, 10);
  assert.deepEqual(seen, { from: '2024-05-05T04:00:00.250Z', page: ['p7', '2024-05-05T04:00:00Z'] });
});

test('a cursor of another kind than the stream has is refused, and names the stream', async () => {
  const run = harness({ bindingStateV1: { 'rows.v1': { inc: { cursor: 5 } } } });
  const stream = changes({ cursor: seconds(0) }, () => []);
  await assert.rejects(run.session({ stream: only(stream) }, 10), {
    code: 'CDK_STATE_INVALID',
    message: /"rows"/,
  });
});

test('object positions are sent as what changed of them, and what they lost is removed', async () => {
  const run = harness();
  const pages = [{ todo: { a: 1, b: 2 } }, { todo: { b: 2 }, done: 1 }, { todo: { b: 3 } }];
  const seen: unknown[] = [];
  let step = 0;
  const stream = changes(
    { cursor: seconds(0), cutoff: seconds(0) },
    () => [],
    ({ page }) => {
      seen.push(page);
      const next = pages[step++];
      return next === undefined ? [] : [documents([{ id: step }]), nextPage(next)];
    },
  );
  await run.session({ stream: only(stream) }, 10);
  assert.deepEqual(seen, [undefined, ...pages]);
  assert.equal(run.committed.documents.length, 3);
});

test('a datetime stream is called again at once while it is behind, and else after its interval; others until they are idle', async () => {
  const calls: number[] = [];
  const run = harness();
  const stream = changes({ cursor: seconds(-300) }, ({ cursor, nowMs }) => {
    calls.push((nowMs - at(BEGIN).ms) / 1000);
    const next = Math.min((cursor as Instant).ms + 100_000, nowMs);
    return [reached(Instant.ofMs(next))];
  });
  await run.session({ stream: only(stream) }, 130);
  assert.deepEqual(calls, [0, 0, 0, 60, 120]);

  // What it may claim is so much behind that it is not asked for before there is more to claim.
  const lagging = harness();
  const looks: number[] = [];
  const late = changes({ cursor: seconds(-50) }, ({ nowMs }) => {
    looks.push((nowMs - at(BEGIN).ms) / 1000);
    return [reached(Instant.ofMs(nowMs - 40_000))];
  });
  await lagging.session({ stream: only({ ...late, lagMs: 40_000 }) }, 130);
  assert.deepEqual(looks, [50, 110]);

  const idle = harness();
  const tokens: number[] = [];
  const token = changes({ cursor: 0n }, ({ cursor, nowMs }) => {
    tokens.push((nowMs - at(BEGIN).ms) / 1000);
    return cursor === 3n ? [] : [reached((cursor as bigint) + 1n)];
  });
  await idle.session({ stream: only(token) }, 130);
  assert.deepEqual(tokens, [0, 0, 0, 0, 60, 120]);
});

test('documents keep their bytes behind _meta, whatever they hold', async () => {
  const run = harness();
  const raw = ['{"id":9007199254740993,"n":1.10,"e":"\\u00e9"}', '{"id":2,"_meta":{"shop":"a","op":"x"}}'];
  const bytes = Buffer.from(raw.join(''));
  const ends = [raw[0]?.length ?? 0, bytes.length];
  const batch: DocumentBatch = { kind: 'documents', bytes, ends, count: 2, op: 'c', meta: { parent: 7 } };
  const stream = changes({ cursor: 0n }, ({ cursor }) =>
    cursor === 0n ? [batch, deletions([[3]]), reached(1n)] : [],
  );
  await run.session({ stream: only(stream) }, 1);
  assert.deepEqual(texts(run), [
    '{"_meta":{"op":"c","row_id":-1,"parent":7},"id":9007199254740993,"n":1.10,"e":"\\u00e9"}',
    '{"_meta":{"op":"c","row_id":-1,"shop":"a","parent":7},"id":2}',
    '{"_meta":{"op":"d","row_id":-1},"id":3}',
  ]);
});

for (const [name, events, code] of [
  ['documents without a cursor', [documents([{ id: 1 }])], 'CDK_STREAM_DEFECT'],
  ['documents without their key', [documents([{ name: 'x' }]), reached(seconds(-1))], 'CDK_STREAM_DEFECT'],
  ['a cursor that stands still', [reached(seconds(-10))], 'CDK_CURSOR_NOT_ADVANCED'],
  ['a cursor that goes back', [reached(seconds(-11))], 'CDK_CURSOR_NOT_ADVANCED'],
  ['a cursor of another kind', [reached(5n)], 'CDK_CURSOR_NOT_ADVANCED'],
  ['a time that has not passed yet', [reached(seconds(3600))], 'CDK_CURSOR_AHEAD'],
] as const) {
  test(`a stream that gives ${name} is stopped, and nothing of it is committed`, async () => {
    const run = harness();
    const stream = changes({ cursor: seconds(-10) }, () => events);
    await assert.rejects(run.session({ stream: only(stream), intervalMs: 0 }, 10), { code });
    assert.deepEqual(run.committed.documents, []);
    assert.equal(run.committed.checkpoints, 1);
  });
}

test('a backfill that is led to the same page again is stopped', async () => {
  const run = harness();
  const stream = changes(
    { cursor: 0n, cutoff: 0n },
    () => [],
    () => [nextPage('same')],
  );
  await assert.rejects(run.session({ stream: only(stream) }, 10), { code: 'CDK_PAGING_LOOP' });
});

test('an old row that a page holds leaves before the new one that changes bring', async () => {
  const run = harness();
  const pageIsRead = Promise.withResolvers<void>();
  const changeIsRead = Promise.withResolvers<void>();
  const stream: ChangeStream<Cursor> = {
    initial: () => ({ cursor: 0n, cutoff: 0n }),
    async *fetchChanges({ cursor }) {
      if (cursor !== 0n) return;
      await pageIsRead.promise;
      yield documents([{ id: 1, version: 'new' }]);
      changeIsRead.resolve();
      yield reached(1n);
    },
    async *fetchPage() {
      yield documents([{ id: 1, version: 'old' }]);
      pageIsRead.resolve();
      await changeIsRead.promise;
    },
  };
  await run.session({ stream: only(stream) }, 10);
  assert.deepEqual(
    run.committed.documents.map(({ document }) => document['version']),
    ['old', 'new'],
  );
});

/** The state of a binding whose backfill waits for a job. */
const waitsForJob: JsonObject = {
  bindingStateV1: {
    'rows.v1': {
      inc: { cursor: 0 },
      backfill: { cutoff: 0, next_page: 'job' },
      last_initialized: BEGIN,
      is_connector_initiated: false,
    },
  },
};

/** `creates`: how long it takes to have the job created; `changesFor`: how long the changes are read. In seconds. */
for (const { failing, state = {}, creates = 0, changesFor } of [
  { failing: 'while its job is waited for', changesFor: 0 },
  { failing: 'before the changes come to a position', changesFor: 60 },
  { failing: 'while a job of the session before is waited for', state: waitsForJob, changesFor: 0 },
  { failing: 'while its job is created', creates: 30, changesFor: 60 },
]) {
  test(`a backfill that fails ${failing} lets no newer row leave before the old one that the next session reads`, async () => {
    const run = harness(state);
    const pause = (seconds: number, signal: AbortSignal) =>
      run.clock.until(run.clock.now() + seconds * 1000, signal);
    let isFirst = true;
    const stream: ChangeStream<Cursor> = {
      initial: () => ({ cursor: 0n, cutoff: 0n }),
      readsOn: true,
      async *fetchChanges({ cursor, signal }) {
        if (cursor !== 0n) return;
        yield documents([{ id: 1, version: 'new' }]);
        await pause(changesFor, signal);
        yield reached(1n);
      },
      async *fetchPage({ page, signal }) {
        await pause(page === undefined ? creates : 30, signal);
        if (isFirst && (page === 'job' || creates > 0)) throw new Error('no route to host');
        yield page === undefined ? nextPage('job', true) : documents([{ id: 1, version: 'old' }]);
      },
    };
    await assert.rejects(run.session({ stream: only(stream) }, 600), /no route to host/);
    assert.deepEqual(texts(run), []);
    isFirst = false;
    await run.session({ stream: only(stream) }, 600);
    const versions = run.committed.documents.map(({ document }) => document['version']);
    assert.deepEqual(versions, ['old', 'new']);
  });
}

test('a backfill that fails behind a position, and leaves no job, keeps no change back', async () => {
  const run = harness();
  const stream: ChangeStream<Cursor> = {
    initial: () => ({ cursor: 0n, cutoff: 0n }),
    readsOn: true,
    async *fetchChanges({ cursor, signal }) {
      if (cursor !== 0n) return;
      yield documents([{ id: 1 }]);
      await run.clock.until(run.clock.now() + 60_000, signal);
      yield reached(1n);
    },
    async *fetchPage() {
      yield nextPage('window');
      throw new Error('the job failed');
    },
  };
  await assert.rejects(run.session({ stream: only(stream) }, 600), /the job failed/);
  assert.equal(run.committed.documents.length, 1);
});

test('a session that is asked to end while a job runs lets no newer row leave either', async () => {
  const run = harness();
  let isFirst = true;
  const rows: ChangeStream<Cursor> = {
    initial: () => ({ cursor: 0n, cutoff: 0n }),
    readsOn: true,
    async *fetchChanges({ cursor }) {
      if (cursor !== 0n) return;
      yield documents([{ id: 1, version: 'new' }]);
      yield reached(1n);
    },
    async *fetchPage({ page, signal }) {
      await run.clock.until(run.clock.now() + 30_000, signal);
      yield page === undefined ? nextPage('job', true) : documents([{ id: 1, version: 'old' }]);
    },
  };
  const failing = changes({ cursor: 0n }, () => {
    if (isFirst) throw new Error('no route to host');
    return [];
  });
  const stream: Stream = { kind: 'changes', parts: { named: { rows, failing } } };
  await assert.rejects(run.session({ stream }, 600), /no route to host/);
  assert.deepEqual(texts(run), []);
  isFirst = false;
  await run.session({ stream }, 600);
  const versions = run.committed.documents.map(({ document }) => document['version']);
  assert.deepEqual(versions, ['old', 'new']);
});

test('a snapshot that has not changed sends nothing; one that shrank deletes its last rows', async () => {
  const run = harness();
  const lists = [
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    ['a', 'c'],
    ['a', 'c', 'd', 'e'],
  ];
  let pass = 0;
  const stream: Stream = {
    kind: 'snapshot',
    parts: {
      only: {
        meta: { shop: 's' },
        async *fetchSnapshot() {
          const rows = lists[Math.min(pass++, lists.length - 1)] ?? [];
          // Batches of other sizes are the same snapshot.
          for (const each of pass % 2 === 0 ? rows.map((row) => [row]) : [rows]) {
            yield documents(each.map((name) => ({ name })));
          }
        },
      },
    },
  };
  await run.session({ stream, key: ['/_meta/shop', '/_meta/row_id'] }, 200);
  const row = (op: string, id: number, name?: string): string =>
    `{"_meta":{"op":"${op}","row_id":${id},"shop":"s"}${name === undefined ? '' : `,"name":"${name}"`}}`;
  assert.deepEqual(texts(run), [
    row('c', 0, 'a'),
    row('c', 1, 'b'),
    row('c', 2, 'c'),
    row('u', 0, 'a'),
    row('u', 1, 'c'),
    row('d', 2),
    row('u', 0, 'a'),
    row('u', 1, 'c'),
    row('c', 2, 'd'),
    row('c', 3, 'e'),
  ]);
  const { snapshot } = bindingState(run) as { snapshot: { last_count: number; updated_at: string } };
  assert.deepEqual([snapshot.last_count, snapshot.updated_at], [4, '2024-05-05T05:03:00Z']);
});

test('a snapshot that fails in its middle sends nothing', async () => {
  const run = harness();
  const stream: Stream = {
    kind: 'snapshot',
    parts: {
      only: {
        async *fetchSnapshot() {
          yield documents([{ name: 'a' }]);
          throw new Error('cut off');
        },
      },
    },
  };
  await assert.rejects(run.session({ stream, key: ['/_meta/row_id'] }, 10), /cut off/);
  assert.equal(run.committed.documents.length, 0);
});

test('a stream that cannot go on writes a request, and its next session starts over', async () => {
  const run = harness();
  let begun = 0;
  const stream: ChangeStream<Cursor> = {
    ...changes({ cursor: 'a' }, ({ cursor }) =>
      cursor === 'a' ? [reached('b')] : [backfillNeeded('too old')],
    ),
    initial: () => ({ cursor: begun++ === 0 ? 'a' : 'fresh' }),
  };
  await run.session({ stream: only(stream) }, 10);
  assert.deepEqual(run.committed.state['backfillRequests'], { 'rows.v1': true });
  await run.session({ stream: only({ ...changes({ cursor: '' }, () => []), initial: stream.initial }) }, 10);
  assert.deepEqual(run.committed.state['backfillRequests'], {});
  assert.deepEqual((bindingState(run) as JsonObject)['inc'], { cursor: ['fresh'] });
});

test('a schedule ends the session at its minute; the next one backfills up to the cursor and keeps it', async () => {
  const run = harness();
  const flags: boolean[] = [];
  const stream: ChangeStream<Cursor> = {
    ...changes({ cursor: seconds(0), cutoff: seconds(0) }, ({ nowMs }) => [reached(Instant.ofMs(nowMs - 1))]),
    async *fetchPage({ isConnectorInitiated, cutoff }) {
      flags.push(isConnectorInitiated);
      assert.ok(cutoff instanceof Instant);
      yield documents([{ id: 1 }]);
    },
  };
  const binding = { stream: only(stream), schedule: parseCron('30 5 * * *') };
  await run.session(binding, 3600);
  assert.equal(new Date(run.clock.now()).toISOString(), '2024-05-05T05:30:00.000Z');
  const before = (bindingState(run) as { inc: unknown }).inc;
  const calls = run.committed.checkpoints;
  await run.session(binding, 1);
  assert.deepEqual(flags, [false, true]);
  assert.ok(run.committed.checkpoints > calls);
  const { inc, is_connector_initiated: initiated } = bindingState(run) as JsonObject;
  assert.deepEqual([inc, initiated], [before, true]);
});

test('a stream that got named parts begins each not later than where it was alone, and forgets the cursor it had', async () => {
  const former = '2024-05-05T04:00:00Z';
  const begun = async (initial: ReturnType<ChangeStream<Cursor>['initial']>): Promise<JsonObject> => {
    const run = harness({ bindingStateV1: { 'rows.v1': { inc: { cursor: former } } } });
    const part = changes(
      initial,
      () => [],
      () => assert.fail('asked for pages'),
    );
    await run.session({ stream: { kind: 'changes', parts: { named: { one: part, two: part } } } }, 0);
    return bindingState(run) as JsonObject;
  };
  const same = <T>(value: T) => ({ one: value, two: value });
  const { inc } = await begun({ cursor: seconds(0) });
  assert.deepEqual(inc, same({ cursor: former }));
  const earlier = await begun({ cursor: seconds(-7200) });
  assert.deepEqual(earlier['inc'], same({ cursor: '2024-05-05T03:00:00Z' }));
  // What is read once more ends where the changes begin.
  const withHistory = await begun({ cursor: seconds(0), cutoff: seconds(0) });
  assert.deepEqual(withHistory['inc'], same({ cursor: former }));
  assert.deepEqual(withHistory['backfill'], same({ cutoff: former }));
  await assert.rejects(begun({ cursor: 0n }), { code: 'CDK_STATE_INVALID' });
});

test('one stream that fails lets the others come to their next checkpoint', async () => {
  const run = harness();
  const named = {
    failing: changes({ cursor: 0n }, () => {
      throw new Error('no route to host');
    }),
    slow: {
      initial: () => ({ cursor: 0n }),
      async *fetchChanges({ signal }: { signal: AbortSignal }) {
        yield documents([{ id: 1 }]);
        await run.clock.until(run.clock.now() + 5000, signal);
        yield reached(1n);
        assert.fail('not called beyond a checkpoint');
      },
    },
  };
  await assert.rejects(
    run.session({ stream: { kind: 'changes', parts: { named } } }, 60),
    /no route to host/,
  );
  assert.equal(run.committed.documents.length, 1);
});

test('a session ends by itself after a day, so that what was configured anew takes effect', async () => {
  const run = harness();
  const stream = changes({ cursor: 0n }, () => []);
  await run.session({ stream: only(stream), intervalMs: 3_600_000 }, 100 * 3600);
  assert.equal(new Date(run.clock.now()).toISOString(), '2024-05-06T05:00:00.000Z');
});

test('a session that is asked to end does so at the next checkpoint of a call, however long the call is', async () => {
  const run = harness();
  const endless: ChangeStream<Cursor> = {
    initial: () => ({ cursor: 0n }),
    async *fetchChanges({ signal }) {
      for (let id = 1n; ; id += 1n) {
        await run.clock.until(run.clock.now() + 3_600_000, signal);
        yield documents([{ id: Number(id) }]);
        yield reached(id);
      }
    },
  };
  await run.session({ stream: only(endless) }, 100 * 3600);
  // A day, and what was under way then.
  assert.equal(run.clock.now(), at(BEGIN).ms + 24 * 3_600_000);
  assert.equal(run.committed.documents.length, 24);
});

test('a stream that comes to no checkpoint is cut off half an hour after it was asked to end', async () => {
  const run = harness();
  const named: Record<string, ChangeStream<Cursor>> = {
    failing: changes({ cursor: 0n }, () => {
      throw new Error('no route to host');
    }),
    endless: {
      initial: () => ({ cursor: 0n }),
      async *fetchChanges({ signal }) {
        for (let id = 0; ; id += 1) {
          yield documents([{ id }]);
          await run.clock.until(run.clock.now() + 60_000, signal);
        }
      },
    },
  };
  await assert.rejects(
    run.session({ stream: { kind: 'changes', parts: { named } } }, 100_000),
    /no route to host/,
  );
  assert.equal(new Date(run.clock.now()).toISOString(), '2024-05-05T05:30:00.000Z');
  assert.ok(run.log.includes('streams that did not come to a checkpoint are cut off'));
  assert.equal(run.committed.documents.length, 0);
});

test('a page position that holds a null is refused: a state could not keep it', async () => {
  const run = harness();
  const stream = changes(
    { cursor: 0n, cutoff: 0n },
    () => [],
    () => [nextPage({ todo: { a: null } })],
  );
  await assert.rejects(run.session({ stream: only(stream) }, 10), { code: 'CDK_STREAM_DEFECT' });
});

test('a part whose backfill reads on behind its position cannot take turns, as its changes would wait for it for ever', async () => {
  const run = harness();
  const stream = changes(
    { cursor: seconds(-60), cutoff: seconds(-60) },
    () => [documents([{ id: 2 }]), reached(seconds(-1))],
    ({ page }) => (page === undefined ? [nextPage('job', true)] : [documents([{ id: 1 }])]),
  );
  const session = run.session(
    { stream: { kind: 'changes', parts: { named: { a: stream } }, atOnce: 1 } },
    600,
  );
  await assert.rejects(session, { code: 'CDK_STREAM_DEFECT', message: /cannot take turns/ });
});

test('a feed hears back when what it published is committed, and documents may belong to another binding', async () => {
  const run = harness();
  const done: string[] = [];
  const feed = {
    run: async ({ publish, signal }: Feed) => {
      await Promise.all([
        publish([documents([{ id: 1 }])]).then(() => done.push(`one at ${run.committed.documents.length}`)),
        publish([documents([{ id: 2 }]), documents([{ id: 3 }], { stream: 'not captured' })]),
      ]);
      await run.clock.until(Infinity, signal);
    },
  };
  await run.session({ stream: { kind: 'feed', feed } }, 10);
  assert.deepEqual(done, ['one at 2']);
  const ids = run.committed.documents.map(({ document }) => document['id']);
  assert.deepEqual(new Set(ids), new Set([1, 2]));
});

test('what a feed abandons before it is sent on is dropped, and what it published beside it is not', async () => {
  const run = harness();
  const feed = {
    run: async ({ publish, signal }: Feed) => {
      const abandoned = new AbortController();
      const dropped = publish([documents([{ id: 1 }])], abandoned.signal);
      const kept = publish([documents([{ id: 2 }])], new AbortController().signal);
      abandoned.abort(new Error('nobody waits for it'));
      await assert.rejects(dropped, /nobody waits for it/);
      await kept;
      await run.clock.until(Infinity, signal);
    },
  };
  await run.session({ stream: { kind: 'feed', feed } }, 10);
  assert.deepEqual(
    run.committed.documents.map(({ document }) => document['id']),
    [2],
  );
});
