import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '@weir/protocol';
import { compileSchema, type CompileOptions } from './compile-schema.ts';
import { excerptAt, formatFailures } from './failure.ts';

function accepts(schema: unknown, value: unknown, options?: CompileOptions): boolean {
  return compileSchema(JSON.stringify(schema), options).validate(value) === undefined;
}

function refusal(schemaText: string, options?: CompileOptions): string {
  try {
    compileSchema(schemaText, options);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'SCHEMA_INVALID') return error.message;
    throw error;
  }
  return assert.fail('the schema was accepted');
}

describe('validation', () => {
  it('names location, keyword and reason of everything that is wrong', () => {
    const schema = compileSchema(
      JSON.stringify({
        type: 'object',
        required: ['id', 'name'],
        properties: { id: { type: 'integer' }, name: {}, tags: { items: { enum: ['a', 'b'] } } },
        additionalProperties: false,
      }),
    );
    assert.deepEqual(schema.validate({ id: 'x', tags: ['a', 'c'], more: 1 }), [
      {
        pointer: '',
        keyword: 'required',
        reason: "the property 'name' is missing",
        schemaPointer: '#/required',
      },
      {
        pointer: '',
        keyword: 'additionalProperties',
        reason: "the property 'more' is not allowed",
        schemaPointer: '#/additionalProperties',
      },
      {
        pointer: '/id',
        keyword: 'type',
        reason: 'must be of type integer',
        schemaPointer: '#/properties/id/type',
      },
      {
        pointer: '/tags/1',
        keyword: 'enum',
        reason: 'must be one of ["a","b"]',
        schemaPointer: '#/properties/tags/items/enum',
      },
    ]);
    assert.equal(schema.validate({ id: 1, name: null }), undefined);
  });

  it('accepts schemas that declare draft 7 or 2020-12, also in nested schemas', () => {
    for (const $schema of [
      'http://json-schema.org/draft-07/schema#',
      'https://json-schema.org/draft/2020-12/schema',
    ]) {
      const schema = { $schema, properties: { a: { $schema, type: 'string' } } };
      assert.ok(accepts(schema, { a: 'x' }));
      assert.ok(!accepts(schema, { a: 1 }));
    }
  });

  it('reads the older forms of items and dependencies', () => {
    const tuple = { items: [{ type: 'string' }, { type: 'integer' }], additionalItems: false };
    assert.ok(accepts(tuple, ['a', 1]));
    assert.ok(!accepts(tuple, [1, 'a']));
    assert.ok(!accepts(tuple, ['a', 1, 2]));
    assert.ok(!accepts({ dependencies: { a: ['b'], c: { required: ['d'] } } }, { a: 1 }));
    assert.ok(!accepts({ dependencies: { a: ['b'], c: { required: ['d'] } } }, { c: 1 }));
  });

  it('ignores unknown keywords, unknown formats and OpenAPI nullable', () => {
    const schema = {
      'x-infer-schema': true,
      reduce: { strategy: 'merge' },
      properties: { a: { type: 'string', secret: true, format: 'made-up', nullable: true } },
    };
    assert.ok(accepts(schema, { a: 'x' }));
    assert.ok(!accepts(schema, { a: null }));
  });

  it('checks strings of format integer and number at any size', () => {
    for (const good of ['0', '-12', '123456789012345678901234567890'])
      assert.ok(accepts({ format: 'integer' }, good));
    for (const bad of ['', '1.5', 'x', '1e3']) assert.ok(!accepts({ format: 'integer' }, bad), bad);
    for (const good of ['1.5', '-1e400', 'NaN', 'Infinity', '-Infinity', '12']) {
      assert.ok(accepts({ format: 'number' }, good), good);
    }
    for (const bad of ['', '1.5.2', 'x', '+Infinity']) assert.ok(!accepts({ format: 'number' }, bad), bad);
  });

  it('does not see inherited properties', () => {
    assert.ok(!accepts({ required: ['constructor'] }, {}));
    assert.ok(accepts({ required: ['constructor'] }, { constructor: 1 }));
  });

  it('takes patterns that are only valid outside Unicode mode, and Unicode ones', () => {
    assert.ok(accepts({ pattern: '^[\\w\\-]+$' }, 'a-b'));
    assert.ok(accepts({ pattern: '^\\p{L}+$' }, 'é'));
    assert.ok(!accepts({ pattern: '^\\p{L}+$' }, '1'));
  });
});

describe('references', () => {
  it('resolve to anchors and definitions', () => {
    const schema = {
      $defs: { TestRow: { $anchor: 'TestRow', type: 'object', required: ['id'] } },
      allOf: [{ $ref: '#TestRow' }],
    };
    assert.ok(accepts(schema, { id: 1 }));
    assert.ok(!accepts(schema, {}));
  });

  it('resolve to the root of a schema without a URI', () => {
    const schema = { properties: { child: { $ref: '#' } }, required: ['id'] };
    assert.ok(accepts(schema, { id: 1, child: { id: 2 } }));
    assert.ok(!accepts(schema, { id: 1, child: {} }));
  });

  it('resolve to $id inside $defs and to schemas given by URI', () => {
    const inner = {
      $defs: { w: { $id: 'flow://write-schema', required: ['a'] } },
      $ref: 'flow://write-schema',
    };
    assert.ok(!accepts(inner, {}));
    const refs = { 'flow://inferred-schema': JSON.stringify({ required: ['b'] }) };
    const outer = { allOf: [{ $ref: 'flow://inferred-schema' }] };
    assert.ok(!accepts(outer, { a: 1 }, { refs }));
    assert.ok(accepts(outer, { b: 1 }, { refs }));
  });

  it('resolve relative to the base URI', () => {
    const refs = { 'file:///catalog/other.json': JSON.stringify({ type: 'string' }) };
    const schema = { properties: { a: { $ref: 'other.json' } } };
    const options = { baseUri: 'file:///catalog/flow.json', refs };
    assert.ok(!accepts(schema, { a: 1 }, options));
    assert.ok(accepts(schema, { a: 'x' }, options));
  });
});

describe('a schema that cannot be used', () => {
  it('is refused with the location of the mistake', () => {
    assert.match(
      refusal('{"properties":{"a":{"type":"strnig"}}}'),
      /at '\/properties\/a\/type': must be one of/,
    );
    assert.match(refusal('{"required":"id"}'), /at '\/required': must be of type array/);
    assert.match(refusal('[1]'), /neither an object nor a boolean/);
    assert.match(refusal('{"a":'), /is not JSON/);
  });

  it('is refused when a reference leads nowhere, naming it', () => {
    assert.match(refusal('{"$ref":"flow://nowhere"}'), /flow:\/\/nowhere/);
    assert.match(refusal('{"$ref":"#Missing"}'), /#Missing/);
  });
});

describe('failures for people', () => {
  it('show an excerpt of at most 100 characters', () => {
    const value = { a: 'x'.repeat(500) };
    assert.equal(excerptAt(value, '/a').length, 100);
    assert.equal(excerptAt(value, '/b'), '(missing)');
    assert.equal(excerptAt({ n: 2n ** 70n }, '/n'), '1180591620717411303424');
  });

  it('are listed up to a limit', () => {
    const failures = compileSchema('{"items":{"type":"string"}}').validate([1, 2, 3]) ?? [];
    assert.equal(
      formatFailures(failures, [1, 2, 3], 2),
      "at '/0': must be of type string; found 1\nat '/1': must be of type string; found 2\nand 1 more",
    );
  });
});
