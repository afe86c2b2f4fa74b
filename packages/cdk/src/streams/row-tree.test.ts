// Files whose lines belong below others of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchOf, recordsOf } from './record-batches.ts';
import { type NestedRows, RowTree } from './row-tree.ts';

const nested: NestedRows = {
  id: 'id',
  above: 'above',
  lists: [
    { at: 'lines', holds: ({ kind }) => kind === 'line', lists: [{ at: 'parts' }] },
    { at: 'terms.dates', holds: ({ kind }) => kind === 'date' },
  ],
};

/** The documents after each line, and at the end. */
function documentsAfter(...lines: string[]): string[][] {
  const tree = new RowTree(nested);
  const texts = (batch: Parameters<typeof recordsOf>[0]): string[] =>
    Array.from(recordsOf(batch), (record) => record.toString());
  const whole = lines.map((line) => texts(tree.add(batchOf([Buffer.from(line)]))));
  return [...whole, texts(tree.end())];
}

test('lines go into the lists of the rows above them, and a document leaves when the next one begins', () => {
  const after = documentsAfter(
    '{"id":"a","terms":{"days":9007199254740993}}',
    '{"id":"l1","kind":"line","above":"a"}',
    '{"kind":"date","above":"a"}',
    '{"id":"l2","kind":"line","above":"a"}',
    '{"id":"p","above":"l1"}',
    '{"id":"b","terms":null}',
  );
  assert.deepEqual(after.slice(0, 5).flat(), []);
  assert.deepEqual(after[5], [
    '{"id":"a","terms":{"days":9007199254740993,"dates":[{"kind":"date","above":"a"}]},"lines":[{"id":"l1","kind":"line","above":"a","parts":[{"id":"p","above":"l1"}]},{"id":"l2","kind":"line","above":"a","parts":[]}]}',
  ]);
  assert.deepEqual(after[6], ['{"id":"b","terms":null,"lines":[]}']);
});

test('a line whose row above does not stand before it is refused, and so is one of no list', () => {
  assert.throws(() => documentsAfter('{"id":"a"}', '{"id":"l","kind":"line","above":"b"}'), {
    code: 'CDK_ORDER_BROKEN',
    message: /below "b", which does not stand before it/,
  });
  // What is below the document before it comes too late.
  const late = ['{"id":"a"}', '{"id":"b"}', '{"id":"l","kind":"line","above":"a"}'];
  assert.throws(() => documentsAfter(...late), { code: 'CDK_ORDER_BROKEN' });
  assert.throws(() => documentsAfter('{"id":"a"}', '{"kind":"other","above":"a"}'), {
    code: 'CDK_STREAM_DEFECT',
    message: /of none of its lists/,
  });
  assert.throws(() => documentsAfter('[1]'), { code: 'CDK_BODY_INVALID' });
});
