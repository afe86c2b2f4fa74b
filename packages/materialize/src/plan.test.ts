import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  column,
  info,
  projection,
  ROOT,
  rules,
  spec,
  table,
  type SampleBinding,
} from '../test/sample-table.ts';
import type { EndpointRules } from './endpoint-rules.ts';
import { IDENTICAL_NAMING, InfoSchema, type ExistingResource } from './info-schema.ts';
import { plan, type Plan, type PlanStep } from './plan.ts';

const id = projection('id', { key: true, types: ['integer'] });
const name = projection('name', { must: true });
const count = projection('count', { types: ['integer'], must: true });
const SAMPLE: SampleBinding = { fields: [id, name, count, ROOT], values: ['count', 'name'] };

interface Case {
  readonly next?: Partial<SampleBinding>;
  readonly last?: Partial<SampleBinding> | 'none' | 'disabled';
  readonly table?: ExistingResource | 'none';
  readonly rules?: Partial<EndpointRules>;
}

function planned(sample: Case): Plan {
  const resource = sample.table ?? table(SAMPLE);
  const last =
    sample.last === 'none'
      ? undefined
      : sample.last === 'disabled'
        ? spec([], [SAMPLE])
        : spec([{ ...SAMPLE, ...sample.last }]);
  return plan(
    spec([{ ...SAMPLE, ...sample.next }]),
    last,
    info(resource === 'none' ? [] : [resource]),
    rules(sample.rules),
  );
}

function brief(step: PlanStep | undefined): string {
  if (step === undefined) return 'nothing';
  if (step.kind === 'create' || step.kind === 'replace') return step.kind;
  const { addFields, dropNotNull, migrate, newlyDelta } = step.changes;
  return [
    step.kind,
    ...addFields.map(({ field }) => `add ${field}`),
    ...dropNotNull.map((field) => `nullable ${field.name}`),
    ...migrate.map((each) => `migrate ${each.projection.field} from ${each.existing.type}`),
    ...(newlyDelta ? ['newly delta'] : []),
  ].join(', ');
}

const only = (sample: Case): string => {
  const { steps } = planned(sample);
  assert.ok(steps.length <= 1);
  return brief(steps[0]);
};

test('a table that is not there is created for a new binding and for a backfill; one that is gone is an error', () => {
  assert.equal(only({ table: 'none', last: 'none' }), 'create');
  assert.equal(only({ table: 'none', next: { backfill: 1 } }), 'create');
  assert.throws(() => only({ table: 'none' }), { code: 'MATERIALIZE_TABLE_MISSING' });
  assert.throws(() => only({ table: 'none', last: 'disabled' }), { code: 'MATERIALIZE_TABLE_MISSING' });
});

test('a table that fits is left alone, and so is the table of a binding that went away', () => {
  assert.equal(only({}), 'nothing');
  assert.equal(only({ last: 'disabled' }), 'nothing');
  assert.deepEqual(plan(spec([]), spec([SAMPLE]), info([table(SAMPLE)]), rules()).steps, []);
});

test('a newly selected field becomes a column, and the plan of what follows is empty', () => {
  const wider = {
    fields: [...SAMPLE.fields, projection('extra', { must: true })],
    values: ['count', 'extra', 'name'],
  };
  assert.equal(only({ next: wider }), 'update, add extra');
  const altered = table(SAMPLE, [column('extra', 'text')]);
  assert.equal(only({ next: wider, last: wider, table: altered }), 'nothing');
});

test('a column whose field may be missing, or is not selected any more, loses its NOT NULL and is never dropped', () => {
  const optional = [id, projection('name'), count, ROOT];
  assert.equal(only({ next: { fields: optional } }), 'update, nullable name');
  assert.equal(only({ next: { values: ['name'] } }), 'update, nullable count');
  assert.equal(
    only({ next: { values: ['name'] }, table: table(SAMPLE, [column('count', 'integer')]) }),
    'nothing',
  );
});

test('a default keeps the NOT NULL of a selected field, not of one that is no longer selected', () => {
  const notNull = { nullable: false, hasDefault: true };
  const withDefault = table(SAMPLE, [column('name', 'text', notNull)]);
  const optional = [id, projection('name'), count, ROOT];
  assert.equal(only({ next: { fields: optional }, table: withDefault }), 'nothing');
  const projected = [id, projection('name', { default: '"x"' }), count, ROOT];
  assert.equal(only({ next: { fields: projected } }), 'nothing');
  assert.equal(only({ next: { values: ['count'] }, table: withDefault }), 'update, nullable name');
});

test('a type that can be changed in place is migrated; one that cannot is a warning', () => {
  const toText = [id, name, projection('count', { must: true }), ROOT];
  assert.equal(only({ next: { fields: toText } }), 'update, migrate count from integer');
  const { steps, warnings } = planned({
    next: { fields: [id, projection('name', { types: ['boolean'], must: true }), count, ROOT] },
  });
  assert.deepEqual(steps, []);
  assert.match(warnings[0] ?? '', /public\.rows: the column of "name" is text, and boolean is needed/);
});

test('standard to delta updates is a change of the table although no column changes', () => {
  assert.equal(only({ next: { delta: true } }), 'update, newly delta');
});

test('a backfill that the table can follow empties it, and changes it in place', () => {
  assert.equal(only({ next: { backfill: 1 } }), 'truncate');
  assert.equal(only({ last: 'disabled', next: { backfill: 1 } }), 'truncate');
  const wider = { fields: [...SAMPLE.fields, projection('extra')], values: ['count', 'extra', 'name'] };
  assert.equal(only({ next: { ...wider, backfill: 1 } }), 'truncate, add extra');
  assert.equal(only({ next: { values: ['name'], backfill: 1 } }), 'truncate, nullable count');
  const toText = [id, name, projection('count', { must: true }), ROOT];
  assert.equal(only({ next: { fields: toText, backfill: 1 } }), 'truncate, migrate count from integer');
});

test('a backfill that the table cannot follow makes it anew', () => {
  const misfit = [id, projection('name', { types: ['boolean'] }), count, ROOT];
  assert.equal(only({ next: { fields: misfit, backfill: 1 } }), 'replace');
  const textKey = [projection('id', { key: true }), name, count, ROOT];
  assert.equal(only({ next: { fields: textKey, backfill: 1 } }), 'replace');
  const twoKeys = [id, projection('name', { key: true }), count, ROOT];
  const rekeyed = {
    fields: twoKeys,
    keys: ['id', 'name'],
    values: ['count'],
    collectionKey: ['/id', '/name'],
  };
  assert.equal(only({ next: { ...rekeyed, backfill: 1 } }), 'replace');
  assert.equal(only({ last: { delta: true }, next: { backfill: 1 } }), 'replace');
  assert.equal(only({ next: { backfill: 1 }, rules: { alwaysReplaceTables: true } }), 'replace');
  assert.equal(only({ next: { backfill: 1 }, rules: { canTruncate: false } }), 'replace');
  assert.equal(only({ next: { backfill: 1 }, rules: { mustReplace: () => true } }), 'replace');
});

test('rows that are to be kept are kept: no truncation, changes still, and an error where a drop is needed', () => {
  const retain = { retainExistingData: true };
  assert.equal(only({ next: { backfill: 1 }, rules: retain }), 'update');
  assert.equal(only({ next: { backfill: 1, values: ['name'] }, rules: retain }), 'update, nullable count');
  const misfit = [id, projection('name', { types: ['boolean'] }), count, ROOT];
  assert.throws(() => planned({ next: { fields: misfit, backfill: 1 }, rules: retain }), {
    code: 'MATERIALIZE_BACKFILL_WOULD_DROP',
    message: /public\.rows/,
  });
});

test('tables that change and keep their rows are drained first, by the state keys they had', () => {
  const drained = (sample: Case) => planned(sample).drainStateKeys;
  assert.deepEqual(drained({}), []);
  assert.deepEqual(drained({ next: { values: ['name'] } }), ['public%2Frows']);
  assert.deepEqual(drained({ next: { delta: true } }), ['public%2Frows']);
  assert.deepEqual(drained({ next: { backfill: 1, values: ['name'] } }), []);
  assert.deepEqual(drained({ next: { backfill: 1 }, rules: { alwaysReplaceTables: true } }), []);
  assert.deepEqual(
    drained({ last: { backfill: 1 }, next: { backfill: 2 }, rules: { retainExistingData: true } }),
    ['public%2Frows.v1'],
  );
  assert.deepEqual(drained({ last: 'none', next: { values: ['name'] } }), []);
});

test('namespaces that are missing are named once, and truncations come before everything else', () => {
  const other = { ...SAMPLE, path: ['sales', 'a'] };
  const { namespaces, steps } = plan(
    spec([
      other,
      { ...SAMPLE, path: ['sales', 'b'] },
      { ...SAMPLE, backfill: 1 },
      { ...SAMPLE, path: ['bare'] },
    ]),
    spec([SAMPLE]),
    info([table(SAMPLE)]),
    rules(),
  );
  assert.deepEqual(namespaces, ['sales']);
  assert.deepEqual(
    steps.map((step) => `${step.kind} ${step.binding.resourcePath.join('.')} ${step.index}`),
    ['truncate public.rows 2', 'create sales.a 0', 'create sales.b 1', 'create bare 3'],
  );
});

test('an info schema finds tables, columns and namespaces by translated and folded names', () => {
  const found = new InfoSchema(
    {
      ...IDENTICAL_NAMING,
      locate: (path) => path.slice(-1),
      translateNamespace: (each) => each.trim(),
      translateField: (field) => field.replaceAll(' ', '_'),
      caseInsensitiveResources: true,
    },
    {
      namespaces: ['Public'],
      resources: [{ location: ['ROWS'], fields: [column('a_b', 'text'), column('c', 'text')] }],
    },
  );
  assert.ok(found.hasNamespace(' public '));
  assert.ok(!found.hasNamespace('private'));
  assert.deepEqual(found.resource(['public', 'rows'])?.location, ['ROWS']);
  assert.equal(found.resource(['public', 'other']), undefined);
  assert.equal(found.field(['rows'], 'a b')?.name, 'a_b');
  assert.equal(found.field(['rows'], 'A b'), undefined);
  assert.deepEqual(
    found.unselectedFields(['rows'], ['a b']).map((field) => field.name),
    ['c'],
  );
  assert.deepEqual(found.ambiguousResourcePaths([['x', 'rows'], ['y', 'Rows'], ['z']]), [
    ['x', 'rows'],
    ['y', 'Rows'],
  ]);
});

test('a table with the same column twice is a defect of the catalogue query, not a table', () => {
  const twice = { location: ['rows'], fields: [column('a', 'text'), column('A', 'text')] };
  assert.throws(
    () => new InfoSchema({ ...IDENTICAL_NAMING, caseInsensitiveFields: true }, { resources: [twice] }),
    /has two fields A/,
  );
  assert.ok(new InfoSchema(IDENTICAL_NAMING, { resources: [twice, twice] }).resource(['rows']));
});
