import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recommendedResourceName, type BatchResource, validateBatchResource } from './resource.ts';

test('a binding that could not be polled is refused by its name and with what is wrong', () => {
  const cases: readonly (readonly [BatchResource, RegExp])[] = [
    [{ name: '', schema: 'public', table: 't' }, /^the binding "" has no name$/],
    [{ name: 'r', schema: 'public' }, /"r" names neither a table .* nor a query/],
    [{ name: 'r', table: 't', template: '' }, /names neither a table .* nor a query/],
    [{ name: 'r', schema: 'public', table: 't', cursor: ['a', ''] }, /cursor column without a name/],
    [{ name: 'r', schema: 'public', table: 't', cursor: ['a', 'a'] }, /names a cursor column twice/],
  ];
  for (const [resource, message] of cases)
    assert.throws(() => validateBatchResource(resource), { code: 'SQLBATCH_RESOURCE_INVALID', message });
});

test('one of a table, and one of a query, with or without a schedule, are taken', () => {
  validateBatchResource({ name: 'r', schema: 'public', table: 't', cursor: ['a', 'b'], poll: '' });
  validateBatchResource({ name: 'r', template: 'SELECT 1', poll: 'daily at 12:34Z' });
});

test('names are those of tables, with the schema where it is not the usual one', () => {
  assert.equal(recommendedResourceName('public', 'Users'), 'users');
  assert.equal(recommendedResourceName('Sales', 'Order Lines'), 'sales_order_lines');
});
