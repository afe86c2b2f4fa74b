import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TuplePacker } from './tuple-packer.ts';
import { packTuple, TupleDouble, TupleReader, unpackTuple } from './tuple.ts';
import type { TupleElement } from './tuple.ts';

// By hand, from the tuple layer specification.
const VECTORS: readonly (readonly [TupleElement, string])[] = [
  [null, '00'],
  [false, '26'],
  [true, '27'],
  [0, '14'],
  [1, '1501'],
  [-1, '13fe'],
  [255, '15ff'],
  [256, '160100'],
  [-255, '1300'],
  [-256, '12feff'],
  [65535, '16ffff'],
  [-65536, '11feffff'],
  [2 ** 32, '190100000000'],
  [-(2 ** 32), '0ffeffffffff'],
  [Number.MAX_SAFE_INTEGER, '1b1fffffffffffff'],
  [-Number.MAX_SAFE_INTEGER, '0de0000000000000'],
  [2n ** 53n, '1b20000000000000'],
  [2n ** 63n - 1n, '1c7fffffffffffffff'],
  [2n ** 64n - 1n, '1cffffffffffffffff'],
  [-(2n ** 63n), '0c7fffffffffffffff'],
  [new TupleDouble(1), '21bff0000000000000'],
  [new TupleDouble(-1), '21400fffffffffffff'],
  [0.5, '21bfe0000000000000'],
  ['hi', '02686900'],
  ['a\0b', '026100ff6200'],
  ['é€😀', '02c3a9e282acf09f988000'],
  [Buffer.from('00ff00', 'hex'), '0100ffff00ff00'],
  [[1, null, 'x'], '05150100ff02780000'],
];

for (const [value, hex] of VECTORS) {
  const shown = typeof value === 'bigint' ? `${value}` : JSON.stringify(value);
  test(`${shown} packs as ${hex} and unpacks again`, () => {
    assert.equal(packTuple([value]).toString('hex'), hex);
    const expected = value instanceof TupleDouble ? value.value : value;
    assert.deepEqual(unpackTuple(Buffer.from(hex, 'hex')), [expected]);
  });
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
const element = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  int64.filter((value) => !Number.isSafeInteger(Number(value))),
  fc.double({ noNaN: true }).filter((value) => !Number.isSafeInteger(value)),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

test('unpacking gives back what was packed', () => {
  fc.assert(
    fc.property(fc.array(element), (elements) => {
      assert.deepEqual(unpackTuple(packTuple(elements)), elements);
    }),
    { numRuns: 1000 },
  );
});

test('a reader reads a tuple from within other bytes, and never past its end', () => {
  const long = 'x'.repeat(200);
  const reader = new TupleReader();
  for (const text of ['', 'short', 'a\0b', 'é', long]) {
    const packed = packTuple([text, 7]);
    const around = Buffer.concat([Buffer.from([0xff, 0x00]), packed, Buffer.from([0xff, 0x00, 0x14])]);
    reader.reset(around, 2, 2 + packed.length);
    assert.deepEqual([reader.next(), reader.next(), reader.next()], [text, 7, undefined]);
    // The string's end is cut off, and the bytes behind it would end it.
    const cut = Buffer.concat([packTuple([text]).subarray(0, -1), Buffer.from([0x00, 0x00])]);
    reader.reset(cut, 0, cut.length - 2);
    assert.throws(() => reader.next(), { code: 'TUPLE_MALFORMED' });
  }
});

function orderIsKept<T extends TupleElement>(
  name: string,
  values: fc.Arbitrary<T>,
  compare: (a: T, b: T) => number,
): void {
  test(`packed ${name} sort as the ${name} do`, () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        assert.equal(Math.sign(Buffer.compare(packTuple([a]), packTuple([b]))), Math.sign(compare(a, b)));
      }),
      { numRuns: 2000 },
    );
  });
}

const edge = fc.constantFrom(...[8n, 16n, 24n, 32n, 40n, 48n, 53n, 56n, 63n].map((bits) => 2n ** bits));
const nearEdge = fc
  .tuple(edge, fc.bigInt({ min: -2n, max: 2n }), fc.boolean())
  .map(([base, offset, negative]) => (negative ? -base - offset : base + offset))
  .filter((value) => value >= -(2n ** 63n));

orderIsKept('integers', fc.oneof(int64, nearEdge), (a, b) => (a < b ? -1 : a > b ? 1 : 0));
orderIsKept(
  'doubles',
  fc.double({ noNaN: true }).map((value) => new TupleDouble(value)),
  (a, b) => (Object.is(a.value, b.value) ? 0 : a.value - b.value || (Object.is(a.value, -0) ? -1 : 1)),
);
orderIsKept('strings', fc.string({ unit: 'grapheme' }), (a, b) =>
  Buffer.compare(Buffer.from(a), Buffer.from(b)),
);
orderIsKept(
  'bytes',
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  (a, b) => Buffer.compare(a, b),
);

test('types sort null, bytes, string, integer, double, boolean, and 0xFF is behind every tuple', () => {
  const sorted = [null, Buffer.from('a'), 'a', -5, 7, new TupleDouble(-9), false, true].map((value) =>
    packTuple([value]),
  );
  for (const [index, packed] of sorted.entries()) {
    const next = sorted[index + 1] ?? Buffer.from([0xff]);
    assert.ok(Buffer.compare(packed, next) < 0, `element ${index}`);
  }
});

test('integers past 64 bits are refused', () => {
  assert.throws(() => packTuple([2n ** 64n]), { code: 'TUPLE_OUT_OF_RANGE' });
  assert.throws(() => packTuple([-(2n ** 63n) - 1n]), { code: 'TUPLE_OUT_OF_RANGE' });
});

for (const hex of ['03', '1601', '2100', '0261', '0100ff', '0515', '1d01']) {
  test(`${hex} is not a tuple`, () => {
    assert.throws(() => unpackTuple(Buffer.from(hex, 'hex')), { code: 'TUPLE_MALFORMED' });
  });
}

test('the bytes of a string pack as the string does, however many they are and wherever they lie', () => {
  for (let length = 0; length <= 100; length += 1) {
    const text = 'Zürich 8001 '.repeat(9).slice(0, length);
    const bytes = Buffer.from(text);
    const around = Buffer.concat([Buffer.from('in front'), bytes, Buffer.from('behind')]);
    const packed = new TuplePacker()
      .integer(7)
      .text(around, 8, 8 + bytes.length)
      .integer(8)
      .copy();
    assert.deepEqual(packed, packTuple([7, text, 8]));
  }
});
