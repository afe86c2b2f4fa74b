import { JsonBuffer } from '@weir/json-bytes';
import { tupleKind, TupleView } from '@weir/pgwire';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { standardStyle, TypeCatalog } from '@weir/postgres';
import { TuplePacker } from '@weir/protocol';
import { RowPlan } from './row-plan.ts';
import type { RowTable } from './row-table.ts';
import { SnapshotPlan, snapshotColumns } from './snapshot-plan.ts';
import { TransactionMeta } from './transaction-meta.ts';

const oids = {
  int4: 23,
  text: 25,
  bool: 16,
  float8: 701,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  timetz: 1266,
  jsonb: 3802,
  bytea: 17,
};
const catalog = new TypeCatalog();
catalog.add(
  Object.entries(oids).map(([name, oid]) => ({
    oid,
    name,
    schema: 'pg_catalog',
    typtype: 'b',
    delimiter: ',',
    innerOid: 0,
  })),
);

function table(columns: Readonly<Record<string, number>>, changes: Partial<RowTable> = {}): RowTable {
  return {
    schema: 'public',
    table: 'we"ird',
    columns: snapshotColumns(Object.entries(columns).map(([name, typeOid]) => ({ name, typeOid }))),
    omitted: new Set(),
    keyColumns: ['id'],
    collectionKey: ['id'],
    wantsTransactionId: false,
    sourceTag: undefined,
    style: standardStyle,
    ...changes,
  };
}

/** The line of a row, as COPY escapes it. */
function copyLine(values: readonly (string | null)[]): string {
  const escaped = (value: string) =>
    value
      .replaceAll('\\', '\\\\')
      .replaceAll('\b', '\\b')
      .replaceAll('\f', '\\f')
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')
      .replaceAll('\t', '\\t')
      .replaceAll('\v', '\\v');
  return `${values.map((value) => (value === null ? '\\N' : escaped(value))).join('\t')}\n`;
}

/** The document of a row whose line begins after `before` bytes of another and ends `behind` bytes before its buffer. */
function documentOf(plan: SnapshotPlan, line: string, row = 41, before = 0, behind = 0): string {
  const out = new JsonBuffer(1);
  const bytes = Buffer.concat([Buffer.alloc(before, '"'), Buffer.from(line), Buffer.alloc(behind, '"')]);
  plan.writeRow(out, bytes, before, bytes.length - behind, row);
  return out.view().toString();
}

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.stringMatching(/^[a-z ]{0,30}$/));
const year = fc.constantFrom('2024', '0001', '9999', '10000', '123456');
const era = fc.constantFrom('', '', '', ' BC');
const fraction = fc.constantFrom('', '.5', '.123456');
const zone = fc.constantFrom('+00', '-00', '-08', '+05:30', '-04:56:02');
/** Texts as the server writes them, usual and unusual ones. */
const texts: Readonly<Record<keyof typeof oids, fc.Arbitrary<string>>> = {
  int4: fc.integer().map(String),
  text,
  bool: fc.constantFrom('t', 'f'),
  float8: fc.constantFrom('0', '-0', '1.5', '1e+300', '-1.5e-07', 'NaN', 'Infinity', '-Infinity'),
  date: fc.oneof(
    fc.tuple(year, era).map(([years, suffix]) => `${years}-02-03${suffix}`),
    fc.constantFrom('infinity', '-infinity'),
  ),
  timestamp: fc.oneof(
    fc
      .tuple(year, fraction, era)
      .map(([years, digits, suffix]) => `${years}-02-03 23:59:58${digits}${suffix}`),
    fc.constantFrom('infinity', '-infinity'),
  ),
  timestamptz: fc.oneof(
    fc
      .tuple(year, fraction, zone, era)
      .map(([years, digits, offset, suffix]) => `${years}-02-03 23:59:58${digits}${offset}${suffix}`),
    fc.constantFrom('infinity', '-infinity'),
  ),
  timetz: fc.tuple(fraction, zone).map(([digits, offset]) => `23:59:58${digits}${offset}`),
  jsonb: fc.json(),
  bytea: fc.uint8Array({ maxLength: 9 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
};

describe('documents of rows that a backfill reads', () => {
  test('properties are in byte order around _meta', () => {
    const plan = new SnapshotPlan(table({ id: oids.int4, Name: oids.text, a_b: oids.text }), catalog);
    assert.equal(
      documentOf(plan, 'Ada\\n\t\\N\t1\n'),
      '{"Name":"Ada\\n","_meta":{"op":"c","source":{"schema":"public","snapshot":true,"table":"we\\"ird","loc":[-1,41,0]}},"a_b":null,"id":1}',
    );
    const tagged = new SnapshotPlan(table({ id: oids.int4 }, { sourceTag: 'eu' }), catalog);
    assert.equal(
      documentOf(tagged, '7\n'),
      '{"_meta":{"op":"c","source":{"schema":"public","snapshot":true,"table":"we\\"ird","loc":[-1,41,0],"tag":"eu"}},"id":7}',
    );
  });

  test('a row of any text is the document that JSON.stringify makes of it, wherever it lies in its buffer', () => {
    const plan = new SnapshotPlan(table({ id: oids.int4, Name: oids.text, a_b: oids.text }), catalog);
    const value = fc.option(text);
    fc.assert(
      fc.property(
        fc.integer(),
        value,
        value,
        fc.nat(),
        fc.nat(5),
        fc.nat(5),
        (id, Name, a_b, row, before, behind) => {
          const source = { schema: 'public', snapshot: true, table: 'we"ird', loc: [-1, row, 0] };
          assert.equal(
            documentOf(plan, copyLine([Name, a_b, String(id)]), row, before, behind),
            JSON.stringify({ Name, _meta: { op: 'c', source }, a_b, id }),
          );
        },
      ),
    );
  });

  test('values of every kind have the bytes that a change gives them, and the same key', () => {
    const names = Object.keys(oids) as (keyof typeof oids)[];
    const columns = Object.fromEntries([['id', oids.int4], ...names.map((name) => [name, oids[name]])]);
    const layout = table(columns, { keyColumns: ['text', 'id'] });
    const [snapshot, change] = [new SnapshotPlan(layout, catalog), new RowPlan(layout, catalog)];
    const row = fc.record(
      Object.fromEntries([
        ['id', texts.int4],
        ...names.map((name) => [name, fc.option(texts[name])] as const),
      ]) as Record<string, fc.Arbitrary<string | null>>,
    );
    fc.assert(
      fc.property(row, (values) => {
        const ordered = layout.columns.map(({ name }) => values[name] ?? null);
        const tuple = new TupleView();
        let bytes = Buffer.alloc(0);
        for (const [column, value] of ordered.entries()) {
          tuple.kinds[column] = value === null ? tupleKind.null : tupleKind.text;
          tuple.starts[column] = bytes.length;
          bytes = Buffer.concat([bytes, Buffer.from(value ?? '')]);
          tuple.ends[column] = bytes.length;
        }
        tuple.count = ordered.length;
        const out = new JsonBuffer();
        change.writeChange(out, 'c', new TransactionMeta(), 1, bytes, tuple, false, undefined, false, false);
        const withoutMeta = (document: string) => document.replace(/"_meta":\{.*?\}\},/, '');
        assert.equal(
          withoutMeta(documentOf(snapshot, copyLine(ordered))),
          withoutMeta(out.view().toString()),
        );
        const packer = new TuplePacker();
        snapshot.appendKey(packer);
        assert.deepEqual(packer.view(), change.key.pack(bytes, tuple));
      }),
    );
  });

  test('a row of another number of columns is an error', () => {
    const plan = new SnapshotPlan(table({ id: oids.int4, name: oids.text }), catalog);
    for (const line of ['1\n', '1\ta\tb\n', '\n']) {
      assert.throws(() => documentOf(plan, line), { name: 'PgConnectionError' });
    }
    assert.equal(
      documentOf(new SnapshotPlan(table({}, { keyColumns: [] }), catalog), '\n').slice(0, 9),
      '{"_meta":',
    );
  });

  test('a key column that the table lost is an error that names it', () => {
    assert.throws(() => new SnapshotPlan(table({ id: 23 }, { keyColumns: ['gone'] }), catalog), {
      code: 'PG_KEY_COLUMN_MISSING',
      message: /"gone"/,
    });
  });
});
