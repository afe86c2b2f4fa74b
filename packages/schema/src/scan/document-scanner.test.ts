import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type JsonObject, type JsonValue, parseJson, resolvePointer, stringifyJson } from '../json/index.ts';
import { shapeFromSchema } from '../shape/from-schema.ts';
import { cloneShape, nothing } from '../shape/shape.ts';
import { widen } from '../shape/widen.ts';
import { compileSchema } from '../validate/index.ts';
import { DocumentScanner } from './document-scanner.ts';
import { anyValue, bothRules } from './rule.ts';
import { ruleFromSchema } from './rule-from-schema.ts';
import { ruleFromShape } from './rule-from-shape.ts';

const names = ['a', 'id', 'name', 'é', 'sp ace', 'q"uote', 'constructor'];
const name = fc.constantFrom(...names);
const texts = [
  '',
  'c',
  'plain text',
  'zürich 𝄞',
  'tab\there "and" \\',
  '12',
  '-0',
  '007',
  '1.50',
  '2024-02-29',
  '2023-02-29',
  '2024-12-31',
  '2024-01-02T03:04:05Z',
  '2024-01-02T03:04:60Z',
  '2024-01-02T03:04:05.123+01:00',
  '2024-01-02T03:04:05.Z',
  '12:00:00Z',
  '109c7a4a-e6dc-11f1-8000-07f85cbe489c',
];
const text = fc.oneof(fc.constantFrom(...texts), fc.string({ maxLength: 12, unit: 'grapheme' }));
const numeral = fc.constantFrom(
  '0',
  '-0',
  '7',
  '-12',
  '3.25',
  '1.0',
  '0.1',
  '1e2',
  '123456789012345',
  '1234567890123456',
  '9007199254740993',
  '0.30000000000000004',
  '-99.99',
  '1.5E-3',
  '100',
  '1000.5',
);

/** JSON text, so that numerals of every spelling and names in any order occur. */
const { json } = fc.letrec<{ json: string; object: string; array: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    text.map((value) => JSON.stringify(value)),
    numeral,
    fc.constantFrom('true', 'false', 'null', '"\\u0063"', '"\\ud83d\\ude00"'),
    tie('object'),
    tie('array'),
  ),
  array: fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  object: fc.array(fc.tuple(name, tie('json')), { maxLength: 5 }).map(objectText),
}));

function objectText(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

const document = fc.array(fc.tuple(name, json), { maxLength: 6 }).map(objectText);

const leafSchema: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constant<JsonValue>({}),
  fc.constant(true),
  fc
    .constantFrom('string', 'integer', 'number', 'null', 'boolean', 'array', 'object')
    .map((type) => ({ type })),
  fc.record({
    type: fc.constantFrom<JsonValue>('string', ['string', 'null'], ['number', 'string']),
    format: fc.constantFrom(
      'date',
      'date-time',
      'integer',
      'number',
      'uuid',
      'time',
      'email',
      'anything-else',
    ),
  }),
  fc.record({ minLength: fc.nat(3), maxLength: fc.integer({ min: 2, max: 12 }) }),
  fc.record({ minimum: fc.integer({ min: -20, max: 5 }), maximum: fc.integer({ min: 0, max: 200 }) }),
  fc.record({
    enum: fc.subarray<JsonValue>(['c', 'plain text', 7, null, true, 'zürich 𝄞', {}], { minLength: 1 }),
  }),
  fc.constant<JsonValue>({ const: 'c' }),
);

const { schema } = fc.letrec<{ schema: JsonValue }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leafSchema,
    fc.record(
      {
        type: fc.constantFrom<JsonValue>('object', ['object', 'null']),
        properties: fc.dictionary(name, tie('schema'), { maxKeys: 4 }),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        additionalProperties: tie('schema'),
        allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        if: leafSchema,
        then: fc.constant({ title: 'an annotation' }),
        $defs: fc.constant({ x: { type: 'integer' } }),
      },
      { requiredKeys: ['properties'] },
    ),
    fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(1), maxItems: fc.nat(3) }),
  ),
}));

const pointers = [['id'], ['a', 'name'], ['é'], ['a', 'id', 'name'], ['constructor']];

test('what the scanner accepts is valid under the schema, and its slots hold what the parser finds', () => {
  let accepted = 0;
  fc.assert(
    fc.property(schema, document, (raw, source) => {
      const schemaText = stringifyJson({ allOf: [raw] });
      const rule = ruleFromSchema(schemaText);
      assert.notEqual(rule, undefined);
      const scanner = rule && DocumentScanner.of(rule, pointers);
      if (scanner?.scan(Buffer.from(source)) !== true) return;
      accepted += 1;
      assert.equal(compileSchema(schemaText).validate(JSON.parse(source)), undefined);
      const value = parseJson(source);
      for (const [slot, pointer] of pointers.entries()) {
        assert.deepEqual(scanner.slotValue(slot), resolvePointer(value, pointer));
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(accepted > 20, `only ${accepted} were accepted`);
});

test('what the scanner accepts by the rule of a shape does not widen the shape', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 4 }), document, (seen, source) => {
      const shape = nothing();
      for (const each of seen) widen(shape, parseJson(each));
      const rule = ruleFromShape(shape);
      const scanner = rule && DocumentScanner.of(rule, []);
      for (const each of [...seen, source]) {
        if (scanner?.scan(Buffer.from(each)) !== true) continue;
        accepted += 1;
        assert.equal(widen(cloneShape(shape), parseJson(each)), false);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(accepted > 100, `only ${accepted} were accepted`);
});

test('what the scanner accepts by the rule of a sourced schema does not widen its shape', () => {
  fc.assert(
    fc.property(schema, document, (raw, source) => {
      const shape = cloneShape(shapeFromSchema(raw));
      const rule = ruleFromShape(shape);
      const scanner = rule && DocumentScanner.of(rule, []);
      if (scanner?.scan(Buffer.from(source)) !== true) return;
      assert.equal(widen(cloneShape(shape), parseJson(source)), false);
    }),
    { numRuns: 300 },
  );
});

test('bytes that are not the text of one JSON object are never accepted', () => {
  const scanner = DocumentScanner.of(anyValue, []);
  fc.assert(
    fc.property(document, fc.nat(), fc.integer({ min: 0, max: 255 }), (source, place, byte) => {
      const bytes = Buffer.from(source);
      bytes[place % bytes.length] = byte;
      if (scanner?.scan(bytes) !== true) return;
      const decoded = new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(bytes);
      assert.equal(typeof JSON.parse(decoded), 'object');
    }),
    { numRuns: 2000 },
  );
});

test('a document among others is read within its borders, and as it would be alone', () => {
  const pointers = names.map((each) => [each]);
  fc.assert(
    fc.property(schema, document, fc.nat({ max: 9 }), fc.nat({ max: 3 }), (raw, source, before, cut) => {
      const rule = ruleFromSchema(stringifyJson(raw));
      const alone = rule && DocumentScanner.of(rule, pointers);
      const amid = rule && DocumentScanner.of(rule, pointers);
      if (alone === undefined || amid === undefined) return;
      const bytes = Buffer.from(source);
      const end = Math.max(0, bytes.length - cut);
      const around = Buffer.concat([Buffer.alloc(before, '"'), bytes, Buffer.from('"a":1}')]);
      const accepted = alone.scan(Buffer.from(bytes.subarray(0, end)));
      assert.equal(amid.scan(around, before, before + end), accepted);
      if (!accepted) return;
      const valuesOf = (scanner: DocumentScanner) => pointers.map((_, slot) => scanner.slotValue(slot));
      assert.deepEqual(valuesOf(amid), valuesOf(alone));
    }),
    { numRuns: 500 },
  );
});

test('documents as connectors write them are accepted, whatever their white space and the order of their properties', () => {
  const schemaText = JSON.stringify({
    $defs: {
      Row: { $anchor: 'Row', type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
    },
    allOf: [
      {
        if: { properties: { op: { const: 'd' } } },
        then: { reduce: { strategy: 'merge', delete: true } },
        properties: { op: { enum: ['c', 'u', 'd'] }, at: { type: 'string', format: 'date-time' } },
      },
      { $ref: '#Row' },
    ],
  });
  const rule = ruleFromSchema(schemaText);
  assert.ok(rule !== undefined);
  const shape = nothing();
  widen(shape, parseJson('{"id":12,"op":"c","at":"2024-01-02T03:04:05Z","note":"zürich"}'));
  const shapeRule = ruleFromShape(shape);
  assert.ok(shapeRule !== undefined);
  const scanner = DocumentScanner.of(bothRules(rule, shapeRule), [['id'], ['note']]);
  assert.ok(scanner !== undefined);
  for (const source of [
    '{"id":13,"op":"u","at":"2024-12-30T23:59:59.5Z","note":"münchen"}',
    ' { "op" : "u" , "note" : "say \\"hi\\"", "id" : 99 , "at": "2024-12-31T23:59:59+02:00"}\n',
  ]) {
    assert.equal(scanner.scan(Buffer.from(source)), true, source);
    const { id, note } = JSON.parse(source) as JsonObject;
    assert.deepEqual([scanner.slotValue(0), scanner.slotValue(1)], [id, note]);
  }
  for (const source of [
    '{"id":13,"id":13,"op":"u","at":"2024-12-30T23:59:59Z","note":"ab"}',
    '{"id":1.5,"op":"u","at":"2024-12-30T23:59:59Z","note":"ab"}',
    '{"id":13,"op":"x","at":"2024-12-30T23:59:59Z","note":"ab"}',
    '{"id":13,"op":"u","at":"yesterday","note":"ab"}',
    '{"id":13,"op":"u","at":"2024-12-30T23:59:59Z"}',
    '{"id":13,"op":"u","at":"2024-12-30T23:59:59Z","note":"ab","more":1}',
  ]) {
    assert.equal(scanner.scan(Buffer.from(source)), false, source);
  }
});

test('schemas that a rule cannot express have none', () => {
  for (const keyword of ['anyOf', 'oneOf', 'not', 'pattern', 'uniqueItems', 'patternProperties']) {
    assert.equal(
      ruleFromSchema(JSON.stringify({ properties: { a: { [keyword]: [] } } })),
      undefined,
      keyword,
    );
  }
  assert.equal(ruleFromSchema('{"if":{"type":"object"},"then":{"required":["id"]}}'), undefined);
  assert.equal(ruleFromSchema('{"properties":{"child":{"$ref":"#"}}}'), undefined);
});
