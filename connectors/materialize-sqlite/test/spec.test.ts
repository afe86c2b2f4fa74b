import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintConfigSchema } from '@weir/schema';
import { matchSnapshot } from '@weir/testing';
import { materializeSqlite } from '../src/materialize-sqlite.ts';

test('the configuration schemas are those of the snapshot and keep the guidelines', () => {
  const { configSchema, resourceSchema } = materializeSqlite.spec;
  matchSnapshot(import.meta.url, 'spec.json', JSON.stringify({ configSchema, resourceSchema }, null, 2));
  assert.deepEqual(lintConfigSchema(configSchema), []);
  assert.deepEqual(lintConfigSchema(resourceSchema), []);
});
