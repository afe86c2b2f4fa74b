import type { CopyChunk } from '@weir/pgwire';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ReadAhead } from './read-ahead.ts';

/** In place of a connection: a query is the rows that come of it, two by two, in a buffer that is used again. */
class Rows {
  handedOut = 0;
  cancelled = 0;

  async *copyOut(query: string): AsyncGenerator<CopyChunk, void, void> {
    const buffer = Buffer.alloc(64);
    let isWhole = false;
    try {
      const rows = query.split(' ');
      for (let at = 0; at < rows.length; at += 2) {
        await turn();
        const [starts, ends] = [[], []] as [number[], number[]];
        let end = 3;
        for (const row of rows.slice(at, at + 2)) {
          if (row === 'broken') throw new Error('the connection broke');
          starts.push(end);
          end += buffer.write(row, end);
          ends.push(end);
          this.handedOut += 1;
        }
        yield {
          bytes: buffer,
          count: starts.length,
          starts: Uint32Array.from(starts),
          ends: Uint32Array.from(ends),
        };
        buffer.fill('?');
      }
      isWhole = true;
    } finally {
      if (!isWhole) this.cancelled += 1;
    }
  }
}

async function take(reader: ReadAhead, most = Infinity): Promise<string[]> {
  const taken: string[] = [];
  for await (const { bytes, count, starts, ends } of reader.rows()) {
    for (let row = 0; row < count; row += 1) taken.push(bytes.toString('utf8', starts[row], ends[row]));
    if (taken.length >= most) break;
  }
  return taken;
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 100; turns += 1) await turn();
}

describe('reading ahead', () => {
  test('the rows of each query come whole and in their order, however late they are taken', async () => {
    await using reader = new ReadAhead(new Rows(), ['a b c', '', 'd e f g'], 1000);
    await settle();
    assert.deepEqual(await take(reader), ['a', 'b', 'c']);
    assert.deepEqual(await take(reader), ['']);
    assert.deepEqual(await take(reader), ['d', 'e', 'f', 'g']);
  });

  test('no more is read than may be kept, and what is taken makes room', async () => {
    const rows = new Rows();
    const query = Array.from({ length: 40 }, (_, index) => String(100 + index)).join(' ');
    await using reader = new ReadAhead(rows, [query, query], 20);
    await settle();
    assert.equal(rows.handedOut, 8);
    const taking = take(reader);
    assert.equal((await taking).length, 40);
    await settle();
    assert.equal(rows.handedOut, 48);
    assert.deepEqual(await take(reader), query.split(' '));
  });

  test('what reading failed with is told after the rows that came before', async () => {
    await using reader = new ReadAhead(new Rows(), ['a b', 'c d broken', 'e'], 1000);
    await settle();
    assert.deepEqual(await take(reader), ['a', 'b']);
    const rows = reader.rows();
    assert.equal((await rows.next()).done, false);
    await assert.rejects(rows.next(), /the connection broke/);
  });

  test('a reader that is given up cancels its query, also while it waits for room', async () => {
    const rows = new Rows();
    const reader = new ReadAhead(rows, ['aa bb cc dd ee ff', 'gg'], 3);
    await settle();
    await reader[Symbol.asyncDispose]();
    assert.deepEqual([rows.handedOut, rows.cancelled], [2, 1]);
  });
});
