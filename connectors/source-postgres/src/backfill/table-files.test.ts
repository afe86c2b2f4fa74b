import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRewritten } from './table-files.ts';

test('a table is rewritten when a file of it or of a partition is another one, not when partitions come and go', () => {
  const rewritten = (before: string | undefined, now: string) =>
    isRewritten(before === undefined ? undefined : { files: before }, { files: now });
  assert.equal(rewritten('1:10', '1:10'), false);
  assert.equal(rewritten('1:10', '1:11'), true);
  assert.equal(rewritten('1:10,2:20', '1:10,2:21'), true);
  assert.equal(rewritten('1:10,2:20', '1:10,3:30'), false);
  assert.equal(rewritten('', '1:10'), false);
  // A state of another writer has no files: nothing can be told.
  assert.equal(rewritten(undefined, '1:10'), false);
});
