import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InferenceType, Projection } from '@weir/protocol';
import { exceedsInt64, flatType, mustExist } from './flat-type.ts';

interface Facets {
  readonly format?: string;
  readonly encoding?: string;
  readonly contentType?: string;
  readonly isKey?: boolean;
}

function location(types: readonly InferenceType[], facets: Facets = {}): Projection {
  const { format = '', encoding = '', contentType = '', isKey = false } = facets;
  return {
    ptr: '/a',
    field: 'a',
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey: isKey,
    inference: {
      types,
      string: { contentType, format, contentEncoding: encoding, maxLength: 0 },
      title: '',
      description: '',
      secret: false,
      exists: 'MUST',
      enum: [],
    },
  };
}

test('null does not count as a type', () => {
  assert.equal(flatType(location(['null', 'string'])), 'string');
  assert.equal(flatType(location(['null'])), 'never');
  assert.equal(flatType(location([])), 'never');
});

test('several types are one column of JSON', () => {
  assert.equal(flatType(location(['string', 'object'])), 'multiple');
});

test('strings that spell numbers are numbers, unless they are a key', () => {
  assert.equal(flatType(location(['string'], { format: 'number' })), 'string-number');
  assert.equal(flatType(location(['number', 'string', 'null'], { format: 'number' })), 'string-number');
  assert.equal(flatType(location(['integer', 'string'], { format: 'integer' })), 'string-integer');
  assert.equal(flatType(location(['object', 'string'], { format: 'number' })), 'multiple');
  assert.equal(flatType(location(['string'], { format: 'number', isKey: true })), 'string');
});

test('base64 strings are bytes, unless their media type says that they are something else', () => {
  assert.equal(flatType(location(['string'], { encoding: 'base64' })), 'binary');
  assert.equal(
    flatType(location(['string'], { encoding: 'base64', contentType: 'application/octet-stream' })),
    'binary',
  );
  assert.equal(flatType(location(['string'], { encoding: 'base64', contentType: 'image/png' })), 'string');
});

test('a location must exist when every document has it and it is never null', () => {
  assert.equal(mustExist(location(['string'])), true);
  assert.equal(mustExist(location(['string', 'null'])), false);
});

test('integers leave 64 bits when an inferred bound does', () => {
  const integer = location(['integer']);
  const bounded = (minimum: number, maximum: number): Projection => ({
    ...integer,
    inference: { ...integer.inference, numeric: { hasMinimum: true, minimum, hasMaximum: true, maximum } },
  });
  assert.equal(exceedsInt64(integer), false);
  assert.equal(exceedsInt64(bounded(-1e18, 1e18)), false);
  assert.equal(exceedsInt64(bounded(0, 1e19)), true);
  assert.equal(exceedsInt64(bounded(-1e19, 0)), true);
});
