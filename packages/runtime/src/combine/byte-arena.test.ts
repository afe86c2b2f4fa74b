import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteArena } from './byte-arena.ts';

const mib = 1 << 20;

test('what was put in stays as it is, whatever comes behind it, in every transaction', () => {
  const sizes = fc.array(fc.constantFrom(0, 1, 1000, mib / 2, mib - 1, mib, mib + 1), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 4 }), (transactions) => {
      const arena = new ByteArena();
      for (const transaction of transactions) {
        const copies = transaction.map((size, index) => arena.copy(Buffer.alloc(size, index + 1)));
        for (const [index, copy] of copies.entries()) {
          assert.equal(copy.length, transaction[index]);
          assert.ok([copy.at(0), copy.at(-1)].every((byte) => byte === undefined || byte === index + 1));
        }
        arena.clear();
      }
    }),
    { numRuns: 30 },
  );
});

test('a transaction takes the slabs of the one before', () => {
  const arena = new ByteArena();
  const first = arena.copy(Buffer.from('first'));
  arena.clear();
  assert.equal(arena.copy(Buffer.from('other')).buffer, first.buffer);
  assert.equal(first.toString(), 'other');
});
