import { configSchema, type ConfigOf, decodeConfig, optionalSection, text } from '@weir/schema';
import { networkTunnelField } from '@weir/network-tunnel';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusePooler, splitAddress, tunnelTarget } from './address.ts';
import { addressField, credentialsField, tlsFields } from './endpoint-fields.ts';
import { checkEndpoint, type PostgresEndpoint } from './endpoint.ts';
import { tlsOptions } from './tls.ts';

const schema = configSchema(
  { id: 'test', title: 'A connector of PostgreSQL' },
  {
    address: addressField(),
    user: text({ title: 'User', description: '', order: 1 }),
    credentials: credentialsField(2),
    advanced: optionalSection({ title: 'Advanced', description: '', advanced: true }, tlsFields('prefer')),
    networkTunnel: networkTunnelField(),
  },
);
const google = {
  auth_type: 'GCPIAM',
  gcp_service_account_to_impersonate: 'a@b',
  gcp_workload_identity_pool_audience: '//pool',
};

function decode(changes: Record<string, unknown> = {}): ConfigOf<typeof schema> {
  const base = { address: 'db', user: 'me', credentials: { auth_type: 'UserPassword', password: 'x' } };
  return decodeConfig(schema, JSON.stringify({ ...base, ...changes }), { what: 'the config' });
}

function tunnel(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const forwarding = { sshEndpoint: 'ssh://me@bastion', privateKey: 'a key', ...changes };
  return { networkTunnel: { sshForwarding: forwarding } };
}

describe('an endpoint', () => {
  test('is what the shared fields decode to', () => {
    const endpoint: PostgresEndpoint = decode();
    assert.doesNotThrow(() => checkEndpoint(endpoint));
  });

  test('an address is a host, a host with a port, or IPv6 with and without brackets', () => {
    assert.deepEqual(splitAddress('db'), { host: 'db', port: 5432 });
    assert.deepEqual(splitAddress('db:6000'), { host: 'db', port: 6000 });
    assert.deepEqual(splitAddress('[::1]:6000'), { host: '[::1]', port: 6000 });
    assert.deepEqual(splitAddress('::1'), { host: '::1', port: 5432 });
    assert.deepEqual(splitAddress('/run/postgresql'), { host: '/run/postgresql', port: 5432 });
  });

  test('a tunnel leads to the address as the SSH server knows it', () => {
    assert.deepEqual(tunnelTarget('db.internal'), { host: 'db.internal', port: 5432 });
    assert.deepEqual(tunnelTarget('[::1]:6000'), { host: '::1', port: 6000 });
  });

  test('passwords may travel unencrypted if the server cannot do better, tokens may not', () => {
    const mode = (changes: object, hasPassword: boolean) =>
      tlsOptions(decode({ advanced: changes }).advanced, hasPassword);
    assert.equal(mode({}, true).sslmode, 'prefer');
    assert.equal(mode({}, false).sslmode, 'require');
    assert.equal(mode({ sslmode: 'disable' }, false).sslmode, 'disable');
    const blank = { ssl_server_ca: ' ', ssl_client_cert: '', ssl_client_key: '' };
    assert.deepEqual(mode(blank, true), { sslmode: 'prefer' });
  });

  test('[G9] what cannot work is refused by name, and a password in a URL is not repeated', () => {
    const cases: [Record<string, unknown>, string, RegExp][] = [
      [{ address: 'localhost:99999' }, 'PG_CONFIG_INVALID', /port 99999/],
      [{ address: 'localhost:0' }, 'PG_CONFIG_INVALID', /port 0/],
      [{ address: ':5432' }, 'PG_CONFIG_INVALID', /no host/],
      [{ address: 'postgres://me:hunter2@db:5432/shop' }, 'PG_CONFIG_INVALID', /is a URL/],
      [{ address: 'jdbc:postgresql://db/shop' }, 'PG_CONFIG_INVALID', /is a URL/],
      [{ address: 'me:hunter2@db:5432' }, 'PG_CONFIG_INVALID', /a user in front/],
      [{ address: 'db:abc' }, 'PG_CONFIG_INVALID', /host "db" with a port that is no number/],
      [{ address: 'db:' }, 'PG_CONFIG_INVALID', /host "db" with a port that is no number/],
      [tunnel({ sshEndpoint: 'ssh://me@host:x' }), 'TUNNEL_ENDPOINT_INVALID', /no ssh/],
      [tunnel({ hostKey: 'MD5:00' }), 'TUNNEL_HOST_KEY_INVALID', /MD5/],
      [{ ...tunnel(), address: '/run/postgresql' }, 'TUNNEL_TARGET_INVALID', /\/run\/postgresql/],
      [
        { credentials: { auth_type: 'AWSIAM', aws_region: 'r', aws_role_arn: 'a' } },
        'AUTH_CONFIG_INVALID',
        /aws_region/,
      ],
      [
        { credentials: google, advanced: { sslmode: 'disable', ssl_server_ca: 'x' } },
        'PG_CONFIG_INVALID',
        /ssl_server_ca.*disable/,
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
      const check = (): void => checkEndpoint(decode(changes));
      assert.throws(check, { code, message }, JSON.stringify(changes));
      assert.throws(check, (error) => !String(error).includes('hunter2'));
    }
  });

  test('a pooler is refused by connectors that need the server itself', () => {
    const refused = { code: 'PG_CONFIG_INVALID', message: /pooler, which cannot replicate/ };
    for (const address of ['x.pooler.supabase.com', 'x.pooler.supabase.com:6543'])
      assert.throws(() => refusePooler(address, 'which cannot replicate'), refused);
    refusePooler('db.x.supabase.co:5432', 'which cannot replicate');
  });
});
