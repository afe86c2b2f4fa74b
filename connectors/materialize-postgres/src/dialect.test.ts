import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFieldConfig } from '@weir/materialize';
import { type SampleField, sampleProjection } from '@weir/testing';
import { featureFlags } from './config.ts';
import { postgresDialect } from './dialect.ts';
import { storableJson } from './field-writers.ts';

const JSONB = 'application/vnd.estuary.postgresql.jsonb+json';

/** The type of the column `f` of the table `t`. */
function ddl(field: SampleField, flags = '', { isKey = false, config = '{}' } = {}): string | undefined {
  const dialect = postgresDialect(
    featureFlags({ advanced: { no_flow_document: false, feature_flags: flags } }),
  );
  const place = { isKey, config: parseFieldConfig('f', config), resourcePath: ['t'] };
  return dialect.columnType(sampleProjection('f', field, isKey), place)?.ddl;
}

test('JSONB is for what asks for it, unless its flag is off', () => {
  for (const types of [['object'], ['array'], ['object', 'array']] as const) {
    assert.equal(ddl({ types, contentType: JSONB }), 'JSONB');
    assert.equal(ddl({ types, contentType: JSONB }, 'no_jsonb'), 'JSON');
    assert.equal(ddl({ types }), 'JSON');
  }
});

test('flags turn off types of their own', () => {
  const colours: SampleField = { types: ['string', 'null'], enum: ['red', null] };
  assert.equal(ddl(colours), '"public"."t_f_flow_enum"');
  assert.equal(ddl(colours, 'no_enum'), 'TEXT');
  assert.equal(ddl(colours, '', { isKey: true }), 'TEXT');
  assert.equal(ddl(colours, '', { config: '{"castToString":true}' }), 'TEXT');
  const binary: SampleField = { types: ['string'], contentEncoding: 'base64' };
  assert.equal(ddl(binary), 'BYTEA');
  assert.equal(ddl(binary, 'no_native_binary_column_type'), 'TEXT');
  const day: SampleField = { types: ['string'], format: 'date' };
  assert.equal(ddl(day, '', { isKey: true }), 'TEXT');
  assert.equal(ddl(day, 'no_datetime_keys_as_string', { isKey: true }), 'DATE');
});

test('an enum is no type where a value could not be a label', () => {
  for (const values of [['red', 1], [''.padEnd(64, 'x')], ['a\0b'], [null]]) {
    assert.equal(ddl({ types: ['string', 'null'], enum: values }), 'TEXT');
  }
  assert.equal(ddl({ types: ['string', 'integer'], enum: ['red'] }), 'JSON');
});

test('what only null fits has no column', () => {
  assert.equal(ddl({ types: ['null'] }), undefined);
  assert.equal(ddl({ types: [] }), undefined);
});

test('of a text that jsonb refuses, only what it cannot hold is changed', () => {
  for (const [json, expected] of [
    [String.raw`"a\u0000b"`, '"ab"'],
    [String.raw`"\\u0000"`, String.raw`"\\u0000"`],
    [String.raw`"\\\u0000"`, String.raw`"\\"`],
    [String.raw`"\ud83d\ude00"`, String.raw`"\ud83d\ude00"`],
    [String.raw`"\ud83d"`, String.raw`"\ufffd"`],
    [String.raw`"\ude00\ud83d"`, String.raw`"\ufffd\ufffd"`],
    [String.raw`"\"\u00e9"`, String.raw`"\"\u00e9"`],
  ]) {
    assert.equal(storableJson(json ?? ''), expected);
  }
});
