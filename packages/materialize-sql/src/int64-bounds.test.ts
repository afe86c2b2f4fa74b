import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Projection } from '@weir/protocol';
import { exceedsInt64 } from './int64-bounds.ts';

function integerBetween(minimum: number, maximum: number): Projection {
  return {
    ptr: '/a',
    field: 'a',
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey: false,
    inference: {
      types: ['integer'],
      numeric: { hasMinimum: true, minimum, hasMaximum: true, maximum },
      title: '',
      description: '',
      secret: false,
      exists: 'MUST',
      enum: [],
    },
  };
}

test('integers leave 64 bits when an inferred bound does', () => {
  assert.equal(exceedsInt64(integerBetween(-1e18, 1e18)), false);
  assert.equal(exceedsInt64(integerBetween(0, 1e19)), true);
  assert.equal(exceedsInt64(integerBetween(-1e19, 0)), true);
});
