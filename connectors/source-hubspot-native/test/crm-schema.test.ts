import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeSourcedSchema } from '@weir/cdk';
import { type JsonObject, resolvePointer } from '@weir/schema/json';
import { crmSourcedSchema } from '../src/crm-schema.ts';

test('the properties of an account are known before one has a value, but for those whose form cannot be told', () => {
  const properties = [
    { name: 'name', type: 'string' },
    { name: 'size', type: 'number' },
    { name: 'is_open', type: 'bool' },
    { name: 'closed_at', type: 'datetime' },
    { name: 'new_kind', type: 'of tomorrow' },
  ];
  const schema: JsonObject = completeSourcedSchema(crmSourcedSchema(properties));
  const text = { type: 'string', minLength: 2, maxLength: 4 };
  assert.deepEqual(resolvePointer(schema, ['properties', 'properties', 'properties']), {
    name: text,
    size: { ...text, format: 'integer' },
    is_open: text,
  });
  assert.deepEqual(resolvePointer(schema, ['properties', 'id', 'type']), 'integer');
});
