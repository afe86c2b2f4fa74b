import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterFirstBreak, firstLines } from './document-lines.ts';

test('a limit cuts behind a whole line', () => {
  const lines = Buffer.from('a\nbc\nd\n');
  assert.deepEqual(firstLines(lines, 2), { bytes: Buffer.from('a\nbc\n'), count: 2 });
  assert.deepEqual(firstLines(lines, 9), { bytes: lines, count: 3 });
});

test('from one byte before a border everything behind it is whole', () => {
  const lines = Buffer.from('a\nbc\nd\n');
  assert.equal(afterFirstBreak(lines.subarray(1)).toString(), 'bc\nd\n');
  assert.equal(afterFirstBreak(lines.subarray(2)).toString(), 'd\n');
});
