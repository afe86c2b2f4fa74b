// Changes whose cursor is the time of the last look.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documents } from '../src/documents/document-batch.ts';
import { lookingBack } from '../src/streams/looking-back.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { Instant } from '../src/time/instant.ts';

test('each look goes back beyond its cursor, and the backfill to the beginning', async () => {
  const asked: string[] = [];
  const stream = lookingBack({
    lookback: '1h',
    async *fetchSince(from) {
      asked.push(from.toString());
      yield documents([{ id: 1 }]);
    },
  });
  const nowMs = Date.parse('2024-05-05T05:00:00Z');
  const call = { nowMs, signal: new AbortController().signal, log: silentLog };
  const cursor = Instant.ofMs(nowMs - 60_000);
  const events = await Array.fromAsync(stream.fetchChanges({ ...call, cursor }));
  assert.deepEqual(
    events.map((event) => (event.kind === 'reached' ? event.cursor.toString() : event.kind)),
    ['documents', '2024-05-05T04:59:59.999Z'],
  );
  const page = { page: undefined, cutoff: cursor, isConnectorInitiated: false };
  assert.equal((await Array.fromAsync(stream.fetchPage?.({ ...call, ...page }) ?? [])).length, 1);
  assert.deepEqual(asked, ['2024-05-05T03:59:00Z', '1970-01-01T00:00:00Z']);
  // Not twice within one tick.
  assert.deepEqual(await Array.fromAsync(stream.fetchChanges({ ...call, cursor: Instant.ofMs(nowMs) })), []);
});
