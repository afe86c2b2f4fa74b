import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { packTuple, StoreFrame, type TupleElement } from '@weir/protocol';
import { tableOf } from '@weir/materialize-sql';
import { specOf } from '../test/sink.ts';
import { sqlite } from './dialect.ts';
import { RowLoader } from './row-loader.ts';
import { RowWriter } from './row-writer.ts';
import { createTable } from './table-sql.ts';

const [sample] = specOf({
  table: 'wanted',
  fields: { id: { types: ['integer'] }, key_1: { types: ['string'] } },
}).bindings;
assert.ok(sample !== undefined);
const { fieldSelection } = sample;

/** A table of the given rows, by one key column or by two. */
function loaderOf(rows: readonly { id: TupleElement; name: string; doc: string }[], columns: 1 | 2) {
  const keys = ['id', 'key_1'].slice(0, columns);
  const values = ['id', 'key_1'].slice(columns);
  const table = tableOf({ ...sample!, fieldSelection: { ...fieldSelection, keys, values } }, sqlite);
  const database = new DatabaseSync(':memory:');
  database.exec(createTable(table));
  const writer = new RowWriter(database, table, true);
  for (const { id, name, doc } of rows) {
    const elements = [id, name];
    writer.add(
      StoreFrame.of({
        kind: 'store',
        binding: 0,
        keyPacked: packTuple(elements.slice(0, columns)),
        valuesPacked: packTuple(elements.slice(columns)),
        doc: Buffer.from(doc),
        exists: false,
        delete: false,
      }),
    );
  }
  writer.flush();
  const loader = new RowLoader(database, table);
  const load = (packed: readonly Buffer[]): string[] => {
    const documents: string[] = [];
    for (let from = 0; from < packed.length;) {
      from += loader.load(packed, from, (document) => documents.push(document.toString()));
    }
    return documents;
  };
  return { database, load };
}

const rows = Array.from({ length: 100 }, (_, id) => ({ id, name: `käse ${id}`, doc: `{"id":${id}}` }));

test('documents that exist are given, whatever the number of keys and of their columns', () => {
  for (const columns of [1, 2] as const) {
    const { database, load } = loaderOf(rows, columns);
    using _ = database;
    for (const count of [0, 1, 31, 32, 33, 64, 150]) {
      const keys = Array.from({ length: count }, (_, id) => packTuple([id, `käse ${id}`].slice(0, columns)));
      assert.deepEqual(
        load(keys),
        rows.slice(0, Math.min(count, 100)).map(({ doc }) => doc),
      );
    }
  }
});

test('the greatest integers are looked up exactly', () => {
  const great = 2n ** 53n;
  const ids = Array.from({ length: 40 }, (_, index) => great + BigInt(index));
  const { database, load } = loaderOf(
    ids.map((id) => ({ id, name: '', doc: `{"id":${id}}` })),
    1,
  );
  using _ = database;
  assert.deepEqual(
    load(ids.map((id) => packTuple([id]))),
    ids.map((id) => `{"id":${id}}`),
  );
  assert.deepEqual(load(ids.map((id) => packTuple([-id]))), []);
});

test('long documents are given like any other', () => {
  const long = rows.map((row) => ({ ...row, doc: JSON.stringify('x'.repeat(300_000)) }));
  const { database, load } = loaderOf(long, 1);
  using _ = database;
  assert.equal(load(rows.map(({ id }) => packTuple([id]))).length, 100);
});
