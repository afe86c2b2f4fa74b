import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSchema } from '@weir/schema';
import { documentSchema } from './document-schema.ts';
import { completeSourcedSchema } from './sourced-schema.ts';

test('a discovered schema asks for the key, says what the cursor is, allows the rest, and reduces deletions', () => {
  const schema = documentSchema({
    key: ['/id'],
    fields: { '/id': { type: 'integer' }, '/at/day': { type: 'string', format: 'date' } },
    meta: { parent: { type: 'string' } },
    reduction: 'merge',
  });
  assert.deepEqual(Object.keys(schema), [
    '$schema',
    'type',
    'required',
    'properties',
    'additionalProperties',
    'x-infer-schema',
    'if',
    'then',
    'else',
  ]);
  const validator = compileSchema(JSON.stringify(schema));
  const accepts = (document: object): boolean => validator.validate(document) === undefined;
  const meta = { op: 'u', row_id: -1, parent: 'p' };
  assert.ok(accepts({ _meta: meta, id: 1, at: { day: '2024-01-01' }, more: [1] }));
  assert.ok(accepts({ _meta: { ...meta, op: 'd' }, id: 1 }));
  assert.ok(!accepts({ _meta: meta, at: { day: '2024-01-01' } }));
  assert.ok(!accepts({ _meta: meta, id: 1, at: { day: 'today' } }));
  assert.ok(!accepts({ _meta: { ...meta, op: 'x' }, id: 1, at: { day: '2024-01-01' } }));
});

test('a sourced schema promises no more than it says: bounds begin at 1, objects are closed', () => {
  assert.deepEqual(
    completeSourcedSchema({
      type: 'object',
      properties: {
        name: { type: ['string', 'null'] },
        price: { type: 'number', maximum: 100 },
        kind: { enum: ['a'], type: 'string' },
        tags: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } },
        free: { type: 'object', additionalProperties: { type: 'string' } },
      },
    }),
    {
      required: ['name', 'price', 'kind', 'tags', 'free', '_meta'],
      additionalProperties: false,
      type: 'object',
      properties: {
        name: { minLength: 1, maxLength: 1, type: ['string', 'null'] },
        price: { minimum: 1, maximum: 100, type: 'number' },
        kind: { enum: ['a'], type: 'string' },
        tags: {
          type: 'array',
          items: {
            required: ['id'],
            additionalProperties: false,
            type: 'object',
            properties: { id: { minimum: 1, maximum: 1, type: 'integer' } },
          },
        },
        free: { type: 'object', additionalProperties: { minLength: 1, maxLength: 1, type: 'string' } },
        _meta: {
          required: ['op', 'row_id', 'uuid'],
          additionalProperties: false,
          type: 'object',
          properties: {
            op: { type: 'string', enum: ['c', 'd', 'u'], minLength: 1, maxLength: 1 },
            row_id: { minimum: 1, maximum: 1, type: 'integer' },
            uuid: { type: 'string', minLength: 36, maxLength: 36 },
          },
        },
      },
    },
  );
});
