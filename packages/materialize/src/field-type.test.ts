import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projection } from '../test/sample-table.ts';
import { flatType, formattedNumeric } from './field-type.ts';

const VALUE = { isKey: false, castToString: false };

test('strings that promise numbers, alone or beside numbers of that kind, are numeric; keys and others are not', () => {
  const of = (
    types: readonly ('string' | 'integer' | 'number' | 'null' | 'object')[],
    format: string,
    key?: true,
  ) => formattedNumeric(projection('x', { types, format, ...(key === undefined ? {} : { key }) }));
  assert.equal(of(['string'], 'integer'), 'string_integer');
  assert.equal(of(['string'], 'number'), 'string_number');
  assert.equal(of(['string', 'null'], 'integer'), 'string_integer');
  assert.equal(of(['string', 'null'], 'number'), 'string_number');
  assert.equal(of(['integer', 'string'], 'integer'), 'string_integer');
  assert.equal(of(['number', 'string'], 'number'), 'string_number');
  assert.equal(of(['integer', 'null', 'string'], 'integer'), 'string_integer');
  assert.equal(of(['null', 'number', 'string'], 'number'), 'string_number');
  assert.equal(of(['string'], 'integer', true), undefined);
  assert.equal(of(['object', 'string'], 'integer'), undefined);
  assert.equal(of(['string'], 'date-time'), undefined);
  assert.equal(of(['number', 'string'], 'integer'), undefined);
  assert.equal(of(['integer'], ''), undefined);
});

test('base64 strings are binary, unless their media type says what the bytes are', () => {
  const encoded = projection('x', { contentEncoding: 'base64' });
  assert.equal(flatType(encoded, VALUE), 'binary');
  const typed = (contentType: string, contentEncoding: string) =>
    flatType(
      {
        ...encoded,
        inference: {
          ...encoded.inference,
          string: { contentType, contentEncoding, format: '', maxLength: 0 },
        },
      },
      VALUE,
    );
  assert.equal(typed('application/octet-stream', 'base64'), 'binary');
  assert.equal(typed('application/json', 'base64'), 'string');
  assert.equal(typed('application/octet-stream', ''), 'string');
  assert.equal(typed('', ''), 'string');
});

test('null does not count, several types are multiple, a cast makes a string, fractional is a number', () => {
  assert.equal(flatType(projection('x', { types: ['null'] }), VALUE), 'never');
  assert.equal(flatType(projection('x', { types: ['boolean', 'null'] }), VALUE), 'boolean');
  assert.equal(flatType(projection('x', { types: ['boolean', 'integer'] }), VALUE), 'multiple');
  assert.equal(flatType(projection('x', { types: ['fractional'] }), VALUE), 'number');
  assert.equal(
    flatType(projection('x', { types: ['object'] }), { isKey: false, castToString: true }),
    'string',
  );
  const numeric = projection('x', { types: ['string'], format: 'integer' });
  assert.equal(flatType(numeric, { isKey: true, castToString: false }), 'string');
});
