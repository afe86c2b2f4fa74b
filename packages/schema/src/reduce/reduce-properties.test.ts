/* oxlint-disable unicorn/no-thenable -- a keyword of JSON Schema */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  compareStrings,
  equalJson,
  isJsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../json/index.ts';
import { applyMergePatch, compileReducer, composeMergePatches, type Reducer } from './index.ts';

// A document of every strategy that claims to be associative, below a merged root that deletes.
const schema = {
  reduce: { strategy: 'merge' },
  if: { properties: { op: { const: 'd' } }, required: ['op'] },
  then: { properties: { conditional: { reduce: { strategy: 'sum' } } } },
  properties: {
    first: { reduce: { strategy: 'firstWriteWins' } },
    last: { reduce: { strategy: 'lastWriteWins' } },
    total: { reduce: { strategy: 'sum' } },
    least: { reduce: { strategy: 'minimize' } },
    most: {
      reduce: { strategy: 'maximize', key: ['/k'] },
      properties: { n: { reduce: { strategy: 'sum' } } },
    },
    log: { reduce: { strategy: 'append' } },
    members: { reduce: { strategy: 'set', key: [''] } },
    counts: {
      reduce: { strategy: 'set' },
      properties: { add: { additionalProperties: { reduce: { strategy: 'sum' } } } },
    },
    items: {
      reduce: { strategy: 'merge', key: ['/k'] },
      items: { reduce: { strategy: 'merge' }, properties: { n: { reduce: { strategy: 'sum' } } } },
    },
    nested: { reduce: { strategy: 'merge' }, properties: { total: { reduce: { strategy: 'sum' } } } },
  },
};
const reducer = compileReducer(JSON.stringify(schema));

const integer = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.bigInt({ min: 2n ** 53n, max: 2n ** 58n }));
const sortedSet = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')).map((members) => members.sort());
const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 9 }), {
  noNullPrototype: true,
});
const setOf = <T>(term: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.oneof(
    fc.record({ add: term }, { noNullPrototype: true }),
    fc.record({ add: term, intersect: term }, { noNullPrototype: true }),
    fc.record({ add: term, remove: term }, { noNullPrototype: true }),
  );
const items = fc
  .uniqueArray(fc.integer({ min: 0, max: 5 }))
  .chain((keys) =>
    fc.tuple(
      ...keys
        .sort((a, b) => a - b)
        .map((k) => fc.record({ k: fc.constant(k), n: integer }, { noNullPrototype: true })),
    ),
  );
const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.boolean());
const document = fc
  .record(
    {
      op: fc.constantFrom('c', 'u'),
      first: leaf,
      last: leaf,
      total: integer,
      least: fc.integer({ min: -3, max: 3 }),
      most: fc.record({ k: fc.integer({ min: 0, max: 2 }), n: integer }, { noNullPrototype: true }),
      log: fc.array(fc.integer(), { maxLength: 3 }),
      members: setOf(sortedSet),
      counts: setOf(counts),
      items,
      nested: fc.record({ total: integer, x: leaf, y: leaf }, { requiredKeys: [], noNullPrototype: true }),
      unknown: fc.jsonValue(),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .map((value) => parseJson(stringifyJson(value as JsonValue)));

function combine(left: JsonValue, right: JsonValue, full: boolean, by: Reducer = reducer): JsonValue {
  const result = by.reduce(left, right, full);
  assert.ok(result !== 'not-associative');
  return result.value;
}

function assertEqual(actual: JsonValue, expected: JsonValue): void {
  assert.ok(equalJson(actual, expected), `${stringifyJson(actual)} is not ${stringifyJson(expected)}`);
}

function assertSorted(value: JsonValue): void {
  if (Array.isArray(value)) value.forEach(assertSorted);
  if (!isJsonObject(value)) return;
  const names = Object.keys(value);
  assert.deepEqual(names, [...names].sort(compareStrings));
  Object.values(value).forEach(assertSorted);
}

test('partial reductions are associative', () => {
  fc.assert(
    fc.property(document, document, document, (a, b, c) => {
      assertEqual(combine(combine(a, b, false), c, false), combine(a, combine(b, c, false), false));
    }),
  );
});

test('reducing changes into the root one by one equals reducing their combination', () => {
  fc.assert(
    fc.property(document, fc.array(document, { minLength: 1, maxLength: 5 }), (root, changes) => {
      // The root of a key is itself the outcome of a full reduction.
      const start = combine({}, root, true);
      const oneByOne = changes.reduce((value, change) => combine(value, change, true), start);
      const together = combine(
        start,
        changes.reduce((value, change) => combine(value, change, false)),
        true,
      );
      assertEqual(oneByOne, together);
    }),
  );
});

test('reducing bytes equals reducing values, for sorted and unsorted documents', () => {
  fc.assert(
    fc.property(document, document, fc.boolean(), (left, right, full) => {
      const bytes = reducer.reduceBytes(
        Buffer.from(stringifyJson(left)),
        Buffer.from(stringifyJson(right)),
        full,
      );
      const value = reducer.reduce(left, right, full);
      assert.ok(bytes !== 'not-associative' && value !== 'not-associative');
      assertEqual(parseJson(bytes.value), value.value);
      assert.equal(bytes.deleted, value.deleted);
    }),
  );
});

test('reducing bytes equals reducing values for any two JSON objects under a shallow merge', () => {
  const shallow = compileReducer(
    JSON.stringify({
      if: { properties: { _meta: { properties: { op: { const: 'd' } } } } },
      then: { reduce: { strategy: 'merge', delete: true } },
      else: { reduce: { strategy: 'merge' } },
      properties: {
        _meta: {
          reduce: { strategy: 'merge' },
          properties: { before: { reduce: { strategy: 'firstWriteWins' } } },
        },
      },
    }),
  );
  const meta = fc.record(
    { op: fc.constantFrom('c', 'd'), before: fc.jsonValue(), source: fc.jsonValue() },
    { requiredKeys: [], noNullPrototype: true },
  );
  const row = fc
    .tuple(fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue()), fc.option(meta, { nil: undefined }))
    .map(([columns, _meta]) => JSON.stringify(_meta === undefined ? columns : { ...columns, _meta }));
  const space = fc.constantFrom(undefined, 1, '\t');
  fc.assert(
    fc.property(row, row, space, fc.boolean(), (leftText, rightText, indent, full) => {
      const left = JSON.stringify(JSON.parse(leftText), undefined, indent);
      const right = JSON.stringify(JSON.parse(rightText), undefined, indent);
      const bytes = shallow.reduceBytes(Buffer.from(left), Buffer.from(right), full);
      const value = shallow.reduce(parseJson(left), parseJson(right), full);
      assert.ok(bytes !== 'not-associative' && value !== 'not-associative');
      assertEqual(parseJson(bytes.value), value.value);
      assert.equal(bytes.deleted, value.deleted);
    }),
  );
});

test('a merge of objects is sorted, whatever the order they came in', () => {
  const merge = compileReducer(
    JSON.stringify({
      reduce: { strategy: 'merge' },
      additionalProperties: { reduce: { strategy: 'merge' } },
    }),
  );
  // JavaScript itself puts names that look like array indices first, so names here have none.
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '_', 'é', '\uffff', '😀') });
  const object = fc.dictionary(name, fc.dictionary(name, fc.constant(1)), { noNullPrototype: true });
  fc.assert(
    fc.property(object, object, (left, right) => {
      const value = combine(left, combine({}, right, true, merge), true, merge);
      assert.ok(isJsonObject(value));
      assert.deepEqual(Object.keys(value), Object.keys(value).sort(compareStrings));
      for (const each of Object.keys(right)) assertSorted(value[each] ?? null);
    }),
  );
});

test('sums of integers are exact or overflow, as a model of unbounded integers says', () => {
  const totals = compileReducer(JSON.stringify({ reduce: { strategy: 'sum' } }));
  const any = fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n });
  fc.assert(
    fc.property(any, any, (left, right) => {
      const total = left + right;
      const sum = (): JsonValue => combine(parseJson(String(left)), parseJson(String(right)), true, totals);
      if (total < -(2n ** 63n) || total > 2n ** 64n - 1n) assert.throws(sum, /numeric overflow/);
      else assert.equal(stringifyJson(sum()), String(total));
    }),
  );
});

test('sums of decimal strings are exact, as a model of scaled integers says', () => {
  const totals = compileReducer(JSON.stringify({ reduce: { strategy: 'sum' } }));
  const cents = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  const print = (value: bigint): string => {
    const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
    return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  };
  fc.assert(
    fc.property(cents, cents, (left, right) => {
      assert.equal(combine(print(left), print(right), true, totals), print(left + right));
    }),
  );
});

test('set changes act on a set as their definition says', () => {
  const sets = compileReducer(JSON.stringify({ reduce: { strategy: 'set', key: [''] } }));
  const change = setOf(sortedSet);
  fc.assert(
    fc.property(sortedSet, fc.array(change, { minLength: 1, maxLength: 4 }), (start, changes) => {
      const model = changes.reduce((members, { add = [], intersect, remove = [] }) => {
        const kept = [...members].filter(
          (each) => (intersect?.includes(each) ?? true) && !remove.includes(each),
        );
        return new Set([...kept, ...add]);
      }, new Set(start));
      const combined = changes.reduce<JsonValue>(
        (value, each) => (value === null ? each : combine(value, each, false, sets)),
        null,
      );
      assert.deepEqual(combine({ add: start }, combined, true, sets), { add: [...model].sort() });
    }),
  );
});

const patch: fc.Arbitrary<JsonValue> = fc.letrec<{ patch: JsonValue }>((tie) => ({
  patch: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, 1, 'x', true),
    fc.array(fc.integer(), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('patch'), { noNullPrototype: true }),
  ),
})).patch;

/** The algorithm of RFC 7396 §2, on a copy. */
function model(target: JsonValue | undefined, change: JsonValue): JsonValue {
  if (!isJsonObject(change)) return change;
  const result = isJsonObject(target) ? structuredClone(target) : {};
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete result[name];
    else result[name] = model(result[name], value);
  }
  return result;
}

test('a merge patch acts as RFC 7396 says, and without a state it becomes the state', () => {
  fc.assert(
    fc.property(patch, patch, (state, change) => {
      const before = stringifyJson(state);
      assert.deepEqual(applyMergePatch(state, change), model(state, change));
      assert.equal(stringifyJson(state), before);
    }),
  );
  assert.deepEqual(applyMergePatch(undefined, { a: null }), { a: null });
  assert.equal(
    stringifyJson(applyMergePatch({ lsn: 1 }, parseJson('{"lsn":9007199254740993}'))),
    '{"lsn":9007199254740993}',
  );
});

test('a composed patch has the effect of its parts in a row', () => {
  let composed = 0;
  fc.assert(
    fc.property(patch, patch, patch, (state, first, second) => {
      const both = composeMergePatches(first, second);
      if (both === undefined) return;
      composed += 1;
      assert.deepEqual(applyMergePatch(state, both), applyMergePatch(applyMergePatch(state, first), second));
    }),
  );
  assert.ok(composed > 0);
  assert.deepEqual(composeMergePatches({ a: 1, b: { c: null } }, { a: null, b: { d: 2 } }), {
    a: null,
    b: { c: null, d: 2 },
  });
  assert.equal(composeMergePatches({ a: null }, { a: { b: 1 } }), undefined);
});
