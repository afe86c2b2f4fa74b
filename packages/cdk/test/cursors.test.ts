// What each kind of cursor asks for, claims, and refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject } from '@weir/schema/json';
import { SeededRandom } from '@weir/testing';
import { changes, descent, events, report, sequence, token, walk } from '../src/streams/define-stream.ts';
import { createdAt, updatedAt } from '../src/streams/timestamp.ts';
import { openEvents } from '../src/streams/open-changes.ts';
import { ReportStream } from '../src/streams/report-stream.ts';
import { cursor } from '../src/paging/paging.ts';
import { runApiCapture } from '../src/engine/engine.ts';
import { reducedCollection } from '../src/testing/reduced-collection.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { surviveKills } from '../src/testing/survive-kills.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { Instant } from '../src/time/instant.ts';
import { at, common, list, row, run } from './api-harness.ts';
import { answering } from './answering.ts';

const inc = (state: unknown): unknown => (state as { inc: unknown }).inc;
const idsOf = (texts: readonly string[]): number[] =>
  texts.map((text) => Number(/"id":(\d+)/.exec(text)?.[1]));

test('a bound that is not part of a filter is asked for one tick further out', async () => {
  const between = ({ from, to }: { from: string; to: string }) => ({ since: from, until: to });
  const { asked } = await run(
    changes({ ...common, between, excludesStart: true, excludesEnd: true }),
    () => list(),
    1,
  );
  assert.deepEqual(asked, ['/rows?limit=2&since=2024-05-04T23:59:59Z&until=2024-05-05T04:59:00Z']);
});

test('times are printed and read in the form and the zone of the API', () => {
  const noon = Instant.ofMs(Date.parse('2024-05-05T12:00:00.250Z'));
  const printed = (options: Parameters<typeof updatedAt>[1]): string => updatedAt('/at', options).print(noon);
  assert.equal(printed({ tick: '1s', lag: '0s' }), '2024-05-05T12:00:00Z');
  assert.equal(printed({ tick: '1us', lag: '0s' }), '2024-05-05T12:00:00.250000Z');
  assert.equal(printed({ tick: '1s', lag: '0s', format: 'seconds' }), '1714910400');
  assert.equal(printed({ tick: '1ms', lag: '0s', format: 'milliseconds' }), '1714910400250');
  assert.equal(printed({ tick: '1d', lag: '0s', format: 'date' }), '2024-05-05');
  assert.equal(printed({ tick: '1s', lag: '0s', zone: 'America/New_York' }), '2024-05-05T08:00:00');
  const read = (options: Parameters<typeof updatedAt>[1], value: string | number): string | undefined =>
    updatedAt('/at', options).read(value)?.toString();
  assert.equal(read({ tick: '1s', lag: '0s', format: 'seconds' }, 1_714_910_400), '2024-05-05T12:00:00Z');
  assert.equal(
    read({ tick: '1ms', lag: '0s', format: 'milliseconds' }, 1_714_910_400_250),
    '2024-05-05T12:00:00.250Z',
  );
  assert.equal(read({ tick: '1d', lag: '0s', format: 'date' }, '2024-05-05'), '2024-05-05T00:00:00Z');
  const inZone = { tick: '1s', lag: '0s', zone: 'America/New_York' } as const;
  assert.equal(read(inZone, '2024-05-05T08:00:00'), '2024-05-05T12:00:00Z');
  assert.equal(read(inZone, '2024-05-05T08:00:00.000+0000'), '2024-05-05T08:00:00Z');
});

test('times that may be of either of two instants are refused where the order of rows hangs on them', async () => {
  const cursorAt = updatedAt('/at', { tick: '1s', lag: '60s', zone: 'America/New_York' });
  const zoned = { ...common, cursor: cursorAt };
  const size = ['limit', 2] as const;
  const paging = cursor({ at: '/next', param: 'page' });
  for (const stream of [
    changes(zoned),
    descent({ ...zoned, paging }),
    walk({ ...zoned, size, since: (from) => ({ from }) }),
  ]) {
    await assert.rejects(
      run(stream, () => list()),
      {
        code: 'CDK_STREAM_DEFECT',
        message: /times of a zone \(America\/New_York\) and no filter by time/,
      },
    );
  }
  const { asked } = await run(changes({ ...zoned, between: ({ from }) => ({ from }) }), () => list());
  assert.equal(asked.length, 1);
});

test('the bounds of a filter leave nothing out that is cut off from what is printed', () => {
  const exact = Instant.ofMs(Date.parse('2024-05-05T12:00:30.250Z'));
  const printed = (bound: 'from' | 'to', options: Parameters<typeof updatedAt>[1]): string =>
    updatedAt('/at', options).print(exact, bound);
  assert.equal(printed('from', { tick: '1s', lag: '0s' }), '2024-05-05T12:00:30Z');
  assert.equal(printed('to', { tick: '1s', lag: '0s' }), '2024-05-05T12:00:31Z');
  assert.equal(printed('to', { tick: '1m', lag: '0s', zone: 'Asia/Kolkata' }), '2024-05-05T17:31:00');
  assert.equal(printed('to', { tick: '1ms', lag: '0s', format: 'seconds' }), '1714910431');
  assert.equal(printed('to', { tick: '1ms', lag: '0s', format: 'milliseconds' }), '1714910430250');
  assert.equal(printed('to', { tick: '1d', lag: '0s', format: 'date' }), '2024-05-05');
});

test('a backfill of an API that forgets its pages goes on at its window, whose time is its position', async () => {
  const between = ({ from, to }: { from: string; to: string }) => ({
    w: `${from.slice(11, 16)}-${to.slice(11, 16)}`,
  });
  const paging = cursor({ at: '/next', param: 'page' });
  const stream = changes({ ...common, between, paging, longestWindow: '2h', resumes: 'at its window' });
  const whole = (target: string): string =>
    target.includes('w=02:00') && !target.includes('page')
      ? `{"data":[${row(1, '03:00:00')}],"next":"p2"}`
      : list();
  const { asked, state } = await run(stream, whole);
  assert.deepEqual(
    asked.map((target) => target.slice('/rows?limit=2&w='.length)),
    ['00:00-02:00', '02:00-04:00', '02:00-04:00&page=p2', '04:00-04:58'],
  );
  assert.equal((state as { backfill?: unknown }).backfill, undefined);
  const backfill = { cutoff: '2024-05-05T04:58:59Z', next_page: '2024-05-05T05:00:00+03:00' };
  const resumed = await run(stream, whole, 1, {
    inc: { cursor: '2024-05-05T04:58:59Z' },
    backfill,
    last_initialized: '2024-05-05T05:00:00Z',
  });
  assert.deepEqual(
    resumed.asked.map((target) => target.slice('/rows?limit=2&w='.length)),
    ['02:00-04:00', '02:00-04:00&page=p2', '04:00-04:58'],
  );
});

test('a descent reads from the top down to what it has seen, and refuses a list that is not sorted', async () => {
  const pages = ['05:00:10 04:00:00', '03:00:00 02:00:00', '01:00:00'].map((page) => page.split(' '));
  const paging = cursor({ at: '/next', param: 'page' });
  const answer = (target: string): string => {
    const index = Number(/page=(\d)/.exec(target)?.[1] ?? 0);
    const rows = (pages[index] ?? []).map((time, place) => row(10 * index + place, time));
    return `{"data":[${rows.join()}],"next":${index + 1 < pages.length ? index + 1 : null}}`;
  };
  const { asked, texts, state } = await run(descent({ ...common, paging }), answer, 400);
  // The backfill reads all three pages; the descent of the changes ends behind the first.
  assert.deepEqual(
    asked.map((target) => target.slice(-6)),
    ['imit=2', 'page=1', 'page=2', 'imit=2'],
  );
  assert.deepEqual(idsOf(texts), [0, 1, 10, 11, 20, 0]);
  assert.deepEqual(inc(state), { cursor: '2024-05-05T05:04:00Z' });
  await assert.rejects(
    run(descent(common), () => list(row(1, '02:00:00'), row(2, '03:00:00'))),
    { code: 'CDK_ORDER_BROKEN', message: /03:00:00Z below one of .*02:00:00Z/ },
  );
});

test('a sequence asks for what is behind its last number, keeps numbers beyond 2^53, and refuses one that goes back', async () => {
  const options = {
    ...common,
    number: '/n',
    after: (number: string) => ({ after: number }),
    size: ['n', 2],
  } as const;
  const numbered = sequence(options);
  const { asked, state, texts } = await run(
    numbered,
    (target) =>
      target.endsWith('after=0') ? list('{"id":1,"n":7}', '{"id":2,"n":9007199254740993}') : list(),
    400,
  );
  assert.deepEqual(asked, [
    '/rows?limit=2&n=2&after=0',
    '/rows?limit=2&n=2&after=9007199254740993',
    '/rows?limit=2&n=2&after=9007199254740993',
  ]);
  assert.equal(texts.length, 2);
  assert.deepEqual(inc(state), { cursor: 9007199254740993n });
  await assert.rejects(
    run(numbered, () => list('{"id":1,"n":7}', '{"id":2,"n":7}')),
    { code: 'CDK_ORDER_BROKEN', message: /lists the row 7 behind 7/ },
  );
  await assert.rejects(
    run(numbered, () => list('{"id":1}')),
    { code: 'CDK_STREAM_DEFECT', message: /no integer at \/n/ },
  );
});

test('a token is kept also where nothing was new, and is not asked for again until the interval has passed', async () => {
  const tokens = token({ ...common, token: { at: '/token', param: 'after' } });
  const answers: Record<string, string> = {
    '/rows?limit=2': `{"data":[{"id":1}],"token":"a"}`,
    '/rows?limit=2&after=a': `{"data":[],"token":"b"}`,
    '/rows?limit=2&after=b': `{"data":[]}`,
  };
  const { asked, texts, state } = await run(tokens, (target) => answers[target] ?? '', 400);
  assert.deepEqual(asked, Object.keys(answers));
  assert.deepEqual(idsOf(texts), [1]);
  assert.deepEqual(inc(state), { cursor: ['b'] });
  await assert.rejects(
    run(
      token({ ...common, token: { at: '/token', param: 'after' }, more: '/more' }),
      () => '{"data":[],"token":"a","more":true}',
    ),
    { code: 'CDK_PAGING_LOOP' },
  );
  await assert.rejects(
    run(tokens, () => '{"data":[]}'),
    { code: 'CDK_STREAM_DEFECT', message: /no token at \/token/ },
  );
});

test('a token is kept in the form that the state has it in, and asked for with what that says', async () => {
  const tokens = token({
    ...common,
    token: {
      at: '/token',
      param: 'after',
      kept: { form: (given) => `kept ${given}`, query: (kept) => ({ since: kept.slice(5) }) },
    },
  });
  const answers: Record<string, string> = {
    '/rows?limit=2': `{"data":[{"id":1}],"token":"a"}`,
    '/rows?limit=2&since=a': `{"data":[]}`,
  };
  const { asked, state } = await run(tokens, (target) => answers[target] ?? '', 400);
  assert.deepEqual(asked.slice(0, 2), Object.keys(answers));
  assert.deepEqual(inc(state), { cursor: ['kept a'] });
});

test('an answer says that it is the last for now, and a backfill that upstream has begun goes on at its token', async () => {
  const tokens = token({
    ...common,
    token: { at: '/token', param: 'after' },
    last: '/isLast',
    first: () => ({ since: 0 }),
  });
  const answers: Record<string, string> = {
    '/rows?limit=2&after=now': `{"data":[{"id":9}],"token":"new","isLast":true}`,
    '/rows?limit=2&after=p1': `{"data":[{"id":1}],"token":"p2","isLast":false}`,
    '/rows?limit=2&after=p2': `{"data":[{"id":2}],"token":"p3","isLast":true}`,
    '/rows?limit=2&since=0': `{"data":[{"id":0}],"token":"p1","isLast":false}`,
  };
  const begun = (next_page: string | null) => ({
    inc: { cursor: ['now'] },
    backfill: { cutoff: '2024-05-05T05:00:00Z', next_page },
  });
  const answer = (target: string): string => answers[target] ?? '';
  const goneOn = await run(tokens, answer, 1, begun('p1'));
  assert.deepEqual(goneOn.asked.toSorted(), Object.keys(answers).slice(0, 3));
  assert.deepEqual(new Set(idsOf(goneOn.texts)), new Set([1, 2, 9]));
  assert.deepEqual(inc(goneOn.state), { cursor: ['new'] });
  assert.equal((goneOn.state as { backfill?: unknown }).backfill, undefined);
  const fromTheStart = await run(tokens, answer, 1, begun(null));
  assert.deepEqual(new Set(idsOf(fromTheStart.texts)), new Set([0, 1, 2, 9]));
});

test('a list that is said to be wanted whole is not cut off at the start date', async () => {
  const whole = changes({ ...common, ignoresStart: true });
  const { texts } = await run(
    whole,
    () => list(`{"id":1,"at":"1999-01-01T00:00:00Z"}`, row(2, '01:00:00')),
    1,
  );
  assert.deepEqual(idsOf(texts), [1, 2]);
  const cut = await run(changes(common), () => list(`{"id":1,"at":"1999-01-01T00:00:00Z"}`), 1);
  assert.deepEqual(cut.texts, []);
});

const log = events({
  key: ['/id'],
  interval: '5m',
  events: {
    path: '/events',
    records: 'data',
    cursor: createdAt('/at', { tick: '1s', lag: '60s' }),
    between: ({ from, to }) => ({ w: `${from.slice(11, 19)}-${to.slice(11, 19)}` }),
  },
  rowOf: ({ object = null, gone }) =>
    isJsonObject(object) ? { row: object, isDeleted: gone === true } : undefined,
  longestWindow: '1h',
  retention: '2h',
  history: { path: '/rows', records: 'data', cursor: createdAt('/at', { tick: '1s', lag: '60s' }) },
});

test('of the events of a window the newest of a row counts, and those of other streams do not', async () => {
  const { asked, texts } = await run(
    log,
    (target) => {
      if (target.startsWith('/rows')) return list(row(1, '04:00:00'));
      return list(
        `{"at":"2024-05-05T05:02:00Z","gone":true,"object":{"id":2}}`,
        `{"at":"2024-05-05T05:01:30Z","object":{"id":1,"n":2}}`,
        `{"at":"2024-05-05T05:01:20Z","object":{"id":2,"n":1}}`,
        `{"at":"2024-05-05T05:01:10Z","object":{"id":1,"n":1}}`,
        `{"at":"2024-05-05T05:01:00Z"}`,
      );
    },
    400,
  );
  assert.deepEqual(asked, ['/rows?limit=2', '/events?limit=2&w=04:58:59-05:04:00']);
  assert.deepEqual(texts, [
    '{"_meta":{"op":"u","row_id":-1},"id":1,"at":"2024-05-05T04:00:00Z"}',
    '{"_meta":{"op":"u","row_id":-1},"id":1,"n":2}',
    '{"_meta":{"op":"d","row_id":-1},"id":2}',
  ]);
});

test('a log that no longer has what was not read makes the stream start over', async () => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const context = answering(clock, new Instant(0n), () => list());
  const stream = openEvents('rows', log.options, context);
  const { signal } = new AbortController();
  const told = async (hours: number): Promise<string[]> => {
    const cursorAt = Instant.ofMs(clock.now() - hours * 3_600_000);
    const call = { cursor: cursorAt, nowMs: clock.now(), signal, log: silentLog };
    return (await Array.fromAsync(stream.fetchChanges(call))).map(({ kind }) => kind);
  };
  assert.deepEqual(await told(2.1), ['backfill']);
  assert.deepEqual(await told(1.9), ['reached', 'reached']);
});

test('a report asks for days that are over, and reads those again that go on changing', async () => {
  const days = ({ from, to }: { from: string; to: string }) => ({ days: `${from}..${to}` });
  const { asked, state } = await run(
    report({ ...common, between: days, lag: '3h', reread: 2, interval: '1h' }),
    () => list(),
    30 * 3600,
  );
  // The start is the day before, so the history is one day; the next day is claimed at 03:00.
  assert.deepEqual(
    asked.map((target) => target.slice(-22)),
    ['2024-05-03..2024-05-03', '2024-05-04..2024-05-04', '2024-05-05..2024-05-05'],
  );
  assert.deepEqual(inc(state), { cursor: '2024-05-06T00:00:00Z' });
});

test('the days of a zone have 23 and 25 hours where its clocks change', () => {
  const stream = new ReportStream({ ...common, between: () => ({}), lag: '0s', zone: 'Europe/Berlin' }, {
    start: new Instant(0n),
  } as never);
  const cutoff = (now: string): string | undefined => stream.initial(Date.parse(now)).cutoff?.toString();
  assert.equal(cutoff('2024-03-31T21:59:00Z'), '2024-03-30T23:00:00Z');
  assert.equal(cutoff('2024-03-31T22:00:00Z'), '2024-03-31T22:00:00Z');
  assert.equal(cutoff('2024-10-27T22:59:00Z'), '2024-10-26T22:00:00Z');
  assert.equal(cutoff('2024-10-27T23:00:00Z'), '2024-10-27T23:00:00Z');
});

test('killed between any two lines, a report whose days go on changing for a while ends as the API has it', async () => {
  const dayMs = 86_400_000;
  const beginMs = Date.parse('2024-05-05T05:00:00Z');
  for (let seed = 1; seed <= 15; seed += 1) {
    const random = new SeededRandom(seed);
    const clock = new VirtualClock(beginMs);
    const changesEndMs = beginMs + 10 * dayMs;
    // What a day amounts to changes every few hours, until two days after it.
    const amountOf = (dayStartMs: number, nowMs: number): number =>
      Math.floor((Math.min(nowMs, dayStartMs + 3 * dayMs) - dayStartMs) / (dayMs / 5));
    const rowsOf = (from: string, to: string, nowMs: number): string[] => {
      const rows: string[] = [];
      for (let day = Date.parse(from); day <= Date.parse(to); day += dayMs) {
        rows.push(`{"id":${day / dayMs},"amount":${amountOf(day, nowMs)}}`);
      }
      return rows;
    };
    const context = answering(clock, Instant.ofMs(beginMs - 5 * dayMs), (target) => {
      const [, from = '', to = ''] = /days=(.*)\.\.(.*)$/.exec(target) ?? [];
      return list(...rowsOf(from, to, clock.now()));
    });
    const stream = new ReportStream(
      {
        ...common,
        between: ({ from, to }) => ({ days: `${from}..${to}` }),
        lag: '1h',
        reread: 3,
        longestWindow: random.between(1, 3),
      },
      context,
    );
    const binding = {
      index: 0,
      name: 'report',
      stateKey: 'report.v1',
      key: ['/id'],
      stream: { kind: 'changes', parts: { only: stream } },
      intervalMs: 3_600_000,
    } as const;
    const { committed } = await surviveKills({
      clock,
      random,
      killsEndMs: changesEndMs,
      settleMs: 4 * dayMs,
      run: (state, output, signal) =>
        runApiCapture({ bindings: [binding], state, output, clock, log: silentLog, signal }),
    });
    const captured = [...reducedCollection(committed.documents, 0, ['/id']).values()];
    const first = new Date(beginMs - 5 * dayMs).toISOString().slice(0, 10);
    // The days that no longer change, and have been read since.
    const last = new Date(clock.now() - 4 * dayMs).toISOString().slice(0, 10);
    const settled = new Set(rowsOf(first, last, clock.now()));
    const texts = new Set(
      captured.map(({ id, amount }) => `{"id":${Number(id)},"amount":${Number(amount)}}`),
    );
    for (const text of settled) assert.ok(texts.has(text), `seed ${seed}: ${text} is missing`);
  }
});

test('what a cursor of creation would lose does not compile', () => {
  const definitions = (): void => {
    const cursorAt = createdAt('/made', { tick: '1s', lag: '60s' });
    // @ts-expect-error Changes of rows are never seen without a schedule.
    changes({ ...common, cursor: cursorAt });
    changes({ ...common, cursor: cursorAt, schedule: '0 0 * * *' });
    changes({ ...common, cursor: at });
  };
  assert.equal(typeof definitions, 'function');
});
