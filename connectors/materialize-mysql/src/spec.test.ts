import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintConfigSchema } from '@weir/schema';
import { matchSnapshot } from '@weir/testing';
import { endpointSchema, resourceSchema } from './endpoint-schema.ts';

test('the configuration schemas are those of the snapshot and keep the guidelines', () => {
  const schemas = { configSchema: endpointSchema, resourceSchema };
  matchSnapshot(import.meta.url, 'spec.json', JSON.stringify(schemas, null, 2));
  assert.deepEqual(lintConfigSchema(endpointSchema), []);
  assert.deepEqual(lintConfigSchema(resourceSchema), []);
});
