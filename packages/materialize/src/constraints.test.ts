import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MaterializationSpec, Projection } from '@weir/protocol';
import {
  column,
  collection,
  info,
  projection,
  ROOT,
  rules,
  spec,
  table,
  type SampleBinding,
} from '../test/sample-table.ts';
import { baseConstraint } from './base-constraint.ts';
import { assertDistinctResources, constraints } from './constraints.ts';
import type { EndpointRules } from './endpoint-rules.ts';
import { parseFieldConfig } from './field-config.ts';
import { IDENTICAL_NAMING, type InfoSchema } from './info-schema.ts';

const id = projection('id', { key: true, types: ['integer'] });
const name = projection('name');
const count = projection('count', { types: ['integer'] });
const SAMPLE: SampleBinding = { fields: [id, name, count, ROOT], values: ['name', 'count'] };

interface Case {
  readonly fields?: readonly Projection[];
  readonly delta?: boolean;
  readonly backfill?: number;
  readonly last?: MaterializationSpec | undefined;
  readonly info?: InfoSchema;
  readonly rules?: EndpointRules;
  readonly fieldConfig?: Record<string, string>;
  readonly groupBy?: readonly string[];
  readonly collectionKey?: string[];
}

/** The constraints of a binding, as `field TYPE` and in their order. */
function found(sample: Case): string[] {
  return verdicts(sample).map(({ field, constraint }) => `${field} ${constraint.type}`);
}

function verdicts(sample: Case): ReturnType<typeof constraints> {
  const { fields = SAMPLE.fields, delta = false, backfill = 0, fieldConfig = {}, groupBy = [] } = sample;
  return constraints(
    {
      resourcePath: ['public', 'rows'],
      collection: collection(fields, sample.collectionKey),
      fieldConfig,
      deltaUpdates: delta,
      backfill,
      groupBy,
    },
    sample.last,
    sample.info ?? info([]),
    sample.rules ?? rules(),
  );
}

const existing = { last: spec([SAMPLE]), info: info([table(SAMPLE)]) };
const otherRoot = projection('other_root', { ptr: '', types: ['object'], must: true });

test('a new standard binding needs the first key and one document; the other root and null-only fields are forbidden', () => {
  const fields = [
    id,
    projection('id2', { key: true }),
    name,
    projection('gone', { types: ['null'] }),
    projection('never', { types: [] }),
    ROOT,
    otherRoot,
  ];
  assert.deepEqual(found({ fields, collectionKey: ['/id', '/id2'] }), [
    'flow_document LOCATION_REQUIRED',
    'gone FIELD_FORBIDDEN',
    'id LOCATION_REQUIRED',
    'id2 LOCATION_RECOMMENDED',
    'name LOCATION_RECOMMENDED',
    'never FIELD_FORBIDDEN',
    'other_root FIELD_FORBIDDEN',
  ]);
});

test('a new delta binding requires nothing', () => {
  assert.deepEqual(found({ fields: [id, ROOT, otherRoot], delta: true }), [
    'flow_document LOCATION_RECOMMENDED',
    'id LOCATION_RECOMMENDED',
    'other_root LOCATION_RECOMMENDED',
  ]);
});

test('the same binding again: keys and document are required, columns are optional, what has no column is as if new', () => {
  const added = projection('added');
  assert.deepEqual(found({ ...existing, fields: [...SAMPLE.fields, added, otherRoot] }), [
    'added LOCATION_RECOMMENDED',
    'count FIELD_OPTIONAL',
    'flow_document FIELD_REQUIRED',
    'id FIELD_REQUIRED',
    'name FIELD_OPTIONAL',
    'other_root FIELD_FORBIDDEN',
  ]);
});

test('the same delta binding again: the key is required, the document is like any other column', () => {
  const delta = { ...SAMPLE, delta: true };
  const again = { last: spec([delta]), info: info([table(delta)]), delta: true };
  assert.deepEqual(found({ ...again, fields: [...SAMPLE.fields, otherRoot] }), [
    'count FIELD_OPTIONAL',
    'flow_document FIELD_OPTIONAL',
    'id FIELD_REQUIRED',
    'name FIELD_OPTIONAL',
    'other_root LOCATION_RECOMMENDED',
  ]);
});

test('a column of another type is incompatible and says both types; a type that can be migrated is fine', () => {
  const changed = [id, projection('name', { types: ['boolean'] }), projection('count'), ROOT];
  const all = verdicts({ ...existing, fields: changed });
  const of = (field: string) => all.find((each) => each.field === field)?.constraint;
  assert.equal(of('count')?.type, 'FIELD_OPTIONAL');
  assert.equal(of('name')?.type, 'INCOMPATIBLE');
  assert.equal(
    of('name')?.reason,
    `The field "name" is already materialized as 'TEXT', and its schema {"type":["boolean"]} needs 'BOOLEAN'`,
  );
  const sized = info([table(SAMPLE, [column('name', 'varchar', { characterMaxLength: 40 })])]);
  const sizedReason = verdicts({ ...existing, info: sized, fields: changed }).find(
    ({ field }) => field === 'name',
  );
  assert.match(sizedReason?.constraint.reason ?? '', /'VARCHAR\(40\)'/);
});

test('a field that only null fits is forbidden, whatever the table has', () => {
  const fields = [id, projection('name', { types: ['null'] }), count, ROOT];
  assert.ok(found({ ...existing, fields }).includes('name FIELD_FORBIDDEN'));
});

test('a key is never migrated', () => {
  const textKey = projection('id', { key: true, types: ['string'] });
  assert.ok(found({ ...existing, fields: [textKey, name, count, ROOT] }).includes('id INCOMPATIBLE'));
});

test('columns that the collection does not have are not mentioned', () => {
  const wider = info([table(SAMPLE, [column('extra', 'text')])]);
  assert.deepEqual(found({ ...existing, info: wider }), found(existing));
});

test('a renamed document: standard gets a required and an incompatible constraint, delta a recommendation', () => {
  const fields = [id, name, count, otherRoot];
  assert.deepEqual(
    found({ ...existing, fields }).filter((line) => line.startsWith('other_root')),
    ['other_root LOCATION_REQUIRED', 'other_root INCOMPATIBLE'],
  );
  const delta = { ...SAMPLE, delta: true };
  const again = { last: spec([delta]), info: info([table(delta)]), delta: true };
  assert.ok(found({ ...again, fields }).includes('other_root LOCATION_RECOMMENDED'));
});

test('a document cannot be added later without a backfill: every root says so', () => {
  const without = { ...SAMPLE, document: '' };
  const fields = [...SAMPLE.fields, otherRoot];
  const again = { last: spec([without]), info: info([table(without)]), fields };
  assert.deepEqual(
    found(again).filter((line) => /root|document/.test(line)),
    [
      'flow_document LOCATION_REQUIRED',
      'flow_document INCOMPATIBLE',
      'other_root LOCATION_REQUIRED',
      'other_root INCOMPATIBLE',
    ],
  );
  assert.deepEqual(
    found({ ...again, rules: rules({ noFlowDocument: true }) }).filter((line) =>
      line.startsWith('flow_document'),
    ),
    ['flow_document INCOMPATIBLE'],
  );
});

test('a document whose column does not fit has both constraints, or one where it is optional', () => {
  const misfit = info([table(SAMPLE, [column('flow_document', 'integer')])]);
  const documentOf = (lines: string[]) => lines.filter((line) => line.startsWith('flow_document'));
  assert.deepEqual(documentOf(found({ ...existing, info: misfit })), [
    'flow_document LOCATION_REQUIRED',
    'flow_document INCOMPATIBLE',
  ]);
  assert.deepEqual(documentOf(found({ ...existing, info: misfit, rules: rules({ noFlowDocument: true }) })), [
    'flow_document INCOMPATIBLE',
  ]);
});

test('a table that is there before its binding is refused by name, unless a flag allows it', () => {
  const untracked = { info: info([table(SAMPLE)]) };
  assert.throws(() => found(untracked), { code: 'MATERIALIZE_TABLE_EXISTS', message: /public\.rows/ });
  const allowed = { ...untracked, rules: rules({ allowExistingTables: true }) };
  assert.deepEqual(found(allowed), found(existing));
  // No backfill will change a column, or drop a table, that somebody else has made.
  const misfit = info([table(SAMPLE, [column('count', 'boolean')])]);
  assert.ok(found({ ...allowed, info: misfit }).includes('count FIELD_FORBIDDEN'));
  for (const [what, unfit] of [
    ['"id" is boolean', info([table(SAMPLE, [column('id', 'boolean')])])],
    ['no column "id"', info([{ ...table(SAMPLE), fields: [column('name', 'text')] }])],
  ] as const) {
    const refused = { code: 'MATERIALIZE_TABLE_UNFIT', message: new RegExp(what) };
    assert.throws(() => found({ ...allowed, info: unfit }), refused);
  }
  const keyless = { ...allowed, rules: rules({ allowExistingTables: true, hasKey: () => false }) };
  assert.throws(() => found(keyless), {
    code: 'MATERIALIZE_TABLE_UNFIT',
    message: /primary key is not \(id\)/,
  });
  assert.deepEqual(found({ ...keyless, delta: true }), found({ ...allowed, delta: true }));
});

test('a raised backfill counter validates as new, also of a binding that was disabled', () => {
  assert.deepEqual(found({ ...existing, backfill: 1 }), found({}));
  assert.deepEqual(found({ ...existing, last: spec([], [SAMPLE]), backfill: 1 }), found({}));
  assert.deepEqual(found({ ...existing, last: spec([], [SAMPLE]) }), found(existing));
});

test('delta updates cannot become standard ones, the other way round they can', () => {
  const delta = { ...SAMPLE, delta: true };
  const wasDelta = { last: spec([delta]), info: info([table(delta)]) };
  assert.throws(() => found(wasDelta), { code: 'MATERIALIZE_DELTA_TO_STANDARD' });
  assert.ok(found({ ...existing, delta: true }).includes('id FIELD_REQUIRED'));
  assert.deepEqual(found({ ...wasDelta, backfill: 1 }), found({}));
});

test('a key that may be missing or null needs a default', () => {
  const nullable = projection('id', { key: true, types: ['integer', 'null'] });
  assert.throws(() => found({ fields: [nullable, ROOT] }), {
    code: 'MATERIALIZE_KEY_NULLABLE',
    message: /"id"/,
  });
  const withDefault = projection('id', { key: true, types: ['integer', 'null'], default: '0' });
  assert.ok(found({ fields: [withDefault, ROOT] }).includes('id LOCATION_REQUIRED'));
});

test('a location cannot join the key without a backfill; one materialized before is taken by its column', () => {
  const id2 = projection('id2', { key: true });
  const collectionKey = ['/id', '/id2'];
  const fields = [id, id2, name, count, ROOT];
  assert.ok(found({ ...existing, fields, collectionKey }).includes('id2 FIELD_FORBIDDEN'));
  const asValue = { ...SAMPLE, fields, values: ['count', 'id2', 'name'] };
  const again = { fields, collectionKey, last: spec([asValue]) };
  assert.ok(found({ ...again, info: info([table(SAMPLE)]) }).includes('id2 FIELD_OPTIONAL'));
  assert.ok(found({ ...again, info: info([table(asValue)]) }).includes('id2 FIELD_REQUIRED'));
});

test('names that the endpoint changes are told, and case is folded only to look columns up', () => {
  const naming = { ...IDENTICAL_NAMING, translateField: (field: string) => field.slice(0, 4) };
  const folded = verdicts({ fields: [id, projection('longer'), ROOT], info: info([], naming) });
  assert.deepEqual(
    folded.map(({ field, constraint }) => [field, constraint.foldedField]),
    [
      ['flow_document', 'flow'],
      ['id', ''],
      ['longer', 'long'],
    ],
  );
  const shouting = info([{ ...table(SAMPLE), fields: [column('ID', 'integer'), column('NAME', 'text')] }], {
    ...IDENTICAL_NAMING,
    caseInsensitiveFields: true,
  });
  const insensitive = verdicts({ ...existing, info: shouting });
  assert.deepEqual(
    insensitive.filter(({ field }) => field === 'id' || field === 'name').map((each) => each.constraint.type),
    ['FIELD_REQUIRED', 'FIELD_OPTIONAL'],
  );
  assert.ok(insensitive.every(({ constraint }) => constraint.foldedField === ''));
});

test('names over the limit are forbidden, counted in code points; a required location keeps a shorter one', () => {
  const limited = rules({ maxFieldLength: 13 });
  const emoji = projection('🐟'.repeat(13));
  const long = projection('a name beyond the limit');
  assert.deepEqual(found({ fields: [id, emoji, long, ROOT], rules: limited }), [
    'a name beyond the limit FIELD_FORBIDDEN',
    'flow_document LOCATION_REQUIRED',
    'id LOCATION_REQUIRED',
    `${'🐟'.repeat(13)} LOCATION_RECOMMENDED`,
  ]);
  const longKey = projection('a long name of the key', { ptr: '/id', key: true, types: ['integer'] });
  assert.ok(
    found({ fields: [id, longKey, ROOT], rules: limited }).includes('a long name of the key FIELD_FORBIDDEN'),
  );
  assert.throws(() => found({ fields: [longKey, ROOT], rules: limited }), {
    code: 'MATERIALIZE_FIELD_NAME_TOO_LONG',
  });
  const short = { ...existing, rules: rules({ maxFieldLength: 10 }) };
  assert.throws(() => found(short), { code: 'MATERIALIZE_FIELD_NAME_TOO_LONG', message: /flow_document/ });
});

test('a standard binding of a collection without a document over an existing table is refused', () => {
  assert.throws(() => found({ ...existing, fields: [id, name] }), { code: 'MATERIALIZE_NO_ROOT_DOCUMENT' });
});

test('a custom type fits every column, and a cast to string changes what is needed', () => {
  const fields = [id, projection('name', { types: ['boolean'] }), count, ROOT];
  assert.ok(
    found({ ...existing, fields, fieldConfig: { name: '{"DDL":"citext"}' } }).includes('name FIELD_OPTIONAL'),
  );
  assert.ok(
    found({ ...existing, fields, fieldConfig: { name: '{"castToString":true}' } }).includes(
      'name FIELD_OPTIONAL',
    ),
  );
  for (const invalid of ['{"cast":true}', '{"castToString":1}', '{"DDL":1}', '[]']) {
    assert.throws(() => parseFieldConfig('name', invalid), { code: 'MATERIALIZE_FIELD_CONFIG_INVALID' });
  }
  assert.deepEqual(parseFieldConfig('name', '{"ignoreStringFormat":true}'), {
    castToString: true,
    ddl: undefined,
  });
});

test('with groupBy, its fields are the key of the table and the key of the collection is a value', () => {
  const grouped: SampleBinding = { ...SAMPLE, keys: ['name'], values: ['count', 'id'] };
  const lines = found({ last: spec([grouped]), info: info([table(grouped)]), groupBy: ['name'] });
  assert.ok(lines.includes('name FIELD_REQUIRED'));
  assert.ok(lines.includes('id FIELD_OPTIONAL'));
});

test('two paths that are one table in the destination are refused', () => {
  const insensitive = info([], { ...IDENTICAL_NAMING, caseInsensitiveResources: true });
  const paths = [
    ['public', 'rows'],
    ['public', 'Rows'],
    ['public', 'other'],
  ];
  assert.throws(() => assertDistinctResources(paths, insensitive), {
    code: 'MATERIALIZE_RESOURCE_AMBIGUOUS',
    message: /public\.rows, public\.Rows\./,
  });
  assertDistinctResources(paths, info([]));
});

test('the base constraint of a new SQL table: the first rule that matches', () => {
  const standard = { deltaUpdates: false, noFlowDocument: false };
  const documentless = { deltaUpdates: false, noFlowDocument: true };
  const delta = { deltaUpdates: true, noFlowDocument: true };
  const top = projection('top', { types: ['object'], must: true });
  for (const [field, options, expected] of [
    [id, standard, 'LOCATION_RECOMMENDED'],
    [ROOT, documentless, 'FIELD_OPTIONAL'],
    [ROOT, { deltaUpdates: true, noFlowDocument: false }, 'LOCATION_RECOMMENDED'],
    [ROOT, standard, 'LOCATION_REQUIRED'],
    [projection('x', { types: [] }), standard, 'FIELD_FORBIDDEN'],
    [projection('x', { types: ['null'] }), standard, 'FIELD_FORBIDDEN'],
    [top, documentless, 'LOCATION_REQUIRED'],
    [top, delta, 'FIELD_OPTIONAL'],
    [
      projection('sub/top', { ptr: '/sub/top', types: ['object'], must: true }),
      documentless,
      'FIELD_OPTIONAL',
    ],
    [projection('_meta/op', { ptr: '/_meta/op' }), standard, 'LOCATION_RECOMMENDED'],
    [projection('_meta/uuid', { ptr: '/_meta/uuid' }), standard, 'FIELD_OPTIONAL'],
    [name, standard, 'LOCATION_RECOMMENDED'],
    [
      projection('n', { types: ['number', 'string', 'null'], format: 'number' }),
      standard,
      'LOCATION_RECOMMENDED',
    ],
    [projection('o', { types: ['object', 'null'] }), standard, 'FIELD_OPTIONAL'],
    [projection('a', { types: ['array'] }), standard, 'LOCATION_RECOMMENDED'],
    [projection('m', { types: ['integer', 'object'] }), standard, 'LOCATION_RECOMMENDED'],
  ] as const) {
    const verdict = baseConstraint(field, options);
    assert.equal(verdict.type, expected, `${field.field} ${JSON.stringify(options)}: ${verdict.reason}`);
  }
});
