import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnSchema } from './column-schema.ts';
import { baseType, derivedType } from './test-types.ts';

test('one type is a string, several a list, and null is added where it can be', () => {
  assert.deepEqual(columnSchema({ type: baseType('int4'), nullable: false }), {
    type: 'integer',
    description: '(source type: non-nullable int4)',
  });
  assert.deepEqual(columnSchema({ type: baseType('float8'), nullable: true, comment: 'How warm.' }), {
    type: ['number', 'string', 'null'],
    format: 'number',
    description: 'How warm. (source type: float8)',
  });
  assert.deepEqual(columnSchema({ type: baseType('float8'), nullable: false, isKey: true }), {
    type: 'string',
    format: 'number',
    description: '(source type: non-nullable float8)',
  });
});

test('limits of texts are limits of the schema, but not through domains', () => {
  const limited = (name: 'varchar' | 'bpchar' | 'text', typeModifier: number): unknown => {
    const { description: _, ...schema } = columnSchema({
      type: baseType(name),
      typeModifier,
      nullable: false,
    });
    return schema;
  };
  assert.deepEqual(limited('varchar', 24), { type: 'string', maxLength: 20 });
  assert.deepEqual(limited('varchar', -1), { type: 'string' });
  assert.deepEqual(limited('bpchar', 7), { type: 'string', minLength: 3, maxLength: 3 });
  const domain = derivedType('domain', baseType('varchar'));
  assert.deepEqual(columnSchema({ type: domain, typeModifier: 24, nullable: false }), {
    type: 'string',
    description: '(source type: non-nullable varchar)',
  });
});

test('json has no type, arrays have items that may be null, unknown types allow everything', () => {
  assert.deepEqual(columnSchema({ type: baseType('json'), nullable: true }), {
    contentMediaType: 'application/json',
    description: '(source type: json)',
  });
  assert.deepEqual(columnSchema({ type: derivedType('array', baseType('date')), nullable: true }), {
    type: ['array', 'null'],
    items: { type: ['string', 'null'], format: 'date' },
    description: '(source type: _date)',
  });
  assert.deepEqual(columnSchema({ type: derivedType('unknown', undefined, 'hstore'), nullable: true }), {
    description: '(source type: hstore)',
  });
  assert.deepEqual(columnSchema({ type: derivedType('enum', undefined, 'mood'), nullable: false }), {
    type: 'string',
    description: '(source type: non-nullable enum)',
  });
});
