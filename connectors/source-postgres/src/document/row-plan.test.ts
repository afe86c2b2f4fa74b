import { JsonBuffer } from '@weir/json-bytes';
import { tupleKind, TupleView } from '@weir/pgwire';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { standardStyle, TypeCatalog } from '@weir/postgres';
import { RowPlan } from './row-plan.ts';
import type { RowTable } from './row-table.ts';
import { TransactionMeta } from './transaction-meta.ts';

const [INT4, TEXT] = [23, 25];
const catalog = new TypeCatalog();
catalog.add(
  [
    { oid: INT4, name: 'int4' },
    { oid: TEXT, name: 'text' },
  ].map((type) => ({ ...type, schema: 'pg_catalog', typtype: 'b', delimiter: ',', innerOid: 0 })),
);

function plan(changes: Partial<RowTable> = {}): RowPlan {
  const table: RowTable = {
    schema: 'public',
    table: 'we"ird',
    columns: [
      { name: 'id', typeOid: INT4 },
      { name: 'Name', typeOid: TEXT },
      { name: 'a_b', typeOid: TEXT },
    ],
    omitted: new Set(),
    keyColumns: ['id'],
    collectionKey: ['id'],
    wantsTransactionId: false,
    sourceTag: undefined,
    style: standardStyle,
    ...changes,
  };
  return new RowPlan(table, catalog);
}

/** One buffer with the rows' texts, and a view of each; '<toast>' is a value the change did not touch. */
function rows(...texts: readonly (readonly (string | null)[])[]): { bytes: Buffer; tuples: TupleView[] } {
  const tuples: TupleView[] = [];
  let bytes = Buffer.alloc(0);
  for (const values of texts) {
    const tuple = new TupleView();
    tuple.count = values.length;
    for (const [i, value] of values.entries()) {
      tuple.kinds[i] =
        value === null ? tupleKind.null : value === '<toast>' ? tupleKind.unchanged : tupleKind.text;
      tuple.starts[i] = bytes.length;
      bytes = Buffer.concat([bytes, Buffer.from(value ?? '')]);
      tuple.ends[i] = bytes.length;
    }
    tuples.push(tuple);
  }
  return { bytes, tuples };
}

function transaction(): TransactionMeta {
  const meta = new TransactionMeta();
  meta.previousEndLsn = 100n;
  meta.begin(300n, 1_700_000_000_123_456n, 77);
  return meta;
}

function written(write: (out: JsonBuffer) => void): unknown {
  const out = new JsonBuffer();
  write(out);
  return out.view().toString();
}

describe('documents of changes', () => {
  test('a change carries its time, position, transaction and tag', () => {
    const { bytes, tuples } = rows(['1', 'Ada', null]);
    const tagged = plan({ wantsTransactionId: true, sourceTag: 'eu' });
    assert.equal(
      written((out) =>
        tagged.writeChange(out, 'c', transaction(), 200n, bytes, tuples[0]!, false, undefined, false, false),
      ),
      '{"Name":"Ada","_meta":{"op":"c","source":{"ts_ms":1700000000123,"schema":"public","table":"we\\"ird","loc":[100,200,300],"txid":77,"tag":"eu"}},"a_b":null,"id":1}',
    );
  });

  test('values a change did not touch come from the old row or are left out; the nulls of a key are absent', () => {
    const { bytes, tuples } = rows(['1', '<toast>', '<toast>'], ['1', 'old', null], ['1', null, null]);
    const [changed, old, key] = tuples;
    const document = (text: unknown) => JSON.parse(String(text)) as Record<string, unknown>;
    const filled = document(
      written((out) =>
        plan().writeChange(out, 'u', transaction(), 1n, bytes, changed!, false, old, false, true),
      ),
    );
    assert.equal(filled['Name'], 'old');
    assert.deepEqual((filled['_meta'] as { before: unknown }).before, { Name: 'old', a_b: null, id: 1 });
    const bare = document(
      written((out) =>
        plan().writeChange(out, 'u', transaction(), 1n, bytes, changed!, false, undefined, false, false),
      ),
    );
    assert.deepEqual(Object.keys(bare), ['_meta', 'id']);
    const deleted = document(
      written((out) =>
        plan().writeChange(out, 'd', transaction(), 1n, bytes, key!, true, undefined, false, false),
      ),
    );
    assert.deepEqual(Object.keys(deleted), ['_meta', 'id']);
  });

  test('a key that changed is noticed by its bytes', () => {
    const { bytes, tuples } = rows(['1', 'a', null], ['2', 'a', null], ['1', 'b', null]);
    assert.equal(plan().keyChanged(bytes, tuples[0]!, tuples[1]!), true);
    assert.equal(plan().keyChanged(bytes, tuples[0]!, tuples[2]!), false);
  });

  test('a key column that the table lost is an error that names it', () => {
    assert.throws(() => plan({ keyColumns: ['gone'] }), { code: 'PG_KEY_COLUMN_MISSING', message: /"gone"/ });
  });

  test('positions within a transaction are distinct and increase, though rows share an LSN', () => {
    const meta = transaction();
    const given = [5, 5, 5, 40, 40, 60].map((lsn) => meta.nextLsn(lsn));
    assert.deepEqual(given, [5, 6, 7, 40, 41, 60]);
    const edge = Number.MAX_SAFE_INTEGER;
    const past = [edge, edge, edge, 2n ** 60n, 2n ** 60n].map((lsn) => meta.nextLsn(lsn));
    assert.deepEqual(past.map(BigInt), [
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 60n,
      2n ** 60n + 1n,
    ]);
  });
});
