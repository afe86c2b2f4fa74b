// The real meanings of /advanced/sslmode, and what is said when a connection cannot be as it demands.

import {
  CertificateAuthority,
  missingPostgres,
  postgresVersions,
  serveTls,
  startPostgres,
  type PostgresServer,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Secret } from '@weir/schema';
import { WeirError } from '@weir/protocol';
import { connectTo } from './connect-to.ts';
import { checkEndpoint, type PostgresEndpoint } from './endpoint.ts';
import type { TlsSettings } from './tls.ts';

const accessRules = `
local     all all       trust
hostssl   all certified all trust clientcert=verify-full
hostssl   all tls_only  all scram-sha-256
hostnossl all tls_only  all reject
hostssl   all clear     all reject
host      all clear     all scram-sha-256
host      all postgres  all scram-sha-256
host      replication postgres all scram-sha-256
`;

for (const version of postgresVersions) {
  describe(`TLS with PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    let authority: CertificateAuthority;
    let other: CertificateAuthority;

    before(async () => {
      server = await startPostgres({ version, settings: { listen_addresses: '127.0.0.1,::1' } });
      authority = new CertificateAuthority('authority');
      other = new CertificateAuthority('other');
      for (const role of ['certified', 'tls_only', 'clear']) {
        await server.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${role}'`);
      }
      const identity = authority.issue('localhost', ['DNS:localhost']);
      await serveTls(server, identity, authority.certificate, accessRules);
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
      authority[Symbol.dispose]();
      other[Symbol.dispose]();
    });

    /** `''` when a connection can be made, else the error. */
    async function check(
      advanced: TlsSettings,
      overrides: { user?: string; address?: string } = {},
    ): Promise<string> {
      const { user = 'postgres', address = `127.0.0.1:${server.port}` } = overrides;
      const credentials = { auth_type: 'UserPassword', password: new Secret(user) } as const;
      const endpoint: PostgresEndpoint = { address, user, database: 'postgres', credentials, advanced };
      try {
        checkEndpoint(endpoint);
        await using _connection = await connectTo(endpoint)();
        return '';
      } catch (error) {
        assert.ok(error instanceof WeirError, String(error));
        return error.explain();
      }
    }

    test('disable never encrypts, and require always does', async () => {
      assert.equal(await check({ sslmode: 'disable' }, { user: 'clear' }), '');
      assert.match(
        await check({ sslmode: 'disable' }, { user: 'tls_only' }),
        /^PG_AUTH_FAILED: .*(no encryption|SSL off)/,
      );
      assert.equal(await check({ sslmode: 'require' }, { user: 'tls_only' }), '');
      assert.match(
        await check({ sslmode: 'require' }, { user: 'clear' }),
        /^PG_AUTH_FAILED: .*(SSL encryption|SSL on)/,
      );
    });

    test('allow and prefer, which is the default, take what the access rules of the server leave', async () => {
      for (const advanced of [{ sslmode: 'allow' }, { sslmode: 'prefer' }, {}] as const) {
        for (const user of ['clear', 'tls_only']) assert.equal(await check(advanced, { user }), '');
      }
    });

    test('verify-ca asks for a trusted authority, verify-full for the name of the server too', async () => {
      const ca = { ssl_server_ca: authority.certificate };
      const named = { address: `localhost:${server.port}` };
      assert.equal(await check({ sslmode: 'verify-ca', ...ca }), '');
      assert.equal(await check({ sslmode: 'verify-full', ...ca }, named), '');
      assert.match(
        await check({ sslmode: 'verify-full', ...ca }),
        /^PG_TLS_FAILED: .*does not match certificate's altnames.*127\.0\.0\.1.*\nSet \/address/,
      );
    });

    test('a server of another authority, or of one that nobody named, is refused', async () => {
      const wrong = { ssl_server_ca: other.certificate };
      for (const sslmode of ['require', 'verify-ca', 'verify-full'] as const) {
        assert.match(await check({ sslmode, ...wrong }), /^PG_TLS_FAILED: [\s\S]*ssl_server_ca/, sslmode);
      }
      for (const sslmode of ['verify-ca', 'verify-full'] as const) {
        assert.match(await check({ sslmode }), /^PG_TLS_FAILED/, sslmode);
      }
      const both = `${other.certificate}${authority.certificate}`;
      assert.equal(await check({ sslmode: 'verify-ca', ssl_server_ca: both }), '');
    });

    test('[G9] a client certificate lets its owner in, and a wrong one is told without the key', async () => {
      const { certificate, key } = authority.issue('certified');
      const files = { ssl_client_cert: certificate, ssl_client_key: new Secret(key) };
      const user = 'certified';
      assert.equal(await check({ sslmode: 'require', ...files }, { user }), '');
      assert.match(await check({ sslmode: 'require' }, { user }), /^PG_AUTH_FAILED: .*certificate/);
      const stranger = other.issue('certified');
      const errors = [
        await check(
          {
            sslmode: 'require',
            ssl_client_cert: stranger.certificate,
            ssl_client_key: new Secret(stranger.key),
          },
          { user },
        ),
        await check({ sslmode: 'require', ...files, ssl_client_key: new Secret(stranger.key) }, { user }),
        await check({ sslmode: 'require', ...files, ssl_client_key: new Secret(key.slice(0, 90)) }, { user }),
      ];
      assert.match(errors[0] ?? '', /^PG_TLS_FAILED: .*unknown ca/);
      assert.match(errors[1] ?? '', /^PG_CONFIG_INVALID: .*not the key of/);
      assert.match(errors[2] ?? '', /^PG_CONFIG_INVALID: .*no private key/);
      for (const line of [...key.split('\n').slice(1, -2), ...stranger.key.split('\n').slice(1, -2)]) {
        assert.ok(!errors.join('\n').includes(line));
      }
    });
  });
}
