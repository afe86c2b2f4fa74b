import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compactJson, controlMask, escapeMask, firstInMask, JsonBuffer, Literal } from './index.ts';

function compacted(text: string): string {
  const out = new JsonBuffer(8);
  const source = Buffer.from(text);
  compactJson(out, source, 0, source.length);
  return out.view().toString();
}

test('escaped bytes are what JSON.stringify makes of the same text', () => {
  const out = new JsonBuffer(1);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const source = Buffer.from(`..${text}.`);
      out.reset();
      out.string(source, 2, source.length - 1);
      assert.equal(out.view().toString(), JSON.stringify(text));
    }),
  );
});

test('text longer than a block, all of it escaped, arrives whole', () => {
  const text = '\u0001"\n'.repeat(50_000);
  const out = new JsonBuffer(1);
  out.text(text);
  assert.equal(out.view().toString(), JSON.stringify(text));
});

test('compact JSON equals JSON.stringify of what JSON.parse reads, for values that JavaScript prints alike', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(0, 1, '\t', '\r\n'), (text, indent) => {
      const value: unknown = JSON.parse(text);
      // -0 is printed as 0 by JSON.stringify, and so it is in the indented text.
      assert.equal(compacted(JSON.stringify(value, null, indent)), JSON.stringify(value));
    }),
  );
});

test('spelling, order and duplicates stay', () => {
  assert.equal(
    compacted(' { "b" : 1.00e+2 , "a" : [ 1 , 2 ] , "b" : "x  y \\" z\\\\" } '),
    '{"b":1.00e+2,"a":[1,2],"b":"x  y \\" z\\\\"}',
  );
  assert.equal(compacted('12345678901234567890.10'), '12345678901234567890.10');
  assert.equal(compacted('"\\u0000\\u0041\\/"'), '"\\u0000\\u0041\\/"');
});

test('a surrogate without its partner becomes the replacement character, a pair stays', () => {
  assert.equal(compacted('"\\ud83d\\ude00"'), '"\\ud83d\\ude00"');
  assert.equal(compacted('"\\uD83Dx"'), '"\\ufffdx"');
  assert.equal(compacted('"\\ude00\\ud83d"'), '"\\ufffd\\ufffd"');
  assert.equal(compacted('{"\\ud83d\\ud83d\\ude00":1}'), '{"\\ufffd\\ud83d\\ude00":1}');
  assert.equal(compacted('"\\\\ud83d"'), '"\\\\ud83d"');
});

test('copies and strings are the same from a source that was announced as from any other', () => {
  const [plain, announced] = [new JsonBuffer(1), new JsonBuffer(1)];
  const part = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.nat(7), (parts, slack) => {
      const source = Buffer.from(`${parts.join('')}${'"'.repeat(slack)}`);
      for (const out of [plain, announced]) {
        out.reset();
        if (out === announced) out.readFrom(source);
        let start = 0;
        for (const text of parts) {
          const end = start + Buffer.byteLength(text);
          out.raw(source, start, end);
          out.string(source, start, end);
          start = end;
        }
      }
      assert.deepEqual(announced.view(), plain.view());
    }),
  );
});

test('literals and integers are written as their text', () => {
  const out = new JsonBuffer(1);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.maxSafeNat(), (text, integer) => {
      out.reset();
      out.literal(new Literal(text));
      out.integer(integer);
      assert.equal(out.view().toString(), Buffer.from(text).toString() + String(integer));
    }),
  );
});

test('the masks of a word have a bit for each byte that was looked for, and for no other', () => {
  const bytesOf = (mask: number) => [0, 1, 2, 3].filter((index) => ((mask >>> (8 * index + 7)) & 1) === 1);
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x1f, 0x20, 0x22, 0x5c, 0xa2, 0xdc, 0x9f));
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), (bytes) => {
      const word = Buffer.from(bytes).readInt32LE();
      const at = (wanted: (value: number) => boolean) =>
        [0, 1, 2, 3].filter((index) => wanted(bytes[index] ?? 0));
      const controls = at((value) => value < 0x20);
      const escapes = at((value) => value < 0x20 || value === 0x22 || value === 0x5c);
      assert.deepEqual(bytesOf(controlMask(word)), controls);
      assert.deepEqual(bytesOf(escapeMask(word)), escapes);
      if (escapes.length > 0) assert.equal(firstInMask(escapeMask(word)), escapes[0]);
    }),
  );
});
