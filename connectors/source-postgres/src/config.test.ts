import { configSchemaText, decodeConfig, lintConfigSchema } from '@weir/schema';
import { matchSnapshot } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfig, sourceSettings } from './config.ts';
import { endpointSchema, upgradeConfig } from './endpoint-schema.ts';
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

  test('chunks grow unless their size is chosen, and then by the flag, with checkpoints in proportion', () => {
    const chunks = (advanced: Record<string, unknown>) => {
      const { chunkRows, lengthensChunks, chunkCheckpointBytes } = sourceSettings(decode({ advanced }));
      return [chunkRows, lengthensChunks, chunkCheckpointBytes];
    };
    const usual = 8 * 1024 ** 2;
    const flag = { feature_flags: 'lengthen_chunks' };
    assert.deepEqual(chunks({}), [50_000, true, usual]);
    assert.deepEqual(chunks(flag), [50_000, true, usual]);
    assert.deepEqual(chunks({ backfill_chunk_size: 100 }), [100, false, usual]);
    assert.deepEqual(chunks({ backfill_chunk_size: 100, ...flag }), [100, true, Math.ceil(usual / 500)]);
    assert.deepEqual(chunks({ backfill_chunk_size: 200_000, ...flag }), [200_000, true, usual]);
    assert.deepEqual(chunks({ backfill_connections: 2, ...flag }), [50_000, false, usual]);
    // They do not grow for another reason: their ends are often enough.
    const several = { backfill_chunk_size: 100, backfill_connections: 2, ...flag };
    assert.deepEqual(chunks(several), [100, false, usual]);
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

  test('values that cannot work are refused by name', () => {
    const cases: [Record<string, unknown>, string, RegExp][] = [
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
      [{ advanced: { ssl_server_ca: 'x' } }, 'PG_CONFIG_INVALID', /ssl_server_ca.*prefer/],
    ];
    for (const [changes, code, message] of cases) {
      assert.throws(() => checkConfig(decode(changes)), { code, message }, JSON.stringify(changes));
    }
    assert.doesNotThrow(() =>
      checkConfig(decode({ advanced: { feature_flags: 'no_emit_sourced_schemas, later' } })),
    );
  });
});
