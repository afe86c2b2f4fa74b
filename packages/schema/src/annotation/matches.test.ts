/* oxlint-disable unicorn/no-thenable -- a keyword of JSON Schema */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ExactNumber, type JsonValue, parseJson } from '../json/index.ts';
import { compileSchema } from '../validate/index.ts';
import { matches } from './matches.ts';
import { schemaGraph, type SchemaNode } from './schema-graph.ts';

const graphOf = (schema: object | boolean): SchemaNode<unknown> =>
  schemaGraph(JSON.stringify(schema), 'reduce', (value) => value);

const SCHEMAS: readonly (object | boolean)[] = [
  true,
  false,
  ...['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'].map((type) => ({ type })),
  { type: ['string', 'null'] },
  { const: { a: [1] } },
  { enum: [1, 'a', null, [], { a: 1 }] },
  { minimum: 1, maximum: 3 },
  { exclusiveMinimum: 1, exclusiveMaximum: 3 },
  { multipleOf: 0.5 },
  { minLength: 1, maxLength: 2 },
  { pattern: '^a' },
  { format: 'date' },
  { format: 'integer' },
  { format: 'made-up' },
  { minItems: 1, maxItems: 2 },
  { items: { type: 'integer' } },
  { items: [{ type: 'string' }], additionalItems: { type: 'integer' } },
  { prefixItems: [{ type: 'string' }], items: false },
  { contains: { const: 1 } },
  { contains: { type: 'integer' }, minContains: 2, maxContains: 2 },
  { uniqueItems: true },
  { required: ['a'] },
  { properties: { a: { type: 'integer' }, b: false } },
  { properties: { a: true }, additionalProperties: false },
  { patternProperties: { '^a': { type: 'integer' } }, additionalProperties: { type: 'string' } },
  { minProperties: 1, maxProperties: 1 },
  { propertyNames: { maxLength: 1 } },
  { dependentRequired: { a: ['b'] } },
  { dependencies: { a: { required: ['b'] } } },
  { allOf: [{ required: ['a'] }, { required: ['b'] }] },
  { anyOf: [{ type: 'string' }, { minimum: 2 }] },
  { oneOf: [{ type: 'number' }, { minimum: 2 }] },
  { not: { type: 'object' } },
  { if: { required: ['a'] }, then: { required: ['b'] }, else: { type: 'string' } },
  { $ref: '#/$defs/x', minimum: 2, $defs: { x: { type: 'integer' } } },
  { properties: { a: { $ref: '#' } }, required: ['b'] },
  { $defs: { t: { $anchor: 'tree', type: 'object' } }, $ref: '#tree' },
];

test('a value matches exactly when validation accepts it', () => {
  const value = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(
        null,
        true,
        0,
        1,
        2,
        3,
        1.5,
        0.25,
        'a',
        'ab',
        'abc',
        '',
        '2024-02-29',
        '2024-02-30',
        '12',
        '😀',
      ),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'ab'), tie('any'), { noNullPrototype: true }),
    ),
  })).any;
  for (const schema of SCHEMAS) {
    const node = graphOf(schema);
    const compiled = compileSchema(JSON.stringify(schema));
    fc.assert(
      fc.property(value, (document) => {
        const label = `${JSON.stringify(schema)} on ${JSON.stringify(document)}`;
        assert.equal(matches(node, document as JsonValue), compiled.validate(document) === undefined, label);
      }),
    );
  }
});

test('numbers that no double holds are compared exactly', () => {
  const above = graphOf({ const: 1 });
  assert.ok(!matches(above, new ExactNumber('1.00000000000000000001')));
  const bounded = schemaGraph('{"minimum":9007199254740993}', 'reduce', (value) => value);
  assert.ok(matches(bounded, parseJson('9007199254740993')));
  assert.ok(!matches(bounded, parseJson('9007199254740992')));
  assert.ok(matches(graphOf({ type: 'integer', multipleOf: 2 }), 2n ** 60n));
  assert.ok(!matches(graphOf({ multipleOf: 2 }), 2n ** 60n + 1n));
  assert.ok(matches(graphOf({ type: 'number' }), new ExactNumber('0.1000000000000000000001')));
});

test('only nodes that lead to an annotation are relevant', () => {
  const root = graphOf({
    $defs: { unused: { reduce: 1 }, used: { properties: { x: { reduce: 1 } } } },
    properties: { a: { $ref: '#/$defs/used' }, b: { type: 'string' } },
  });
  const relevant = (pointer: string): boolean | undefined => root.children.get(pointer)?.relevant;
  assert.equal(root.relevant, true);
  assert.equal(relevant('/properties/a'), true);
  assert.equal(relevant('/properties/b'), false);
  assert.equal(graphOf({ $defs: { unused: { reduce: 1 } } }).relevant, false);
});
