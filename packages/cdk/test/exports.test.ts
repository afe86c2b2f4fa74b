// Files that an API makes: what is asked for, what is kept, and what is done about jobs that do not end well.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportStream } from '../src/streams/recent-changes.ts';
import { streamOfParts } from '../src/streams/part-stream.ts';
import { exports } from '../src/streams/define-stream.ts';
import type { ExportJob, ExportOptions } from '../src/streams/export-options.ts';
import { isJsonObject, type JsonObject } from '@weir/schema/json';
import type { PagePosition } from '../src/engine/stream.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { Instant } from '../src/time/instant.ts';
import { answering } from './answering.ts';
import { common, list, row, run } from './api-harness.ts';

const job: ExportJob = {
  create: ({ from, to }) => ({
    url: '/jobs',
    method: 'POST',
    isSafe: true,
    query: { w: `${from.slice(11, 16)}-${to.slice(11, 16)}` },
  }),
  id: '/id',
  poll: (id) => ({ url: `/jobs/${id}` }),
  state: '/state',
  done: ['done'],
  failed: ['failed'],
  tooLarge: ['large'],
  wait: ['10s', '60s'],
  patience: '5m',
  cancel: (id) => ({ url: `/jobs/${id}/cancel`, method: 'POST' }),
  files: ({ url }) => [{ url: typeof url === 'string' ? url : '' }],
};
const options: ExportOptions = { ...common, job, longestWindow: '4h' };

test('a window is exported, asked after at growing pauses, and read; the next one follows', async () => {
  const polls = new Map<string, number>();
  const { asked, texts } = await run(
    exports(options),
    (target) => {
      const id = target.includes('w=00') ? 'a' : target.includes('w=04:00') ? 'b' : 'c';
      if (target.startsWith('/jobs?')) return `{"id":"${id}"}`;
      if (target.startsWith('/files')) return list(row(target.endsWith('a') ? 1 : 2, '01:00:00'));
      const name = target.slice(-1);
      polls.set(name, (polls.get(name) ?? 0) + 1);
      return polls.get(name) === 3 ? `{"state":"done","url":"/files/${name}"}` : '{"state":"running"}';
    },
    100,
  );
  assert.deepEqual(asked, [
    '/jobs?w=00:00-04:00',
    ...Array(3).fill('/jobs/a'),
    '/files/a',
    '/jobs?w=04:00-04:58',
    ...Array(3).fill('/jobs/b'),
    '/files/b',
  ]);
  assert.equal(texts.length, 2);
});

const contextOf = (answer: (target: string) => string, made: ExportOptions = options) => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const asked: string[] = [];
  const start = Instant.ofMs(Date.parse('2024-05-05T00:00:00Z'));
  const context = answering(clock, start, (target) => {
    asked.push(target);
    return answer(target);
  });
  return { clock, asked, stream: exportStream('rows', made, context), context };
};

type Exported = ReturnType<typeof exportStream>;
type BackfillCall = Parameters<NonNullable<Exported['fetchPage']>>[0];

function backfillOf(stream: Exported, call: BackfillCall) {
  assert.ok(stream.fetchPage !== undefined);
  return stream.fetchPage(call);
}

test('a restart waits for the job that was created before, and does not have another made', async () => {
  const { clock, asked, stream } = contextOf((target) =>
    target.startsWith('/files') ? list(row(1, '01:00:00')) : '{"state":"done","url":"/files/x"}',
  );
  const cutoff = Instant.ofMs(Date.parse('2024-05-05T04:00:00Z'));
  const page = { from: '2024-05-05T00:00:00Z', to: '2024-05-05T04:00:00Z', job: '77' };
  const { signal } = new AbortController();
  const call = { page, cutoff, signal, log: silentLog, nowMs: clock.now(), isConnectorInitiated: false };
  const kinds = (await Array.fromAsync(backfillOf(stream, call))).map(({ kind }) => kind);
  assert.deepEqual(asked, ['/jobs/77', '/files/x']);
  assert.deepEqual(kinds, ['documents', 'documents']);
});

test('a job that failed ends the task, and the next session has it made anew', async () => {
  const { clock, stream } = contextOf(() => '{"state":"failed"}');
  const page = { from: '2024-05-05T00:00:00Z', to: '2024-05-05T04:00:00Z', job: '77' };
  const { signal } = new AbortController();
  const cutoff = clock.now();
  const events: unknown[] = [];
  const call = {
    page,
    cutoff: Instant.ofMs(cutoff),
    signal,
    log: silentLog,
    nowMs: cutoff,
    isConnectorInitiated: false,
  };
  await assert.rejects(
    async () => {
      for await (const event of backfillOf(stream, call)) events.push(event);
    },
    { code: 'CDK_JOB_FAILED', message: /export 77 of "rows" failed/ },
  );
  assert.deepEqual(events, [
    { kind: 'page', page: { from: '2024-05-05T00:00:00Z', to: '2024-05-05T04:00:00Z' } },
  ]);
});

test('a job that is never done is given up after its patience, and one of the changes is cancelled with the session', async () => {
  const { clock, asked, stream } = contextOf((target) =>
    target.startsWith('/jobs?') ? '{"id":5}' : '{"state":"running"}',
  );
  const cutOff = new AbortController();
  const changes = async (): Promise<void> => {
    const cursor = Instant.ofMs(clock.now() - 3_600_000);
    const call = { cursor, signal: cutOff.signal, log: silentLog, nowMs: clock.now() };
    for await (const _event of stream.fetchChanges(call));
  };
  await assert.rejects(clock.run(changes()), {
    code: 'CDK_JOB_FAILED',
    message: /export 5 of "rows" was not done within 5m/,
  });
  asked.length = 0;
  const running = changes();
  const timer = clock
    .until(clock.now() + 60_000, cutOff.signal)
    .then(() => cutOff.abort(new Error('cut off')));
  await assert.rejects(clock.run(running), /cut off/);
  await timer;
  assert.equal(asked.at(-1), '/jobs/5/cancel');
});

test('a window with too much in it is halved, and one that cannot be is an error', async () => {
  let largest = 8;
  const { asked, stream, clock } = contextOf((target) => {
    const [, from, to] = /w=(\d\d:\d\d)-(\d\d:\d\d)/.exec(target) ?? [];
    if (from !== undefined && to !== undefined) return `{"id":"${from.slice(0, 2)}${to.slice(0, 2)}"}`;
    if (target.startsWith('/files')) return list();
    const id = target.slice(-4);
    const hours = Number(id.slice(2)) - Number(id.slice(0, 2));
    return hours > largest ? '{"state":"large"}' : '{"state":"done","url":"/files/x"}';
  });
  const cursor = Instant.ofMs(clock.now() - 4 * 3_600_000);
  const { signal } = new AbortController();
  const call = { cursor, signal, log: silentLog, nowMs: clock.now() };
  largest = 2;
  const kinds: string[] = [];
  for await (const { kind } of stream.fetchChanges(call)) kinds.push(kind);
  assert.deepEqual(
    asked.filter((target) => target.startsWith('/jobs?')),
    ['/jobs?w=01:00-04:58', '/jobs?w=01:00-02:59', '/jobs?w=02:59-04:58'],
  );
  assert.deepEqual(kinds, ['reached', 'reached']);
  largest = -1;
  await assert.rejects(
    async () => {
      for await (const _event of stream.fetchChanges(call));
    },
    { code: 'CDK_TICK_TOO_FULL', message: /too large, though it is of .* alone/ },
  );
});

test('an answer without the id of the job is a defect', async () => {
  await assert.rejects(
    run(exports(options), () => '{}'),
    { code: 'CDK_STREAM_DEFECT', message: /has no id at \/id/ },
  );
});

test('whichever way its changes are read, and of whichever part, the engine is told that the next session reads the file of a job', () => {
  const recent = { path: '/list', within: '30m', between: () => ({}) } as const;
  for (const more of [{}, { recent }]) {
    const { stream } = contextOf(() => '', { ...options, ...more });
    const opened = new Map([['a', { kind: 'changes', parts: { only: stream } } as const]]);
    const parts = streamOfParts({ as: 'of', isKeyless: false }, opened, undefined);
    assert.ok(parts.kind === 'changes' && 'named' in parts.parts);
    assert.deepEqual([stream.readsOn, parts.parts.named['a']?.readsOn], [true, true]);
  }
});

const found: ExportJob = {
  ...job,
  find: ({ from }, since) => ({
    request: { url: '/jobs/list', query: { w: from.slice(11, 16), since: since.slice(11, 16) } },
    id: (answer) => (isJsonObject(answer) && typeof answer['id'] === 'string' ? answer['id'] : undefined),
  }),
  busy: { at: '/problems/0/code', says: ['LIMIT'] },
  reason: '/reason',
  tooLarge: ['TIMEOUT'],
  forgotten: { status: 200, text: /expired/ },
};
const window = { from: '2024-05-05T00:00:00Z', to: '2024-05-05T04:00:00Z' };

/** One call of the backfill, on virtual time. */
async function backfill(
  page: JsonObject,
  answer: (target: string) => string,
  made: Pick<ExportOptions, 'longestWindow'> = { longestWindow: '4h' },
) {
  const { clock, asked, stream } = contextOf(answer, { ...options, job: found, ...made });
  const cutoff = Instant.ofMs(Date.parse('2024-05-05T04:00:00Z'));
  const { signal } = new AbortController();
  const call = { page, cutoff, signal, log: silentLog, nowMs: clock.now(), isConnectorInitiated: false };
  const events = await clock.run(Array.fromAsync(backfillOf(stream, call)));
  return { asked, events };
}

test('a job whose id nobody could note is found, and no other one is made', async () => {
  const { asked, events } = await backfill(window, () => '{"id":"88"}');
  assert.deepEqual(asked, ['/jobs/list?w=00:00&since=04:00']);
  assert.deepEqual(events, [{ kind: 'page', page: { ...window, job: '88' }, isOpen: true }]);
});

test('while the API makes no more jobs, one is asked for again and again', async () => {
  let busy = 2;
  const { asked, events } = await backfill(window, (target) => {
    if (target.startsWith('/jobs/list')) return '{}';
    return busy-- > 0 ? '{"id":null,"problems":[{"code":"LIMIT"}]}' : '{"id":"5"}';
  });
  assert.equal(asked.filter((target) => target.startsWith('/jobs?')).length, 3);
  assert.deepEqual(events, [{ kind: 'page', page: { ...window, job: '5' }, isOpen: true }]);
  await assert.rejects(
    backfill(window, (target) =>
      target.startsWith('/jobs/list') ? '{}' : '{"problems":[{"code":"LIMIT"}]}',
    ),
    { code: 'CDK_JOB_FAILED', message: /made no export of "rows" within 5m: it is making others/ },
  );
});

test('a job that failed says why; one whose window was too large has it halved', async () => {
  const page = { ...window, job: '7' };
  await assert.rejects(
    backfill(page, () => '{"state":"failed","reason":"INTERNAL"}'),
    { code: 'CDK_JOB_FAILED', message: /failed at the API: INTERNAL/ },
  );
  const { events } = await backfill(page, () => '{"state":"failed","reason":"TIMEOUT"}');
  assert.deepEqual(events, [{ kind: 'page', page: { ...window, to: '2024-05-05T02:00:00Z' } }]);
});

test('a file that is no longer kept is made anew', async () => {
  const page = { ...window, job: '7' };
  const { events } = await backfill(page, (target) =>
    target.startsWith('/files') ? 'the link has expired' : '{"state":"done","url":"/files/x"}',
  );
  assert.deepEqual(events, [{ kind: 'page', page: window }]);
});

for (const [what, poll, file] of [
  ['a file that is refused', '{"state":"done","url":"/files/x"}', 'the link has expired'],
  ['a job that is never known', '{"op":null}', ''],
] as const) {
  const made = { ...job, forgotten: { status: 200, text: /expired/ }, gone: { status: 200, text: /null/ } };
  const refusing = () => {
    const created: string[] = [];
    const answer = (target: string): string => {
      if (target.startsWith('/files')) return file;
      return target.startsWith('/jobs?') ? `{"id":"${created.push(target)}"}` : poll;
    };
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => warnings.push(message) };
    const { signal } = new AbortController();
    return { created, warnings, call: { log, signal }, ...contextOf(answer, { ...options, job: made }) };
  };
  const isRefused = {
    code: 'CDK_JOB_FAILED',
    message: /export 3 of "rows".* said to be gone, as the 2 before/,
  };

  test(`${what} is made anew by the changes with a warning and a pause, and not for ever`, async () => {
    const { clock, created, warnings, call, stream } = refusing();
    const [beganMs, cursor] = [clock.now(), Instant.ofMs(clock.now() - 3_600_000)];
    const changes = Array.fromAsync(stream.fetchChanges({ ...call, cursor, nowMs: clock.now() }));
    await assert.rejects(clock.run(changes), isRefused);
    assert.deepEqual([created.length, warnings.length, clock.now() - beganMs], [3, 2, 60_000]);
  });

  test(`${what} is made anew by the backfill with a warning and a pause, and leaves no job`, async () => {
    const { clock, created, warnings, call, stream } = refusing();
    const beganMs = clock.now();
    const cutoff = Instant.ofMs(Date.parse('2024-05-05T04:00:00Z'));
    let page: PagePosition | undefined;
    const pages = async (): Promise<void> => {
      for (;;) {
        const at = { ...call, page, cutoff, nowMs: clock.now(), isConnectorInitiated: false };
        for await (const event of backfillOf(stream, at)) if (event.kind === 'page') ({ page } = event);
      }
    };
    await assert.rejects(clock.run(pages()), isRefused);
    assert.deepEqual([created.length, warnings.length, clock.now() - beganMs], [3, 2, 60_000]);
    assert.deepEqual(page, window);
  });
}

test('the user may say how long a window is', async () => {
  const longestWindow = ({ config = {} }: { config?: object }): number =>
    'hours' in config ? Number(config.hours) * 3_600_000 : 3_600_000;
  const { events } = await backfill({ from: window.from }, () => '{"id":"1"}', { longestWindow });
  assert.deepEqual(events, [
    { kind: 'page', page: { ...window, to: '2024-05-05T01:00:00Z', job: '1' }, isOpen: true },
  ]);
});

test('a window without any length is one tick, and not the end of the backfill', async () => {
  const { events } = await backfill({ from: window.from }, () => '{"id":"1"}', { longestWindow: () => 0 });
  const to = '2024-05-05T00:00:01Z';
  assert.deepEqual(events, [{ kind: 'page', page: { ...window, to, job: '1' }, isOpen: true }]);
});

test('changes of a short time are read from a list, and those of a longer one from files', async () => {
  const recent = {
    path: '/list',
    records: 'data',
    within: '30m',
    between: ({ from }: { from: string }) => ({ from: from.slice(11, 16) }),
  } as const;
  const changesSince = async (minutes: number): Promise<string[]> => {
    const answer = (target: string): string => {
      if (target.startsWith('/jobs?')) return '{"id":"1"}';
      if (target.startsWith('/jobs/')) return '{"state":"done","url":"/files/x"}';
      return list(row(1, '04:45:00'));
    };
    const { clock, asked, stream } = contextOf(answer, { ...options, recent });
    const cursor = Instant.ofMs(clock.now() - minutes * 60_000);
    const { signal } = new AbortController();
    const call = { cursor, signal, log: silentLog, nowMs: clock.now() };
    await clock.run(Array.fromAsync(stream.fetchChanges(call)));
    return asked;
  };
  assert.deepEqual(await changesSince(20), ['/list?from=04:40']);
  assert.deepEqual(await changesSince(60), ['/jobs?w=04:00-04:58', '/jobs/1', '/files/x']);
});
