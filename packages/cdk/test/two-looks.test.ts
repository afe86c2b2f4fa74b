// Rows that are found by their times and read by their ids, by a soon look and a late one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { documents } from '../src/documents/document-batch.ts';
import type { ChangeEvent, ChangeStream, Cursor } from '../src/engine/stream.ts';
import { type FoundRow, SentIds, twoLooks } from '../src/streams/two-looks.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { horizon, Instant } from '../src/time/instant.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');
const HOUR = 3_600_000;

/** `rows`: what is found in a time. */
function looks(rows: (from: Instant, to: Instant) => Iterable<FoundRow>, longestWindow?: '10m') {
  const asked: string[] = [];
  const read: string[] = [];
  const { parts } = twoLooks({
    soon: '5m',
    late: '1h',
    lookbackAs: 'delayed',
    ...(longestWindow === undefined ? {} : { longestWindow }),
    async *find(from, to) {
      asked.push(`${from.toString()} ${to.toString()}`);
      let page: FoundRow[] = [];
      for (const row of rows(from, to)) {
        page.push(row);
        if (page.length < 200) continue;
        yield page;
        page = [];
      }
      yield page;
    },
    async *read(found) {
      for (const { id } of found) read.push(id);
      yield documents(found.map(({ id }) => ({ id })));
    },
    async *fetchPage() {},
  });
  assert.ok('named' in parts);
  const { realtime, delayed } = parts.named;
  assert.ok(realtime !== undefined && delayed !== undefined);
  return { soon: realtime, late: delayed, asked, read };
}

async function* call(stream: ChangeStream<Cursor>, cursorMs: number, nowMs: number) {
  const signal = new AbortController().signal;
  yield* stream.fetchChanges({ cursor: Instant.ofMs(cursorMs), nowMs, signal, log: silentLog });
}

async function all(events: AsyncIterable<ChangeEvent<Cursor>>): Promise<string[]> {
  const cursors: string[] = [];
  for await (const event of events) if (event.kind === 'reached') cursors.push(String(event.cursor));
  return cursors;
}

const row = (id: string, ms: number): FoundRow => ({ id, time: Instant.ofMs(ms) });

test('the soon look is up to now, and the late one leaves out what it has committed', async () => {
  const at = NOW - 60_000;
  const shown = [row('a', at)];
  const { soon, late, read } = looks(() => shown);
  const look = () => all(call(soon, NOW - 10 * 60_000, NOW));
  assert.deepEqual(await look(), ['2024-05-05T04:54:59.999Z']);
  await look();
  assert.deepEqual(read, ['a']);
  // An object that changed once more is another change.
  shown.push(row('a', at + 1));
  await look();
  assert.deepEqual(read, ['a', 'a']);
  shown.push(row('shown late', at));
  await all(call(late, NOW - HOUR, NOW + HOUR));
  assert.deepEqual(read, ['a', 'a', 'shown late']);
});

test('what the soon look has read and nobody has committed, the late one does not leave out', async () => {
  const { soon, late, read } = looks(() => [row('a', NOW - 60_000)]);
  for await (const event of call(soon, NOW - 10 * 60_000, NOW)) if (event.kind === 'reached') break;
  await all(call(late, NOW - HOUR, NOW + HOUR));
  assert.deepEqual(read, ['a', 'a']);
});

test('after a long stop, the soon look leaves to the late one what that one reads', async () => {
  const { soon, late, asked } = looks(() => [], '10m');
  await all(call(soon, NOW - 100 * HOUR, NOW));
  assert.equal(asked[0], '2024-05-05T03:59:59.999Z 2024-05-05T04:09:59.999Z');
  assert.equal(asked.at(-1)?.split(' ')[1], '2024-05-05T05:00:00Z');
  const cursors = await all(call(late, NOW - 100 * HOUR, NOW));
  assert.equal(cursors.length, 99 * 6);
  assert.equal(cursors.at(-1), horizon(NOW, 1_000_000n, HOUR).toString());
});

test('a catch-up over a million changes has checkpoints along the way, and remembers a bounded number of them', async () => {
  // As many in every minute of a week.
  const perMinute = 100;
  function* changed(from: Instant, to: Instant): Generator<FoundRow> {
    for (let ms = Math.ceil(from.ms / 60_000) * 60_000; ms <= to.ms; ms += 60_000) {
      for (let each = 0; each < perMinute; each += 1) yield row(`${ms}-${each}`, ms);
    }
  }
  const { soon, late, read } = looks(changed, '10m');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    read.length = 0;
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  let inOneCheckpoint = 0;
  let most = 0;
  let total = 0;
  let heap = 0;
  for (const stream of [soon, late]) {
    for await (const event of call(stream, NOW - 7 * 24 * HOUR, NOW)) {
      if (event.kind === 'documents') {
        inOneCheckpoint += event.count;
        total += event.count;
        continue;
      }
      most = Math.max(most, inOneCheckpoint);
      inOneCheckpoint = 0;
      read.length = 0;
    }
    heap = Math.max(heap, used() - before);
  }
  assert.ok(total > 1_000_000, `${total}`);
  assert.ok(most <= 11 * perMinute, `${most} rows without a checkpoint`);
  assert.ok(heap < 20 * 2 ** 20, `${heap} bytes are kept`);
});

test('of what was sent, the newest is remembered', () => {
  const sent = new SentIds();
  for (let id = 0; id < 200_000; id += 100) {
    sent.add(Array.from({ length: 100 }, (_, each) => row(String(id + each), NOW)));
  }
  assert.equal(sent.size, 50_000);
  assert.ok(sent.has(row('199999', NOW)) && !sent.has(row('199999', NOW + 1)) && !sent.has(row('0', NOW)));
  sent.forgetBefore(Instant.ofMs(NOW + 1));
  assert.equal(sent.size, 0);
});
