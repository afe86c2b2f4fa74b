import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parsePointer } from '../json/pointer.ts';
import { canonicalJson } from '../json/stringify.ts';
import type { JsonObject, JsonValue } from '../json/value.ts';
import { compileSchema } from '../validate/compile-schema.ts';
import { intersect, union } from './combine.ts';
import { shapeFromSchema } from './from-schema.ts';
import { knownLocations, locate } from './locate.ts';
import type { Shape } from './shape.ts';
import { shapeToSchema } from './to-schema.ts';

const names = fc.constantFrom('a', 'b', 'xa', 'xb');

/** Values small enough to meet the schemas below often. */
const value = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<JsonValue>(null, true, 0, 5, 12, 1.5, '', 'ab', 'abcdef', '12'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const type = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object');

/** Schemas of the keywords that a shape expresses exactly, plus annotations; `depth` levels of them. */
function schemas(withPatterns: boolean, depth = 1): fc.Arbitrary<JsonObject> {
  const below = depth === 0 ? undefined : schemas(withPatterns, depth - 1);
  const sub: fc.Arbitrary<JsonValue> = below === undefined ? fc.boolean() : fc.oneof(fc.boolean(), below);
  const patterns = fc.dictionary(fc.constantFrom('^x', 'b$'), sub, { maxKeys: 2, noNullPrototype: true });
  return fc.record(
    {
      type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 4 })),
      enum: fc.uniqueArray(fc.constantFrom<JsonValue>(null, true, 5, 'ab', '12'), { minLength: 1 }),
      title: fc.constantFrom('one', 'two'),
      minimum: fc.integer({ min: -3, max: 6 }),
      maximum: fc.integer({ min: 3, max: 12 }),
      minLength: fc.nat(2),
      maxLength: fc.integer({ min: 1, max: 6 }),
      minItems: fc.nat(1),
      maxItems: fc.integer({ min: 1, max: 3 }),
      items: sub,
      prefixItems: fc.array(sub, { minLength: 1, maxLength: 2 }),
      properties: fc.dictionary(names, sub, { maxKeys: 2, noNullPrototype: true }),
      required: fc.uniqueArray(names, { maxLength: 2 }),
      additionalProperties: sub,
      ...(withPatterns ? { patternProperties: patterns } : {}),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<JsonObject>;
}

const exact = schemas(false);
const wide = schemas(true);

/** Compiling costs far more than validating, so each schema meets many values. */
const values = fc.array(value, { minLength: 10, maxLength: 30 });

/** For each value, whether it is valid. */
function verdicts(schema: JsonValue, of: readonly JsonValue[]): boolean[] {
  const compiled = compileSchema(JSON.stringify(schema));
  return of.map((each) => compiled.validate(each) === undefined);
}

/** That every value accepted is also accepted by the shape. */
function assertFits(shape: Shape, of: readonly JsonValue[], accepted: readonly boolean[]): void {
  const fits = verdicts(shapeToSchema(shape), of);
  for (const [index, each] of of.entries()) assert.ok(fits[index] || !accepted[index], JSON.stringify(each));
}

function text(shape: Shape): string {
  return canonicalJson(shapeToSchema(shape));
}

/** For properties that compile schemas. */
const few = { numRuns: 12 };

describe('the shape of a schema', () => {
  it('fits every value that is valid under the schema', () => {
    fc.assert(
      fc.property(wide, values, (schema, of) => {
        assertFits(shapeFromSchema(schema), of, verdicts(schema, of));
      }),
      few,
    );
  });

  it('without patterns fits no other value', () => {
    fc.assert(
      fc.property(exact, values, (schema, of) => {
        assert.deepEqual(verdicts(shapeToSchema(shapeFromSchema(schema)), of), verdicts(schema, of));
      }),
      few,
    );
  });

  it('comes back from the schema that it prints', () => {
    fc.assert(
      fc.property(exact, (schema) => {
        const shape = shapeFromSchema(schema);
        assert.equal(text(shapeFromSchema(shapeToSchema(shape))), text(shape));
      }),
    );
  });

  it('fits what is valid under compositions of schemas', () => {
    const keyword = fc.constantFrom('allOf', 'anyOf', 'oneOf');
    fc.assert(
      fc.property(exact, keyword, wide, wide, wide, values, (base, combine, one, two, three, of) => {
        const branches = Object.fromEntries([
          ['if', three],
          // oxlint-disable-next-line unicorn/no-thenable
          ['then', two],
          ['else', one],
        ]);
        const schema = { ...base, [combine]: [one, two], ...branches };
        assertFits(shapeFromSchema(schema), of, verdicts(schema, of));
      }),
      few,
    );
  });

  it('is closed by unevaluatedProperties around everything that is composed', () => {
    const shape = shapeFromSchema({
      allOf: [{ properties: { a: { type: 'string' } } }, { $ref: '#row' }],
      $defs: {
        row: { $anchor: 'row', type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
      },
      unevaluatedProperties: false,
    });
    assert.deepEqual(shapeToSchema(shape), {
      additionalProperties: false,
      properties: { a: { type: 'string' }, id: { type: 'integer' } },
      required: ['id'],
      type: 'object',
    });
  });

  it('takes keywords beside a reference first, and references by $id, pointer and from outside', () => {
    const schema = {
      properties: {
        a: { $ref: '#/$defs/text', description: 'Own.' },
        b: { $ref: 'flow://text' },
        c: { $ref: 'flow://other#/$defs/n' },
      },
      $defs: { text: { $id: 'flow://text', type: 'string', description: 'Shared.' } },
    };
    const shape = shapeFromSchema(schema, {
      refs: { 'flow://other': { $defs: { n: { type: 'integer' } } } },
    });
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => {
        const at = locate(shape, [name]).shape;
        return [shapeToSchema(at)];
      }),
      [
        [{ description: 'Own.', type: 'string' }],
        [{ description: 'Shared.', type: 'string' }],
        [{ type: 'integer' }],
      ],
    );
    assert.throws(() => shapeFromSchema({ $ref: '#nowhere' }), { code: 'SCHEMA_INVALID' });
  });

  it('ends at a recursion', () => {
    const tree = { $anchor: 'tree', type: 'object', properties: { child: { $ref: '#tree' } } };
    const shape = shapeFromSchema({ $ref: '#tree', $defs: { tree } });
    assert.equal(locate(shape, ['child']).exists, 'MAY');
    assert.equal(locate(shape, ['child', 'child', 'child']).exists, 'IMPLICIT');
  });
});

describe('union', () => {
  const shape = exact.map((schema) => shapeFromSchema(schema));

  it('is commutative, also with patterns', () => {
    fc.assert(
      fc.property(wide, wide, (left, right) => {
        const [one, two] = [shapeFromSchema(left), shapeFromSchema(right)];
        assert.equal(text(union(one, two)), text(union(two, one)));
      }),
      few,
    );
  });

  it('is associative', () => {
    fc.assert(
      fc.property(shape, shape, shape, (one, two, three) => {
        assert.equal(text(union(union(one, two), three)), text(union(one, union(two, three))));
      }),
      few,
    );
  });

  it('of a shape with itself is the same shape', () => {
    fc.assert(
      fc.property(exact, (schema) => {
        assert.equal(
          text(union(shapeFromSchema(schema), shapeFromSchema(schema))),
          text(shapeFromSchema(schema)),
        );
      }),
    );
  });

  it('fits everything that fits either', () => {
    fc.assert(
      fc.property(wide, wide, values, (left, right, of) => {
        const [one, two] = [verdicts(left, of), verdicts(right, of)];
        const either = one.map((valid, index) => valid || two[index] === true);
        assertFits(union(shapeFromSchema(left), shapeFromSchema(right)), of, either);
      }),
      few,
    );
  });
});

describe('intersection', () => {
  it('fits exactly what fits both, without patterns', () => {
    fc.assert(
      fc.property(exact, exact, values, (left, right, of) => {
        const [one, two] = [verdicts(left, of), verdicts(right, of)];
        const both = intersect(shapeFromSchema(left), shapeFromSchema(right));
        assert.deepEqual(
          verdicts(shapeToSchema(both), of),
          one.map((valid, index) => valid && two[index] === true),
        );
      }),
      few,
    );
  });

  it('fits everything that fits both, with patterns', () => {
    fc.assert(
      fc.property(wide, wide, values, (left, right, of) => {
        const [one, two] = [verdicts(left, of), verdicts(right, of)];
        const both = one.map((valid, index) => valid && two[index] === true);
        assertFits(intersect(shapeFromSchema(left), shapeFromSchema(right)), of, both);
      }),
      few,
    );
  });
});

describe('locations', () => {
  const shape = shapeFromSchema({
    type: 'object',
    required: ['id', 'maybe', 'list'],
    properties: {
      id: { type: 'integer' },
      maybe: { type: ['object', 'null'], required: ['in'], properties: { in: { type: 'string' } } },
      opt: { type: 'object', required: ['in'], properties: { in: {} } },
      list: { type: 'array', minItems: 1, maxItems: 3, prefixItems: [{ type: 'string' }, { type: 'null' }] },
      never: false,
      map: { type: 'object', additionalProperties: { type: 'string' } },
      closed: { type: 'object', additionalProperties: false },
      'a/b': true,
    },
    patternProperties: { '^x_': { type: 'boolean' } },
  });

  it('exist as surely as the schema says', () => {
    const expected: Record<string, string> = {
      '': 'MUST',
      '/id': 'MUST',
      '/id/more': 'CANNOT',
      '/maybe': 'MUST',
      '/maybe/in': 'MAY',
      '/opt/in': 'MAY',
      '/list/0': 'MUST',
      '/list/1': 'MAY',
      '/list/2': 'IMPLICIT',
      '/list/3': 'CANNOT',
      '/never': 'CANNOT',
      '/map/anything': 'MAY',
      '/closed/anything': 'CANNOT',
      '/x_flag': 'MAY',
      '/other': 'IMPLICIT',
      '/other/0/deep': 'IMPLICIT',
      '/a~1b': 'MAY',
    };
    for (const [pointer, exists] of Object.entries(expected)) {
      assert.equal(locate(shape, parsePointer(pointer)).exists, exists, pointer);
    }
  });

  it('are listed in order, parents first, without wildcards', () => {
    assert.deepEqual(
      knownLocations(shape).map(({ pointer }) => pointer),
      [
        '',
        '/a~1b',
        '/closed',
        '/id',
        '/list',
        '/list/0',
        '/list/1',
        '/map',
        '/maybe',
        '/maybe/in',
        '/never',
        '/opt',
        '/opt/in',
      ],
    );
  });

  it('that are listed are found by their pointer with the same certainty', () => {
    fc.assert(
      fc.property(wide, (schema) => {
        const root = shapeFromSchema(schema);
        for (const { pointer, exists } of knownLocations(root)) {
          // Where arrays and objects both can be, a number is taken for an index.
          assert.equal(locate(root, parsePointer(pointer)).exists, exists, pointer);
        }
      }),
      few,
    );
  });
});
