import { configSchemaText, decodeConfig, lintConfigSchema } from '@weir/schema';
import { matchSnapshot } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endpointSchema, resourceSchema, sourceSettings } from './config.ts';
import { sourcePostgresBatch } from './capture.ts';

const base = { address: 'db', user: 'flow_capture', password: 'x', database: 'shop' };

function decode(changes: object = {}) {
  return decodeConfig(endpointSchema, JSON.stringify({ ...base, ...changes }), { what: 'the config' });
}

describe('the configuration', () => {
  test('schemas are those of the snapshot and follow the guidelines', () => {
    assert.deepEqual(lintConfigSchema(endpointSchema), []);
    assert.deepEqual(lintConfigSchema(resourceSchema), []);
    const pretty = (text: string) => JSON.stringify(JSON.parse(text), undefined, 2);
    matchSnapshot(import.meta.url, 'endpoint-schema.json', pretty(configSchemaText(endpointSchema)));
    matchSnapshot(import.meta.url, 'resource-schema.json', pretty(configSchemaText(resourceSchema)));
    assert.deepEqual(sourcePostgresBatch.spec.resourcePathPointers, ['/name']);
  });

  test('defaults are those of the catalogs in use', () => {
    const settings = sourceSettings(decode());
    assert.deepEqual(
      [settings.defaultSchedule, settings.statementTimeout, settings.sourceTag],
      ['5m', undefined, undefined],
    );
    assert.equal(settings.flags.keyless_row_id && settings.flags.emit_sourced_schemas, true);
    assert.equal(sourceSettings(decode({ advanced: { statement_timeout: '5m' } })).statementTimeout, '5min');
  });

  test('values that cannot work are refused by name', () => {
    const check = (changes: object) => () => sourcePostgresBatch.checkConfig?.(decode(changes));
    assert.throws(check({ address: '' }), { code: 'CONFIG_INVALID', message: /\/address/ });
    assert.throws(check({ advanced: { discover_schemas: [''] } }), {
      code: 'PG_CONFIG_INVALID',
      message: /discover_schemas/,
    });
    assert.throws(check({ address: 'localhost:99999' }), {
      code: 'PG_CONFIG_INVALID',
      message: /port 99999/,
    });
    assert.throws(check({ advanced: { ssl_server_ca: 'x' } }), {
      code: 'PG_CONFIG_INVALID',
      message: /ssl_server_ca.*prefer/,
    });
    assert.throws(check({ advanced: { poll: '-5m' } }), { code: 'SQLBATCH_SCHEDULE_INVALID' });
    assert.doesNotThrow(check({ advanced: { poll: 'daily at 6:00Z' } }));
  });
});
