import { configSchemaText, decodeConfig, lintConfigSchema } from '@weir/schema';
import { matchSnapshot } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfig, sourceSettings, splitAddress, tunnelTarget } from './config.ts';
import { endpointSchema, upgradeConfig } from './endpoint-schema.ts';
import { tlsOptions } from './tls.ts';
import { resourceSchema } from './resource-schema.ts';

const base = {
  address: 'db.example.com',
  user: 'flow_capture',
  database: 'shop',
  historyMode: false,
  credentials: { auth_type: 'UserPassword', password: 'x' },
};

function decode(changes: Record<string, unknown> = {}) {
  return decodeConfig(endpointSchema, JSON.stringify({ ...base, ...changes }), { what: 'the config' });
}

function tunnel(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const forwarding = { sshEndpoint: 'ssh://me@bastion', privateKey: 'a key', ...changes };
  return { networkTunnel: { sshForwarding: forwarding } };
}

describe('the configuration', () => {
  test('schemas are those of the snapshot and follow the guidelines', () => {
    assert.deepEqual(lintConfigSchema(endpointSchema), []);
    assert.deepEqual(lintConfigSchema(resourceSchema), []);
    const pretty = (text: string) => JSON.stringify(JSON.parse(text), undefined, 2);
    matchSnapshot(import.meta.url, 'endpoint-schema.json', pretty(configSchemaText(endpointSchema)));
    matchSnapshot(import.meta.url, 'resource-schema.json', pretty(configSchemaText(resourceSchema)));
  });

  test('defaults are those of the catalogs in use', () => {
    const settings = sourceSettings(decode());
    assert.deepEqual(
      [settings.port, settings.slot, settings.publication, settings.chunkRows, settings.statementTimeout],
      [5432, 'flow_slot', 'flow_publication', 50_000, '2min'],
    );
    assert.equal(settings.rediscoveryIntervalMs, 900_000);
  });

  test('an address is a host, a host with a port, or IPv6 with and without brackets', () => {
    assert.deepEqual(splitAddress('db'), { host: 'db', port: 5432 });
    assert.deepEqual(splitAddress('db:6000'), { host: 'db', port: 6000 });
    assert.deepEqual(splitAddress('[::1]:6000'), { host: '[::1]', port: 6000 });
    assert.deepEqual(splitAddress('::1'), { host: '::1', port: 5432 });
    assert.deepEqual(splitAddress('/run/postgresql'), { host: '/run/postgresql', port: 5432 });
  });

  test('skipped backfills match schema.table in any case, and *.* matches all', () => {
    const some = sourceSettings(decode({ advanced: { skip_backfills: 'public.Users, shop.orders' } }));
    assert.deepEqual(
      [
        some.isSkipped('public', 'users'),
        some.isSkipped('Shop', 'Orders'),
        some.isSkipped('public', 'orders'),
      ],
      [true, true, false],
    );
    assert.equal(sourceSettings(decode({ advanced: { skip_backfills: '*.*' } })).isSkipped('a', 'b'), true);
  });

  test('the password of old catalogs becomes a credential', () => {
    const { credentials: _, ...rest } = base;
    const upgraded = upgradeConfig({ ...rest, password: 'old' });
    assert.deepEqual(upgraded, { ...rest, credentials: { auth_type: 'UserPassword', password: 'old' } });
    assert.equal(upgradeConfig(base), base);
  });

  test('a tunnel whose form was left empty is no tunnel', () => {
    const empty = upgradeConfig({ ...base, ...tunnel({ sshEndpoint: '', privateKey: '' }) });
    assert.deepEqual(empty, base);
  });

  test('a tunnel leads to the address as the SSH server knows it', () => {
    assert.deepEqual(tunnelTarget(decode({ address: 'db.internal' })), { host: 'db.internal', port: 5432 });
    assert.deepEqual(tunnelTarget(decode({ address: '[::1]:6000' })), { host: '::1', port: 6000 });
  });

  test('passwords may travel unencrypted if the server cannot do better, tokens may not', () => {
    const google = {
      auth_type: 'GCPIAM',
      gcp_service_account_to_impersonate: 'a@b',
      gcp_workload_identity_pool_audience: '//pool',
    };
    assert.equal(tlsOptions(decode()).sslmode, 'prefer');
    assert.equal(tlsOptions(decode({ credentials: google })).sslmode, 'require');
    const chosen = decode({ credentials: google, advanced: { sslmode: 'disable' } });
    assert.equal(tlsOptions(chosen).sslmode, 'disable');
    const blank = decode({ advanced: { ssl_server_ca: ' ', ssl_client_cert: '', ssl_client_key: '' } });
    assert.deepEqual(tlsOptions(blank), { sslmode: 'prefer' });
  });

  test('values that cannot work are refused by name', () => {
    const cases: [Record<string, unknown>, string, RegExp][] = [
      [{ address: 'localhost:99999' }, 'PG_CONFIG_INVALID', /port 99999/],
      [{ address: 'x.pooler.supabase.com:6543' }, 'PG_CONFIG_INVALID', /pooler/],
      [{ advanced: { skip_backfills: 'users' } }, 'PG_CONFIG_INVALID', /"users".*no schema/],
      [{ advanced: { rediscovery_interval: '10s' } }, 'PG_CONFIG_INVALID', /10s.*1m/],
      [{ discoveryFilters: { table_patterns: ['a.b.c'] } }, 'SQL_TABLE_PATTERN_INVALID', /a\.b\.c/],
      [
        { advanced: { feature_flags: 'force_reset_cursor=7' } },
        'PG_CONFIG_INVALID',
        /force_reset_cursor.*"7"/,
      ],
      [tunnel({ sshEndpoint: 'ssh://me@host:x' }), 'TUNNEL_ENDPOINT_INVALID', /no ssh/],
      [tunnel({ hostKey: 'MD5:00' }), 'TUNNEL_HOST_KEY_INVALID', /MD5/],
      [{ ...tunnel(), address: '/run/postgresql' }, 'TUNNEL_TARGET_INVALID', /\/run\/postgresql/],
      [
        { credentials: { auth_type: 'AWSIAM', aws_region: 'r', aws_role_arn: 'a' } },
        'AUTH_CONFIG_INVALID',
        /aws_region/,
      ],
      [{ advanced: { ssl_server_ca: 'x' } }, 'PG_CONFIG_INVALID', /ssl_server_ca.*prefer/],
      [
        { advanced: { sslmode: 'verify-full', ssl_server_ca: 'x' } },
        'PG_CONFIG_INVALID',
        /ssl_server_ca is no certificate/,
      ],
      [
        { advanced: { ssl_client_cert: 'x' } },
        'PG_CONFIG_INVALID',
        /ssl_client_cert.*without.*ssl_client_key/,
      ],
      [
        { advanced: { ssl_client_key: 'x' } },
        'PG_CONFIG_INVALID',
        /ssl_client_key.*without.*ssl_client_cert/,
      ],
    ];
    for (const [changes, code, message] of cases) {
      assert.throws(() => checkConfig(decode(changes)), { code, message }, JSON.stringify(changes));
    }
    assert.doesNotThrow(() =>
      checkConfig(decode({ advanced: { feature_flags: 'no_emit_sourced_schemas, later' } })),
    );
  });
});
