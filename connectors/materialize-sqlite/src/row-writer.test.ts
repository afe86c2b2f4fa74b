import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { packTuple, StoreFrame } from '@weir/protocol';
import { tableOf } from '@weir/materialize-sql';
import { specOf } from '../test/sink.ts';
import { sqlite } from './dialect.ts';
import { RowWriter } from './row-writer.ts';
import { createTable } from './table-sql.ts';

const [binding] = specOf({
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'] } },
}).bindings;
assert.ok(binding !== undefined);

function stored(id: number, v: string, doc = JSON.stringify({ id, v })): StoreFrame {
  return StoreFrame.of({
    kind: 'store',
    binding: 0,
    keyPacked: packTuple([id]),
    valuesPacked: packTuple([v]),
    doc: Buffer.from(doc),
    exists: false,
    delete: false,
  });
}

function opened({ deltaUpdates = false, isUtf8 = true } = {}) {
  const table = tableOf({ ...binding!, deltaUpdates }, sqlite);
  const database = new DatabaseSync(':memory:');
  if (!isUtf8) database.exec(`PRAGMA encoding = 'UTF-16'`);
  database.exec(createTable(table));
  const rows = (): unknown[] =>
    database
      .prepare('SELECT id, v, flow_document AS doc FROM t ORDER BY rowid')
      .all()
      .map((row) => ({ ...row }));
  return { database, rows, writer: new RowWriter(database, table, isUtf8) };
}

const row = (id: number, v: string) => ({ id, v, doc: JSON.stringify({ id, v }) });

test('any number of rows arrives, in order, once they are flushed', () => {
  for (const isUtf8 of [true, false]) {
    for (const count of [0, 1, 15, 16, 17, 32, 100]) {
      const { database, rows, writer } = opened({ isUtf8 });
      using _ = database;
      const expected = Array.from({ length: count }, (_, id) => row(id, `käse ${id}`));
      for (const { id, v } of expected) writer.add(stored(id, v));
      writer.flush();
      writer.flush();
      assert.deepEqual(rows(), expected);
    }
  }
});

test('rows that are held outlive the bytes that they came in, once they are to be kept', () => {
  const { database, rows, writer } = opened();
  using _ = database;
  const expected = Array.from({ length: 20 }, (_, id) => row(id, `käse ${id}`));
  for (const { id, v } of expected) {
    const frame = stored(id, v);
    writer.add(frame);
    writer.keep();
    frame.bytes.fill('x');
  }
  writer.flush();
  assert.deepEqual(rows(), expected);
});

test('of one key in one statement the last row counts; delta updates keep every row', () => {
  for (const deltaUpdates of [false, true]) {
    const { database, rows, writer } = opened({ deltaUpdates });
    using _ = database;
    const all = Array.from({ length: 40 }, (_, index) => row(index % 5, `version ${index}`));
    for (const { id, v } of all) writer.add(stored(id, v));
    writer.flush();
    assert.deepEqual(rows(), deltaUpdates ? all : all.slice(-5));
  }
});

test('large documents are not held back', () => {
  const { database, rows, writer } = opened();
  using _ = database;
  writer.add(stored(1, 'large', JSON.stringify('x'.repeat(2 << 20))));
  assert.equal(rows().length, 1);
});
