import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureTransaction } from '@weir/capture';
import { Spool } from './spool.ts';

async function replayed(spool: Spool): Promise<string[]> {
  const sent: string[] = [];
  await spool.replay({
    documents: (binding: number, bytes: Buffer, ends: ArrayLike<number>, count: number) => {
      let start = 0;
      for (let index = 0; index < count; index += 1) {
        sent.push(`${binding}:${bytes.toString('utf8', start, ends[index])}`);
        start = ends[index] ?? start;
      }
    },
    congested: false,
  } as unknown as CaptureTransaction);
  return sent;
}

test('documents come back in their order, from memory and from the file, for each of their bindings', async () => {
  await using spool = new Spool();
  const filler = 'x'.repeat(2000);
  for (let round = 0; round < 2; round += 1) {
    const expected: string[] = [];
    let spills = 0;
    for (let id = 0; id < 3000; id += 1) {
      const binding = Math.floor(id / 100) % 2;
      spool.turnTo(binding);
      spool.buffer.ascii(`${id}${filler}`);
      spool.added();
      expected.push(`${binding}:${id}${filler}`);
      if (spool.isFull) {
        await spool.spill();
        spills += 1;
      }
    }
    assert.ok(spills > 3, `${spills} spills`);
    assert.equal(spool.count, 3000);
    assert.deepEqual(await replayed(spool), expected);
    // What was sent stays until it is cleared: a transaction may fail.
    assert.equal((await replayed(spool)).length, 3000);
    spool.clear();
    assert.deepEqual(await replayed(spool), []);
  }
});
