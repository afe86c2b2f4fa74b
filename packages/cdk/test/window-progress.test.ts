// A backfill in windows of an API that forgets its pages, and sorts what it finds by its time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PagePosition } from '../src/engine/stream.ts';
import { cursor } from '../src/paging/paging.ts';
import { WindowedStream } from '../src/streams/windowed-stream.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { Instant } from '../src/time/instant.ts';
import { answering } from './answering.ts';
import { common, row } from './api-harness.ts';

const time = (text: string): Instant => Instant.ofMs(Date.parse(`2024-05-05T${text}Z`));
const never = new AbortController().signal;

/** A row, at the place of the list that is sorted by `place`. */
interface Listed {
  readonly id: number;
  readonly shown: string;
  readonly place?: string;
}

interface Reading {
  readonly ids: readonly number[];
  readonly positions: readonly PagePosition[];
  readonly isWhole: boolean;
}

/** Reads from a position to the end, or until so many pages have been answered. Two rows are on a page. */
async function read(rows: readonly Listed[], from?: PagePosition, pages = Infinity): Promise<Reading> {
  let answered = 0;
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const context = answering(clock, time('00:00:00'), (target) => {
    if (answered++ === pages) return '{"data":[{"id":';
    const begins = /from=([\d:]+)/.exec(target)?.[1] ?? '';
    const page = Number(/page=(\d+)/.exec(target)?.[1] ?? 0);
    const found = rows.filter(({ shown, place = shown }) => place >= begins);
    const shown = found.slice(2 * page, 2 * page + 2).map((each) => row(each.id, each.shown));
    return `{"data":[${shown.join()}],"next":${found.length > 2 * page + 2 ? page + 1 : 'null'}}`;
  });
  const stream = new WindowedStream(
    'rows',
    {
      ...common,
      between: ({ from: begins }) => ({ from: begins.slice(11, 19) }),
      paging: cursor({ at: '/next', param: 'page' }),
      longestWindow: '1d',
      resumes: 'at its last page',
    },
    context,
  );
  const ids: number[] = [];
  const positions: PagePosition[] = [];
  const call = {
    page: from,
    cutoff: time('04:58:59'),
    isConnectorInitiated: false,
    signal: never,
    log: silentLog,
    nowMs: clock.now(),
  };
  const work = (async () => {
    for await (const event of stream.fetchPage(call)) {
      if (event.kind === 'page') positions.push(event.page);
      else if (event.kind === 'documents' && event.count > 0) {
        const texts = Buffer.from(event.bytes)
          .toString()
          .matchAll(/"id":(\d+)/g);
        ids.push(...Array.from(texts, ([, id]) => Number(id)));
      }
    }
  })();
  const isWhole = await clock.run(work).then(
    () => true,
    (failure: Error & { code?: unknown }) => {
      if (failure.code !== 'CDK_BODY_INVALID') throw failure;
      return false;
    },
  );
  return { ids, positions, isWhole };
}

const minutes = Array.from({ length: 9 }, (_, id) => ({ id, shown: `01:0${id}:00` }));

test('a window that no session reads to its end is read all the same, each session going on where one before was', async () => {
  const seen = new Set<number>();
  let position: PagePosition | undefined;
  let sessions = 0;
  for (let isWhole = false; !isWhole; sessions += 1) {
    assert.ok(sessions < minutes.length, `at ${JSON.stringify(position)}`);
    const reading = await read(minutes, position, 3);
    for (const id of reading.ids) seen.add(id);
    position = reading.positions.at(-1) ?? position;
    ({ isWhole } = reading);
  }
  assert.ok(sessions > 1);
  assert.deepEqual(
    [...seen].toSorted((left, right) => left - right),
    minutes.map(({ id }) => id),
  );
});

test('the position is the lowest time of the last page, and only one that lies behind the one before it', async () => {
  const { positions, isWhole } = await read(minutes, undefined, 4);
  assert.deepEqual(
    [positions, isWhole],
    [[1, 3, 5, 7].map((_, page) => `2024-05-05T01:0${2 * page}:00Z`), false],
  );
  // Rows of one time: there is nothing to go on from but that time.
  const same = minutes.map(({ id }) => ({ id, shown: '01:00:00' }));
  assert.deepEqual((await read(same)).positions, ['2024-05-05T01:00:00Z']);
});

test('a row that is shown with a newer time than it is sorted by hides none of those behind it', async () => {
  const stale = minutes.map((each) =>
    each.id === 3 ? { ...each, shown: '04:00:00', place: each.shown } : each,
  );
  const broken = await read(stale, undefined, 2);
  assert.equal(broken.isWhole, false);
  const { ids } = await read(stale, broken.positions.at(-1));
  assert.deepEqual(
    [...new Set([...broken.ids, ...ids])].toSorted((left, right) => left - right),
    minutes.map(({ id }) => id),
  );
});

test('a list that is not sorted is refused', async () => {
  await assert.rejects(read(minutes.toReversed()), {
    code: 'CDK_ORDER_BROKEN',
    message: /01:06:00Z behind rows of .*01:07:00Z/,
  });
});
