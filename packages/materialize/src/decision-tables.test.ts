// What validation says of every kind of field in every situation, and what a plan does about every kind of change: two tables to
// read. Why it is so is in the tests of constraints and of plans.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '@weir/protocol';
import { matchSnapshot } from '@weir/testing';
import {
  collection,
  column,
  info,
  projection,
  ROOT,
  rules,
  type SampleBinding,
  spec,
  table,
} from '../test/sample-table.ts';
import { constraints } from './constraints.ts';
import type { ExistingResource } from './info-schema.ts';
import { plan, type PlanStep } from './plan.ts';

/** A table of text, its columns as wide as they have to be. */
function rendered(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join(' | ')
        .trimEnd(),
    )
    .join('\n');
}

/** What is thrown for the whole binding is what each of its fields gets. */
function orCode<T>(decide: () => T): T | string {
  try {
    return decide();
  } catch (error) {
    assert.ok(error instanceof WeirError, String(error));
    return error.code;
  }
}

const fields = [
  projection('id', { key: true, types: ['integer'] }),
  projection('second', { key: true }),
  ROOT,
  projection('other_root', { ptr: '', types: ['object'], must: true }),
  projection('always', { must: true }),
  projection('maybe'),
  projection('decimal', { types: ['string', 'number'], format: 'number' }),
  projection('object', { types: ['object'] }),
  projection('list', { types: ['array'] }),
  projection('several', { types: ['integer', 'string'] }),
  projection('only_null', { types: ['null'] }),
  projection('no_types', { types: [] }),
  projection('_meta/op', { ptr: '/_meta/op' }),
  projection('_meta/uuid', { ptr: '/_meta/uuid' }),
];
const collectionKey = ['/id', '/second'];
const values = ['always', 'maybe', 'decimal', 'object', 'list', 'several', '_meta/op', '_meta/uuid'];
const all: SampleBinding = { fields, collectionKey, keys: ['id', 'second'], values };
const least: SampleBinding = { ...all, keys: ['id'], values: [] };

interface Situation {
  readonly delta?: boolean;
  readonly noDocument?: boolean;
  readonly backfill?: number;
  readonly last?: SampleBinding;
  readonly there?: ExistingResource;
  readonly allowed?: boolean;
}

/** Every column of a type that no field needs. */
const ofOddTypes = table(
  all,
  [...values, 'id', 'second', 'flow_document'].map((name) => column(name, 'odd')),
);
const delta: SampleBinding = { ...all, delta: true };
const keyAsValue: SampleBinding = { ...all, keys: ['id'], values: [...values, 'second'] };
const oldRoot = projection('old_root', { ptr: '', types: ['object'], must: true });
const renamed: SampleBinding = { ...all, fields: [...fields, oldRoot], document: 'old_root' };
const withoutDocument: SampleBinding = { ...all, document: '' };

const situations: Readonly<Record<string, Situation>> = {
  new: {},
  'new, delta': { delta: true },
  'new, no document': { noDocument: true },
  again: { last: all, there: table(all) },
  'again, delta': { delta: true, last: delta, there: table(delta) },
  'again, no document': { noDocument: true, last: withoutDocument, there: table(withoutDocument) },
  'to delta': { delta: true, last: all, there: table(all) },
  'from delta': { last: delta, there: table(delta) },
  'of one key and no values': { last: least, there: table(least) },
  'made without a document': { last: withoutDocument, there: table(withoutDocument) },
  'a key that was a value': { last: keyAsValue, there: table(keyAsValue) },
  'and its column is gone': { last: keyAsValue, there: table(least) },
  'the document had another name': { last: renamed, there: table(renamed) },
  'other types': { last: all, there: ofOddTypes },
  'other types, backfill': { backfill: 1, last: all, there: ofOddTypes },
  'table of somebody else': { there: table(all) },
  'the same, allowed': { allowed: true, there: table(all) },
  'allowed, other types': { allowed: true, there: ofOddTypes },
  'allowed, values of other types': {
    allowed: true,
    there: table(
      all,
      values.map((name) => column(name, 'odd')),
    ),
  },
  'table gone': { last: all },
};

function constraintsIn({
  delta: deltaUpdates = false,
  backfill = 0,
  ...more
}: Situation): (field: string) => string {
  const found = orCode(() =>
    constraints(
      {
        resourcePath: ['public', 'rows'],
        collection: collection(fields, collectionKey),
        fieldConfig: {},
        deltaUpdates,
        backfill,
        groupBy: [],
      },
      more.last === undefined ? undefined : spec([more.last]),
      info(more.there === undefined ? [] : [more.there]),
      rules({ noFlowDocument: more.noDocument === true, allowExistingTables: more.allowed === true }),
    ),
  );
  if (typeof found === 'string') return () => found;
  return (field) =>
    found
      .filter((each) => each.field === field)
      .map(({ constraint }) => constraint.type)
      .join(' + ');
}

test('the constraint of every kind of field in every situation is that of the table', () => {
  const rows = [['', ...fields.map(({ field }) => field)]];
  for (const [name, situation] of Object.entries(situations)) {
    const of = constraintsIn(situation);
    rows.push([name, ...fields.map(({ field }) => of(field))]);
  }
  const transposed = (rows[0] ?? []).map((_, at) => rows.map((row) => row[at] ?? ''));
  const parts = [1, 5, 9, 13, 17].map((from) =>
    rendered(transposed.map(([field = '', ...cells]) => [field, ...cells.slice(from - 1, from + 3)])),
  );
  matchSnapshot(import.meta.url, 'constraints', parts.join('\n\n'));
});

const before: SampleBinding = {
  fields: [
    projection('id', { key: true, types: ['integer'] }),
    projection('name', { must: true }),
    projection('count', { types: ['integer'], must: true }),
    ROOT,
  ],
  values: ['count', 'name'],
};

/** The binding as it was, with one field in place of another. */
function changed(field: string, sample: Parameters<typeof projection>[1]): Partial<SampleBinding> {
  return { fields: before.fields.map((each) => (each.field === field ? projection(field, sample) : each)) };
}

const changes: Readonly<Record<string, Partial<SampleBinding>>> = {
  nothing: {},
  'a field more': { fields: [...before.fields, projection('more')], values: ['count', 'more', 'name'] },
  'a field less': { values: ['name'] },
  'a field may be missing': changed('name', {}),
  'a type that widens': changed('count', { must: true }),
  'a type that does not': changed('name', { types: ['boolean'], must: true }),
  'another type of the key': changed('id', { key: true }),
  'another key of the table': { keys: ['id', 'name'], values: ['count'] },
  'another key of the collection': {
    ...changed('name', { key: true }),
    collectionKey: ['/name'],
    keys: ['name'],
    values: ['count'],
  },
  'delta updates': { delta: true },
};

const ways: Readonly<
  Record<string, { readonly backfill: number; readonly rules: Parameters<typeof rules>[0] }>
> = {
  'no backfill': { backfill: 0, rules: {} },
  backfill: { backfill: 1, rules: {} },
  'backfill, rows kept': { backfill: 1, rules: { retainExistingData: true } },
  'backfill, always anew': { backfill: 1, rules: { alwaysReplaceTables: true } },
  'backfill, no TRUNCATE': { backfill: 1, rules: { canTruncate: false } },
};

function brief(step: PlanStep | undefined): string {
  if (step === undefined) return '–';
  if (step.kind === 'create' || step.kind === 'replace') return step.kind;
  const { addFields, dropNotNull, migrate, newlyDelta } = step.changes;
  return [
    step.kind,
    ...addFields.map(({ field }) => `add ${field}`),
    ...dropNotNull.map(({ name }) => `nullable ${name}`),
    ...migrate.map(({ projection: { field } }) => `migrate ${field}`),
    ...(newlyDelta ? ['drop the key'] : []),
  ].join(', ');
}

test('the plan for every kind of change in every way is that of the table', () => {
  const rows = Object.entries(changes).map(([name, change]) => [
    name,
    ...Object.values(ways).map(({ backfill, rules: given }) => {
      const found = orCode(() =>
        plan(spec([{ ...before, ...change, backfill }]), spec([before]), info([table(before)]), rules(given)),
      );
      if (typeof found === 'string') return found;
      assert.ok(found.steps.length <= 1);
      const warned = found.warnings.length === 0 ? '' : ' (warns)';
      return `${brief(found.steps[0])}${warned}`;
    }),
  ]);
  matchSnapshot(import.meta.url, 'plans', rendered([['', ...Object.keys(ways)], ...rows]));
});
