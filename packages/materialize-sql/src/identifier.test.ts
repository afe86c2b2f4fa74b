import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutToBytes } from './identifier.ts';

test('names are cut between characters', () => {
  assert.equal(cutToBytes('short', 63), 'short');
  assert.equal(cutToBytes('a'.repeat(64), 63), 'a'.repeat(63));
  assert.equal(cutToBytes(`${'a'.repeat(61)}€`, 63), 'a'.repeat(61));
  assert.equal(cutToBytes(`${'a'.repeat(60)}€`, 63), `${'a'.repeat(60)}€`);
  assert.equal(cutToBytes(`${'a'.repeat(62)}😀`, 63), 'a'.repeat(62));
  assert.equal(cutToBytes('', 63), '');
});
