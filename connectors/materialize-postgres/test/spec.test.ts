import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchemaText, decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkReadmeTables, matchSnapshot } from '@weir/testing';
import { connectionCatalogue } from '@weir/postgres';
import {
  checkConfig,
  endpointConfig,
  endpointSchema,
  resourceConfig,
  resourcePathOf,
  upgradeConfig,
} from '../src/config.ts';
import { catalogue } from '../src/errors.ts';
import { enumTypeName } from '../src/enum-type.ts';

const pretty = (text: string): string => JSON.stringify(JSON.parse(text), undefined, 2);

const base = {
  address: 'db.example.com',
  user: 'flow',
  credentials: { auth_type: 'UserPassword', password: 'secret' },
};

function decoded(config: object) {
  const result = decodeConfig(endpointConfig, JSON.stringify(config), { what: 'it', upgrade: upgradeConfig });
  checkConfig(result);
  return result;
}

const pathOf = (resource: object, config: object = {}) =>
  resourcePathOf(
    decodeConfig(resourceConfig, JSON.stringify(resource), { what: 'it' }),
    decoded({ ...base, ...config }),
  );

test('the schemas pass the lint, and are those of the snapshot', () => {
  assert.deepEqual(lintConfigSchema(endpointConfig), []);
  assert.deepEqual(lintConfigSchema(resourceConfig), []);
  matchSnapshot(import.meta.url, 'endpoint-schema', pretty(configSchemaText(endpointConfig)));
  matchSnapshot(import.meta.url, 'resource-schema', pretty(configSchemaText(resourceConfig)));
});

test('the README lists every field of the configuration and every error, as they are', () => {
  checkReadmeTables(
    import.meta.url,
    { config: endpointConfig, resource: resourceConfig },
    { ...connectionCatalogue, ...catalogue },
  );
});

test('a password at the root, an empty tunnel and an empty trigger are those of old catalogs', () => {
  const { credentials: _, ...bare } = base;
  const config = decoded({
    ...bare,
    password: 'secret',
    networkTunnel: { sshForwarding: { sshEndpoint: '', privateKey: '' } },
    dbt_job_trigger: { cause: 'Estuary Flow', interval: '30m', mode: 'skip' },
  });
  assert.equal(config.credentials.auth_type, 'UserPassword');
  assert.equal(config.networkTunnel, undefined);
  assert.equal(config.dbt_job_trigger, undefined);
});

test('what cannot work is refused by the name of its field', () => {
  const dbt = { job_id: '1', account_id: '2', api_key: 'secret' };
  assert.throws(() => decoded({ ...base, dbt_job_trigger: dbt }), { code: 'MATERIALIZE_DBT_TRIGGER' });
  for (const address of [
    'x.pooler.supabase.com',
    'x.pooler.supabase.com:6543',
    'postgres://a:b@c/d',
    'db:0',
  ]) {
    assert.throws(() => decoded({ ...base, address }), { code: 'PG_CONFIG_INVALID' });
  }
  for (const missing of ['address', 'user', 'credentials'] as const) {
    const { [missing]: _, ...rest } = base;
    assert.throws(() => decoded(rest), { code: 'CONFIG_INVALID', message: new RegExp(`/${missing}`) });
  }
  assert.throws(() => decoded({ ...base, advanced: { sslmode: 'sometimes' } }), { code: 'CONFIG_INVALID' });
  assert.throws(() => decoded({ ...base, mystery: 1 }), { code: 'CONFIG_INVALID', message: /mystery/ });
});

test('paths of tables name their schema only where the catalog does', () => {
  assert.deepEqual(pathOf({ table: 't' }), ['t']);
  assert.deepEqual(pathOf({ table: 't', schema: '' }), ['t']);
  assert.deepEqual(pathOf({ table: 't' }, { schema: 'public' }), ['public', 't']);
  assert.deepEqual(pathOf({ table: 't', schema: 'own' }, { schema: 'public' }), ['own', 't']);
  assert.equal(endpointSchema(decoded(base)), 'public');
  assert.equal(endpointSchema(decoded({ ...base, schema: 'own' })), 'own');
});

test('names of enum types are cut to 63 bytes, and told apart by a hash', () => {
  assert.equal(enumTypeName('t', 'f'), 't_f_flow_enum');
  const long = enumTypeName('t', 'f'.repeat(60));
  assert.match(long, /^t_f+_[0-9a-f]{8}_flow_enum$/);
  assert.equal(Buffer.byteLength(long), 63);
  const both = enumTypeName('ä'.repeat(30), 'with_underscores_and_more_than_fits_here');
  assert.ok(Buffer.byteLength(both) <= 63);
  assert.match(both, /^ä{21}_w_[0-9a-f]{8}_flow_enum$/);
  assert.notEqual(enumTypeName('t', `${'f'.repeat(60)}a`), enumTypeName('t', `${'f'.repeat(60)}b`));
});
