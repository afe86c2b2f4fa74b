import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TupleCursor } from './tuple-cursor.ts';
import { packTuple, TupleDouble, type TupleElement, unpackTuple } from './tuple.ts';

function values(packed: Buffer): TupleElement[] {
  const cursor = new TupleCursor().reset(packed);
  const found: TupleElement[] = [];
  while (cursor.next()) {
    if (cursor.kind === 'null') found.push(null);
    else if (cursor.kind === 'true' || cursor.kind === 'false') found.push(cursor.kind === 'true');
    else if (cursor.kind === 'integer') found.push(cursor.integer());
    else if (cursor.kind === 'double' || cursor.kind === 'float') found.push(cursor.double());
    else if (cursor.kind === 'text') found.push(cursor.payload().toString('utf8'));
    else if (cursor.kind === 'bytes') found.push(Buffer.from(cursor.payload()));
    else found.push(unpackTuple(packed.subarray(cursor.start, cursor.end)));
  }
  return found;
}

const element = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    .filter((value) => !Number.isSafeInteger(Number(value))),
  fc.double({ noNaN: true }).map((value) => new TupleDouble(value)),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('\0', 'a', 'ÿ') }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.string({ minLength: 60, maxLength: 200 }),
);

test('a cursor sees what a reader reads, wherever the tuple lies', () => {
  fc.assert(
    fc.property(fc.array(element), fc.nat(3), (elements, before) => {
      const packed = packTuple(elements);
      assert.deepEqual(values(packed), unpackTuple(packed));
      const around = Buffer.concat([Buffer.alloc(before, 0xff), packed, Buffer.from([0xff, 0x14])]);
      const cursor = new TupleCursor().reset(around, before, before + packed.length);
      let count = 0;
      while (cursor.next()) count += 1;
      assert.equal(count, elements.length);
    }),
    { numRuns: 1000 },
  );
});

test('a nested tuple is one element', () => {
  const packed = packTuple([[1, null, 'a\0b', ['x']], 7]);
  const cursor = new TupleCursor().reset(packed);
  assert.equal(cursor.next() && cursor.kind, 'nested');
  assert.equal(cursor.next() && cursor.integer(), 7);
  assert.equal(cursor.next(), false);
});

for (const hex of ['03', '1601', '2100', '0261', '0100ff', '0515', '1d01']) {
  test(`${hex} is not a tuple`, () => {
    const cursor = new TupleCursor().reset(Buffer.from(hex, 'hex'));
    assert.throws(() => cursor.next(), { code: 'TUPLE_MALFORMED' });
  });
}
