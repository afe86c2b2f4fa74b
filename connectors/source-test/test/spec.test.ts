import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintConfigSchema } from '@weir/schema';
import { spec } from '../src/spec.ts';

test('the schemas of the spec keep the guidelines for configurations', () => {
  assert.deepEqual(lintConfigSchema(spec.configSchema), []);
  assert.deepEqual(lintConfigSchema(spec.resourceSchema), []);
});
