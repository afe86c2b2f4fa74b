// Sessions over a file: where one goes on, and who may commit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import { checkpointAt, commitAt, storeAll, transact } from '@weir/testing';
import { Sink, type TableSample } from './sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'] } },
};

const rowsOf = (sink: Sink): unknown[] => sink.query('SELECT id, v FROM t ORDER BY id');

test('[G2] a session goes on from the checkpoint that was committed with the rows', async () => {
  using sink = Sink.create();
  {
    await using first = await sink.start(things);
    assert.equal(first.checkpoint, EXPLICIT_ZERO_CHECKPOINT);
    await transact(first, 100, [
      { key: [1], values: ['a'] },
      { key: [2], values: ['b'] },
    ]);
    await storeAll(first, [{ key: [2], values: ['never committed'], exists: true }]);
  }
  await using second = sink.open();
  assert.deepEqual(second.checkpoint, checkpointAt(100));
  assert.deepEqual(rowsOf(sink), [
    { id: 1, v: 'a' },
    { id: 2, v: 'b' },
  ]);
});

test('[G5] of two sessions the older one is fenced off, and nothing of its transaction is kept', async () => {
  using sink = Sink.create();
  await using older = await sink.start(things);
  await transact(older, 1, [{ key: [1], values: ['older'] }]);
  await using newer = sink.open();
  await storeAll(older, [
    { key: [1], values: ['stale'], exists: true },
    { key: [2], values: ['stale'] },
  ]);
  await assert.rejects(commitAt(older, 2), { code: 'SQL_FENCED_OFF' });
  await transact(newer, 3, [{ key: [3], values: ['newer'] }]);
  assert.deepEqual(rowsOf(sink), [
    { id: 1, v: 'older' },
    { id: 3, v: 'newer' },
  ]);
});

for (const encoding of ['UTF-8', 'UTF-16le', 'UTF-16be']) {
  test(`a file in ${encoding} holds the text of documents and values as it came`, async () => {
    using sink = Sink.create();
    sink.exec(`PRAGMA encoding = '${encoding}'; CREATE TABLE mine (id INTEGER)`);
    const text = 'é 😀 "quoted" \0 end';
    const doc = JSON.stringify({ id: 1, v: text });
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: [text], doc }]);
    const stored = sink.query('SELECT v, flow_document AS doc, typeof(flow_document) AS type FROM t');
    assert.deepEqual(stored, [{ v: text, doc, type: 'text' }]);
    assert.deepEqual(sink.query('PRAGMA encoding'), [{ encoding }]);
  });
}
