// Two looks at the same rows, and streams of many parts: what each asks for, and how their states look.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@weir/schema/json';
import { documents } from '../src/documents/document-batch.ts';
import { runApiCapture } from '../src/engine/engine.ts';
import { type ChangeStream, type Cursor, reached } from '../src/engine/stream.ts';
import { changes, childChanges, exports, parts, sequence, walk } from '../src/streams/define-stream.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { Instant } from '../src/time/instant.ts';
import { common, list, row, run } from './api-harness.ts';

const BEGIN_MS = Date.parse('2024-05-05T05:00:00Z');
const between = ({ from, to }: { from: string; to: string }) => ({
  w: `${from.slice(11, 19)}-${to.slice(11, 19)}`,
});
const idsOf = (texts: readonly string[]): number[] =>
  texts.map((text) => Number(/"id":(\d+)/.exec(text)?.[1]));

test('the late look asks for the same times again, and sends only what was not there the first time', async () => {
  let reads = 0;
  const rows = [row(1, '05:00:30')];
  const { asked, texts, state } = await run(
    changes({ ...common, between, lookback: '10m' }),
    (target) => {
      if (target.includes('w=00:00:00')) return list();
      // The second row has the time of the first, and appears after the soon look has been there.
      if (reads++ === 2) rows.push(row(2, '05:00:30'));
      return list(...rows.filter((each) => windowHas(target, each)));
    },
    1200,
  );
  assert.deepEqual(idsOf(texts), [1, 2], asked.join('\n'));
  assert.deepEqual(Object.keys((state as { inc: JsonObject }).inc), ['realtime', 'lookback']);
  assert.equal((state as { backfill?: unknown }).backfill, undefined);
});

test('where times tell any two changes apart, a row that only looks different is not sent again, nor what is below it read', async () => {
  let reads = 0;
  const answer = (target: string): string => {
    if (target.includes('/notes')) return list('{"n":1}');
    reads += 1;
    const shown = `{"id":1,"at":"2024-05-05T05:00:30Z","shown":"read ${reads}"}`;
    return list(...(windowHas(target, shown) ? [shown] : []));
  };
  const twin = { ...common, between, lookback: '10m' } as const;
  const lists = childChanges({
    ...common,
    of: changes({ ...twin, sameTimeIsSameRow: true }),
    id: '/id',
    as: 'above',
    key: ['/_meta/above', '/n'],
    path: (id) => `/rows/${id}/notes`,
  });
  const rows = async (sameTimeIsSameRow: boolean) =>
    idsOf((await run(changes({ ...twin, sameTimeIsSameRow }), answer, 1200)).texts);
  assert.deepEqual(await rows(true), [1]);
  assert.deepEqual(await rows(false), [1, 1]);
  const { asked } = await run(lists, answer, 1200);
  assert.equal(asked.filter((target) => target.includes('/notes')).length, 1);
});

function windowHas(target: string, text: string): boolean {
  const [, from = '', to = ''] = /w=([\d:]+)-([\d:]+)/.exec(target) ?? [];
  const at = /T([\d:]+)Z/.exec(text)?.[1] ?? '';
  return from <= at && at <= to;
}

test('twins begin as one backfill and two cursors, in the form of the state that upstream has', async () => {
  const committed = await firstCommit(changes({ ...common, between, lookback: '12h' }));
  assert.deepEqual(committed, {
    inc: {
      realtime: { cursor: '2024-05-05T04:58:59Z' },
      lookback: { cursor: '2024-05-05T00:00:00Z' },
    },
    backfill: { cutoff: '2024-05-05T04:58:59Z' },
    last_initialized: '2024-05-05T05:00:00Z',
    is_connector_initiated: false,
  });
});

/** What a stream's state begins with: everything it asks for fails. */
async function firstCommit(stream: Parameters<typeof run>[0]): Promise<unknown> {
  const { state } = await run(stream, () => list(), 0);
  return state;
}

test('what a soon look commits waits for the older rows that a late one is reading', async () => {
  const clock = new VirtualClock(BEGIN_MS);
  const committed = new Committed();
  const ending = new AbortController();
  const pause = (ms: number): Promise<void> => clock.until(clock.now() + ms, ending.signal);
  const once = (isLate: boolean, takesMs: number, version: number): ChangeStream<Cursor> => ({
    initial: () => ({ cursor: Instant.ofMs(BEGIN_MS - 100_000) }),
    isLate,
    async *fetchChanges({ cursor }) {
      if ((cursor as Instant).ms > BEGIN_MS - 100_000) return;
      if (!isLate) await pause(1000);
      yield documents([{ id: 1, version }]);
      await pause(takesMs);
      yield reached(Instant.ofMs(BEGIN_MS - 50_000));
    },
  });
  const binding = {
    index: 0,
    name: 'rows',
    stateKey: 'rows.v1',
    key: ['/id'],
    intervalMs: 30_000,
    stream: {
      kind: 'changes',
      // The late look has read the first version, and brings it long after the soon one could bring the second.
      parts: { named: { realtime: once(false, 1000, 2), lookback: once(true, 20_000, 1) } },
    },
  } as const;
  const output = new CrashingOutput(committed, Infinity, () => undefined);
  const { signal } = ending;
  const session = runApiCapture({
    bindings: [binding],
    state: {},
    output,
    clock,
    log: silentLog,
    signal,
  });
  const timer = clock.until(BEGIN_MS + 60_000, signal).then(() => ending.abort(new Error('the end')));
  await clock.run(session);
  await timer;
  assert.deepEqual(
    committed.documents.map(({ document }) => document['version']),
    [1, 2],
  );
});

test('a backfill that fails does not hold the session up: nobody waits for its page', async () => {
  const clock = new VirtualClock(BEGIN_MS);
  const committed = new Committed();
  const ending = new AbortController();
  const pause = (ms: number): Promise<void> => clock.until(clock.now() + ms, ending.signal);
  const stream: ChangeStream<Cursor> = {
    initial: () => ({ cursor: 0n, cutoff: 0n }),
    async *fetchChanges({ cursor }) {
      if (cursor !== 0n) return;
      yield documents([{ id: 1 }]);
      yield reached(1n);
    },
    // oxlint-disable-next-line require-yield
    async *fetchPage() {
      await pause(5000);
      throw new Error('the page failed');
    },
  };
  const session = runApiCapture({
    bindings: [
      {
        index: 0,
        name: 'rows',
        stateKey: 'rows.v1',
        key: ['/id'],
        intervalMs: 1000,
        stream: { kind: 'changes', parts: { only: stream } },
      },
    ],
    state: {},
    output: new CrashingOutput(committed, Infinity, () => undefined),
    clock,
    log: silentLog,
    signal: ending.signal,
  });
  await assert.rejects(clock.run(session), /the page failed/);
  assert.ok(clock.now() - BEGIN_MS < 10_000, `${clock.now() - BEGIN_MS} ms`);
  assert.equal(committed.documents.length, 1);
});

test('each part of a list has a state and documents of its own, and a part that is new begins', async () => {
  const stores = ['north', 'south'];
  const stream = parts({
    of: async () => stores,
    as: 'store',
    interval: '5m',
    stream: (store) =>
      sequence({
        ...common,
        path: `/stores/${store}`,
        number: '/n',
        after: (number) => ({ after: number }),
        size: ['n', 2],
        isDeleted: ({ gone }) => gone === true,
      }),
  });
  const { texts, state } = await run(stream, (target) => {
    if (!target.endsWith('after=0')) return list();
    return target.includes('north') ? list('{"id":1,"n":4}') : list('{"id":1,"n":9,"gone":true}');
  });
  assert.deepEqual(texts, [
    '{"_meta":{"op":"u","row_id":-1,"store":"north"},"id":1,"n":4}',
    '{"_meta":{"op":"d","row_id":-1,"store":"south"},"id":1,"n":9,"gone":true}',
  ]);
  assert.deepEqual((state as { inc: unknown }).inc, { north: { cursor: 4 }, south: { cursor: 9 } });
});

test('a part that has parts itself is refused', async () => {
  const nested = parts({
    of: async () => ['one'],
    as: 'store',
    interval: '5m',
    stream: () => changes({ ...common, lookback: '1h' }),
  });
  await assert.rejects(
    run(nested, () => list()),
    { code: 'CDK_STREAM_DEFECT', message: /has parts itself/ },
  );
});

test('parts that take turns are no exports, whose changes would keep the turn that their file needs', async () => {
  const job = {
    create: () => ({ url: '/jobs' }),
    id: '/id',
    poll: () => ({ url: '/jobs/1' }),
    state: '/state',
    done: ['done'],
    failed: ['failed'],
    wait: ['1s', '1s'],
    patience: '5m',
    files: () => [],
  } as const;
  const stream = () => exports({ ...common, job, longestWindow: '4h' });
  const list_ = { of: async () => ['one'], as: 'store', interval: '5m' } as const;
  const definitions = () => parts({ ...list_, stream });
  assert.equal(typeof definitions, 'function');
  // @ts-expect-error They would wait for ever.
  const inTurn = parts({ ...list_, stream, atOnce: 1 });
  await assert.rejects(
    run(inTurn, () => '{"id":"1"}'),
    { code: 'CDK_STREAM_DEFECT', message: /"one" of a stream exports files/ },
  );
});

test('a list below is read when the row above changes, and not for rows that are gone', async () => {
  const stream = childChanges({
    ...common,
    of: changes({ ...common, between, isDeleted: ({ gone }) => gone === true }),
    id: '/id',
    as: 'above',
    key: ['/_meta/above', '/n'],
    path: (id) => `/rows/${id}/notes`,
  });
  const { asked, texts } = await run(
    stream,
    (target) => {
      if (target.includes('/notes')) return list('{"n":1}');
      return target.includes('w=00:00')
        ? list(row(1, '01:00:00'), '{"id":2,"at":"2024-05-05T02:00:00Z","gone":true}')
        : list(row(3, '05:01:00'));
    },
    400,
  );
  assert.deepEqual(asked, [
    '/rows?limit=2&w=00:00:00-04:58:59',
    '/rows/1/notes?limit=2',
    '/rows?limit=2&w=04:58:59-05:04:00',
    '/rows/3/notes?limit=2',
  ]);
  assert.deepEqual(texts, [
    '{"_meta":{"op":"u","row_id":-1,"above":1},"n":1}',
    '{"_meta":{"op":"u","row_id":-1,"above":3},"n":1}',
  ]);
  await assert.rejects(
    run(stream, () => list('{"id":"","at":"2024-05-05T01:00:00Z"}')),
    { code: 'CDK_STREAM_DEFECT', message: /no id at \/id/ },
  );
});

test('a walk of a list that says what is deleted deletes it', async () => {
  const stream = walk({
    ...common,
    since: (from) => ({ from }),
    size: ['n', 3],
    isDeleted: ({ gone }) => gone === true,
  });
  const { texts } = await run(stream, () =>
    list(row(1, '01:00:00'), '{"id":2,"at":"2024-05-05T02:00:00Z","gone":true}'),
  );
  assert.deepEqual(
    texts.map((text) => text.slice(0, 16)),
    ['{"_meta":{"op":"', '{"_meta":{"op":"'],
  );
  assert.deepEqual(
    texts.map((text) => text[16]),
    ['u', 'd'],
  );
});
