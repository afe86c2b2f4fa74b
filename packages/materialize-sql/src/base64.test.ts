import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { base64Bytes } from './base64.ts';

test('base64 is the bytes that it was made of, also in lines; any other text is refused', () => {
  for (const length of [0, 1, 2, 3, 4, 1000, 12 << 20]) {
    const bytes = randomBytes(length);
    const text = bytes.toString('base64');
    assert.ok(base64Bytes(text).equals(bytes));
    assert.ok(base64Bytes(`${text.slice(0, 76)}\r\n${text.slice(76)}\n`).equals(bytes));
  }
  for (const text of ['not base64!', 'AAA', 'A===', '====', '=AAA', 'AA=A', 'AA-_', 'AAAA ', '\\xff']) {
    assert.throws(() => base64Bytes(text), /no base64/, text);
  }
});
