import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { base64Length, readBase64, writeBase64 } from './base64.ts';

test('base64 is what Node makes of the bytes, and reads back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.integer({ min: 0, max: 3 }), (bytes, offset) => {
      const expected = Buffer.from(bytes).toString('base64');
      const target = Buffer.alloc(offset + base64Length(bytes.length));
      assert.equal(writeBase64(target, offset, bytes), target.length);
      assert.equal(target.toString('latin1', offset), expected);
      assert.deepEqual(readBase64(target, offset, target.length), Buffer.from(bytes));
      const unpadded = Buffer.from(Buffer.from(bytes).toString('base64url'));
      assert.deepEqual(readBase64(unpadded, 0, unpadded.length), Buffer.from(bytes));
    }),
    { numRuns: 1000 },
  );
});

for (const text of ['A', 'AAAAA', 'AA*A', 'AA==AA==', '====']) {
  test(`'${text}' is not base64`, () => {
    assert.throws(() => readBase64(Buffer.from(text), 0, text.length), { code: 'PROTOCOL_MALFORMED' });
  });
}
