import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compactJson, JsonBuffer } from './index.ts';

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
