import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatLsn, parseLsn } from './lsn.ts';

test('a WAL position survives being printed and read', () => {
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (lsn) => parseLsn(formatLsn(lsn)) === lsn));
  assert.equal(parseLsn('16/B374D848'), 0x16_b374_d848n);
  assert.equal(formatLsn(0n), '0/0');
});

test('anything else is refused', () => {
  for (const text of ['', '16', '16/', '/16', '1/123456789', 'x/1', ' 1/1']) {
    assert.throws(() => parseLsn(text), TypeError);
  }
});
