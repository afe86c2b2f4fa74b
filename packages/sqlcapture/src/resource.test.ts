import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backfillChangeFailures } from './backfill-required.ts';
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
    const told = (next: ResourceConfig, backfill = 1) =>
      backfillChangeFailures([{ resource: next, backfill }], last).map(
        ({ code, message }) => `${code}: ${/(mode|filter) of public\.t/.exec(message)?.[0] ?? message}`,
      );
    assert.deepEqual(told(resource('Normal', 'a')), ['SQL_BACKFILL_REQUIRED: mode of public.t']);
    assert.deepEqual(told(resource('', 'b')), ['SQL_BACKFILL_REQUIRED: filter of public.t']);
    assert.equal(told(resource('Normal', 'b')).length, 2);
    assert.deepEqual(told(resource('')), []);
    assert.deepEqual(told(resource('Normal', 'b'), 2), []);
    const other = { resource: { ...resource('Normal'), stream: 'u' }, backfill: 1 };
    const before = { ...other, resource: { ...resource(''), stream: 'u' } };
    assert.equal(
      backfillChangeFailures([{ resource: resource('Normal', 'a'), backfill: 1 }, other], [...last, before])
        .length,
      2,
      'each binding is told',
    );
  });
});
