import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkBackfillChanges } from './backfill-required.ts';
import type { BackfillMode } from './backfill-mode.ts';
import { requireDistinctTables } from './binding.ts';
import { validateResource, type ResourceConfig } from './resource.ts';

function resource(mode: BackfillMode = '', filter?: string): ResourceConfig {
  return {
    namespace: 'public',
    stream: 't',
    mode,
    ...(filter === undefined ? {} : { advanced: { additional_backfill_filter: filter } }),
  };
}

describe('the configuration of a binding', () => {
  test('a filter works with every mode but "Precise", and may not be blank', () => {
    for (const mode of ['', 'Normal', 'Without Primary Key', 'Only Changes'] as const) {
      assert.doesNotThrow(() => validateResource(resource(mode, ' id > 5 ')));
    }
    assert.doesNotThrow(() => validateResource(resource('Precise')));
    assert.throws(() => validateResource(resource('Precise', 'id > 5')), { code: 'SQL_RESOURCE_INVALID' });
    assert.throws(() => validateResource(resource('', '  ')), {
      code: 'SQL_RESOURCE_INVALID',
      message: /blanks/,
    });
    assert.throws(() => validateResource({ namespace: '', stream: 't' }), { code: 'SQL_RESOURCE_INVALID' });
  });

  test('a table may be bound once; tables that differ in case are different', () => {
    const named = (stream: string) => ({ resource: { namespace: 'public', stream } });
    assert.doesNotThrow(() => requireDistinctTables([named('a'), named('A')]));
    assert.throws(() => requireDistinctTables([named('a'), named('a')]), { code: 'SQL_TABLE_BOUND_TWICE' });
  });

  test('a changed mode or filter needs a new backfill; removing a filter does not', () => {
    const last = [{ resource: resource('', 'a'), backfill: 1 }];
    const change = (next: ResourceConfig, backfill: number) => () =>
      checkBackfillChanges([{ resource: next, backfill }], last);
    assert.throws(change(resource('Normal', 'a'), 1), {
      code: 'SQL_BACKFILL_REQUIRED',
      message: /mode of public\.t/,
    });
    assert.throws(change(resource('', 'b'), 1), {
      code: 'SQL_BACKFILL_REQUIRED',
      message: /filter of public\.t/,
    });
    assert.doesNotThrow(change(resource(''), 1));
    assert.doesNotThrow(change(resource('Normal', 'b'), 2));
  });
});
