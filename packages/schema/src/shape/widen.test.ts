import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseJson } from '../json/parse.ts';
import { canonicalJson, stringifyJson } from '../json/stringify.ts';
import type { JsonValue } from '../json/value.ts';
import { compileSchema } from '../validate/compile-schema.ts';
import { roundDown, roundUp } from './bounds.ts';
import { union } from './combine.ts';
import {
  applySourcedSchemas,
  emptyInferredSchema,
  inferredSchemaFromText,
  inferredSchemaText,
  mergeInferredSchemas,
  widenInferredSchema,
} from './inferred-schema.ts';
import { countLocations, DEFAULT_COMPLEXITY, enforceLimits, MAX_COMPLEXITY } from './limits.ts';
import { anything, cloneShape, nothing, type Shape } from './shape.ts';
import { shapeFromSchema } from './from-schema.ts';
import { detectFormat } from './string-format.ts';
import { shapeToSchema } from './to-schema.ts';
import { countCodePoints, shapeFromDocument, widen } from './widen.ts';

const formatted = fc.constantFrom(
  '12',
  '-3',
  '1.5',
  '1e9',
  '007',
  '2024-02-29',
  '2023-02-29',
  '2024-01-01T00:00:00Z',
  '2024-01-01T00:00:00.123+02:00',
  '12:00:00Z',
  '23:59:60Z',
  '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  '😀😀',
);
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map((value) => parseJson(String(value))),
  fc.string({ maxLength: 12 }),
  formatted,
);
const value = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 12 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'é'), tie('value'), { noNullPrototype: true }),
  ),
})).value;
const documents = fc.array(value, { minLength: 1, maxLength: 6 });

function infer(values: readonly JsonValue[]): Shape {
  const shape = nothing();
  for (const each of values) widen(shape, each);
  return shape;
}

function text(shape: Shape): string {
  return canonicalJson(shapeToSchema(shape));
}

describe('widening', () => {
  it('gives a schema that every document seen validates against', () => {
    fc.assert(
      fc.property(documents, (values) => {
        const schema = compileSchema(stringifyJson(shapeToSchema(infer(values))));
        for (const each of values) assert.equal(schema.validate(JSON.parse(stringifyJson(each))), undefined);
      }),
      { numRuns: 30 },
    );
  });

  it('says that it changed exactly when the schema changed, and is idempotent', () => {
    fc.assert(
      fc.property(documents, (values) => {
        const shape = nothing();
        for (const each of values) {
          const before = cloneShape(shape);
          const changed = widen(shape, each);
          assert.equal(changed, JSON.stringify(plain(before)) !== JSON.stringify(plain(shape)));
          assert.equal(widen(shape, each), false);
        }
      }),
    );
  });

  it('does not depend on the order of documents', () => {
    fc.assert(
      fc.property(documents, (values) => {
        assert.equal(text(infer(values)), text(infer(values.toReversed())));
      }),
    );
  });

  it('is the union of the shapes of the single documents', () => {
    fc.assert(
      fc.property(documents, (values) => {
        assert.deepEqual(plain(values.map(shapeFromDocument).reduce(union)), plain(infer(values)));
      }),
    );
  });

  it('is monotone: what fitted before still fits', () => {
    fc.assert(
      fc.property(documents, value, (values, another) => {
        const shape = infer(values);
        widen(shape, another);
        for (const each of values) assert.equal(widen(shape, each), false);
      }),
    );
  });

  it('infers closed objects, required properties, rounded bounds and formats', () => {
    const shape = infer([
      { id: 57, at: '2024-01-01T00:00:00Z', tags: ['a', 'bc'], n: '1' },
      { id: -3, at: '2024-01-02T00:00:00Z', tags: [], n: '1.5', note: null },
    ]);
    assert.deepEqual(shapeToSchema(shape), {
      additionalProperties: false,
      properties: {
        at: { format: 'date-time', maxLength: 100, minLength: 10, type: 'string' },
        id: { maximum: 100, minimum: -10, type: 'integer' },
        n: { format: 'number', maxLength: 10, minLength: 1, type: 'string' },
        note: { type: 'null' },
        tags: { items: { maxLength: 10, minLength: 1, type: 'string' }, maxItems: 10, type: 'array' },
      },
      required: ['at', 'id', 'n', 'tags'],
      type: 'object',
    });
  });

  it('keeps numbers past the range of doubles valid', () => {
    const shape = infer([parseJson('1e400'), parseJson('-123456789012345678901234567890')]);
    assert.deepEqual(shapeToSchema(shape), { minimum: -1e30, type: 'number' });
  });
});

describe('bounds', () => {
  it('enclose the value and are powers of ten', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt()), (bound) => {
        const [low, high] = [roundDown(bound), roundUp(bound)];
        assert.ok(low <= bound && bound <= high);
        for (const each of [low, high]) {
          assert.ok(
            each === 0 || !Number.isFinite(each) || /^-?1(0*|e\+\d+)$/.test(String(each)),
            String(each),
          );
          assert.ok(!Object.is(each, -0));
        }
      }),
    );
  });

  it('are tight on both sides of zero', () => {
    const cases = [
      [57, 10, 100],
      [100, 100, 100],
      [0.5, 0, 1],
      [0, 0, 0],
      [-57, -100, -10],
      [-0.5, -1, 0],
    ] as const;
    for (const [bound, low, high] of cases) assert.deepEqual([roundDown(bound), roundUp(bound)], [low, high]);
  });
});

describe('string formats', () => {
  it('are those of the examples', () => {
    const expected: Record<string, string> = {
      '12': 'integer',
      '-12': 'integer',
      '0': 'integer',
      '007': '',
      '+1': '',
      '1.5': 'number',
      '-1e-9': 'number',
      '1.': '',
      '2024-02-29': 'date',
      '2023-02-29': '',
      '2024-13-01': '',
      '2024-01-01T00:00:00Z': 'date-time',
      '2024-01-01T00:00:00.123456-07:00': 'date-time',
      '2024-01-01T00:00:00': '',
      '2024-01-01T24:00:00Z': '',
      '12:30:00Z': 'time',
      '12:30:00': '',
      '6BA7B810-9dad-11d1-80b4-00c04fd430c8': 'uuid',
      '6ba7b810-9dad-11d1-80b4-00c04fd430c': '',
      '': '',
      '-': '',
      abc: '',
    };
    for (const [example, format] of Object.entries(expected))
      assert.equal(detectFormat(example), format, example);
  });

  it('hold for the validator too', () => {
    const near = fc.oneof(
      formatted,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.uuid(),
      fc.stringMatching(/^-?\d{1,4}(\.\d{1,3})?([eE][+-]?\d{1,2})?$/),
      fc.stringMatching(/^\d{4}-[01]\d-[0-3]\d(T[0-2]\d:[0-6]\d:[0-6]\d(\.\d+)?(Z|[+-][0-2]\d:[0-6]\d))?$/),
      fc.stringMatching(/^[0-2]\d:[0-6]\d:[0-6]\d(\.\d+)?(Z|[+-][0-2]\d:[0-6]\d)$/),
    );
    const validators = new Map(
      ['integer', 'number', 'date', 'date-time', 'time', 'uuid'].map((format) => [
        format,
        compileSchema(JSON.stringify({ format })),
      ]),
    );
    fc.assert(
      fc.property(near, (example) => {
        const format = detectFormat(example);
        if (format !== '')
          assert.equal(validators.get(format)?.validate(example), undefined, `${example} ${format}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('come with lengths in code points', () => {
    assert.equal(countCodePoints('a😀é'), 3);
    assert.equal(countCodePoints('\ud800a\udc00'), 3);
  });
});

describe('limits', () => {
  it('move the deepest, last-sorted properties into additionalProperties', () => {
    const shape = infer([{ a: 1, b: { x: 1, y: 'text', z: 2 } }]);
    enforceLimits(shape, 4);
    assert.deepEqual(shapeToSchema(shape), {
      additionalProperties: false,
      properties: {
        a: { maximum: 1, minimum: 1, type: 'integer' },
        b: {
          additionalProperties: {
            maxLength: 10,
            maximum: 10,
            minLength: 1,
            minimum: 1,
            type: ['integer', 'string'],
          },
          properties: { x: { maximum: 1, minimum: 1, type: 'integer' } },
          required: ['x'],
          type: 'object',
        },
      },
      required: ['a', 'b'],
      type: 'object',
    });
  });

  it('keep documents valid and the count within the limit, whatever the documents', () => {
    fc.assert(
      fc.property(documents, fc.nat(8), fc.nat(4), (values, complexity, depth) => {
        const shape = infer(values);
        enforceLimits(shape, complexity, depth);
        const schema = compileSchema(stringifyJson(shapeToSchema(shape)));
        for (const each of values) {
          assert.equal(schema.validate(JSON.parse(stringifyJson(each))), undefined);
          assert.equal(widen(shape, each), false);
        }
        // What has no name (items, additionalProperties) cannot be moved: one chain of them may remain.
        assert.ok(countLocations(shape) <= Math.max(complexity, 2 ** depth * 2));
      }),
      { numRuns: 30 },
    );
  });

  it('stop a collection with data for property names from changing for ever', () => {
    const inferred = emptyInferredSchema();
    let changes = 0;
    for (let id = 0; id < 3000; id++) {
      if (widenInferredSchema(inferred, { _meta: { op: 'c' }, [`id${id}`]: { at: 5 } })) changes++;
    }
    assert.ok(countLocations(inferred.shape) <= DEFAULT_COMPLEXITY);
    assert.ok(changes <= 1001, String(changes));
  });
});

describe('inferred schemas', () => {
  const generation = (id: string, values: readonly JsonValue[]): JsonValue => {
    const inferred = emptyInferredSchema(id);
    for (const each of values) widenInferredSchema(inferred, each);
    return parseJson(inferredSchemaText(inferred));
  };

  it('come back from their text', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (values) => {
        const before = canonicalJson(generation('00000000000000aa', values));
        assert.equal(inferredSchemaText(inferredSchemaFromText(before)), before);
      }),
    );
  });

  it('of different generations: the later one wins outright, in either order', () => {
    const [older, newer] = [generation('01', [{ a: 1 }]), generation('02', [{ b: 1 }])];
    assert.deepEqual(mergeInferredSchemas(older, newer), newer);
    assert.deepEqual(mergeInferredSchemas(newer, older), newer);
  });

  it('of one generation, or with one unknown, are joined and keep the generation', () => {
    const joined = generation('01', [{ a: 1 }, { b: 1 }]);
    assert.deepEqual(
      mergeInferredSchemas(generation('01', [{ a: 1 }]), generation('01', [{ b: 1 }])),
      joined,
    );
    assert.deepEqual(mergeInferredSchemas(generation('', [{ a: 1 }]), generation('01', [{ b: 1 }])), joined);
    assert.deepEqual(
      mergeInferredSchemas(generation('01', []), generation('01', [{ b: 1 }])),
      generation('01', [{ b: 1 }]),
    );
  });
});

describe('sourced schemas', () => {
  const write = shapeFromSchema({
    type: 'object',
    properties: { id: { type: 'integer', description: 'The id.' } },
  });
  const closed = (properties: JsonValue): string =>
    stringifyJson({ type: 'object', properties, additionalProperties: false, 'x-infer-schema': true });

  it('are joined, cut to the write schema, and raise the limit', () => {
    const inferred = emptyInferredSchema('0a');
    widenInferredSchema(inferred, { extra: true });
    const sourced = [
      closed({ id: { type: ['integer', 'string'] }, a: {} }),
      closed({ b: { type: 'boolean' } }),
    ];
    assert.equal(applySourcedSchemas(inferred, sourced, write), true);
    assert.deepEqual(JSON.parse(inferredSchemaText(inferred)), {
      additionalProperties: false,
      properties: { a: true, b: { type: 'boolean' }, extra: { type: 'boolean' }, id: { type: 'integer' } },
      type: 'object',
      'x-collection-generation-id': '0a',
      'x-complexity-limit': MAX_COMPLEXITY,
    });
    assert.equal(applySourcedSchemas(inferred, sourced, write), false);
  });

  it('must have closed objects everywhere', () => {
    for (const open of [
      '{}',
      '{"type":"object"}',
      closed({ a: { type: 'object' } }),
      closed({ a: { type: 'array', items: { type: 'object' } } }),
    ]) {
      assert.throws(
        () => applySourcedSchemas(emptyInferredSchema(), [open], write),
        { code: 'SOURCED_SCHEMA_OPEN' },
        open,
      );
    }
  });

  it('leave columns of unknown content open to anything', () => {
    const inferred = emptyInferredSchema();
    applySourcedSchemas(inferred, [closed({ json: { description: 'any' } })], anything());
    assert.equal(widenInferredSchema(inferred, { json: { deep: [1] } }), false);
  });
});

/** A shape as plain data that assert can compare: Maps as entries, Infinity as text, properties by name. */
function plain(shape: Shape): unknown {
  const { properties, items, additional, tuple, patterns, ...rest } = shape;
  return {
    ...Object.fromEntries(
      Object.entries(rest).map(([name, each]) => [name, typeof each === 'number' ? String(each) : each]),
    ),
    properties: [...properties]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, each.required, plain(each.shape)]),
    items: items && plain(items),
    additional: additional && plain(additional),
    tuple: tuple.map(plain),
    patterns: patterns.map((pattern) => [pattern.pattern, plain(pattern.shape)]),
  };
}
