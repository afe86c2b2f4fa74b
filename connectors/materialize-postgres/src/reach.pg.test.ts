// The ways to a destination: through a real OpenSSH server, and encrypted.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CertificateAuthority,
  countedIn,
  eventsTable,
  foldOf,
  generateSshKey,
  ledgerTable,
  missingPostgres,
  missingSshServer,
  offsetOf,
  type PostgresServer,
  postgresVersions,
  serveTls,
  type SshServer,
  startPostgres,
  startSshServer,
  takeInSessions,
  takeTransaction,
  tunnelThrough,
} from '@weir/testing';
import { Sink } from '../test/sink.ts';

async function takeAll(sink: Sink): Promise<void> {
  await sink.validate(sink.spec(ledgerTable, eventsTable));
  await sink.apply(sink.spec(ledgerTable, eventsTable));
  await takeInSessions(sink);
}

for (const version of postgresVersions) {
  describe(
    `a destination behind an SSH server (PostgreSQL ${version})`,
    { skip: missingSshServer() || missingPostgres(version) },
    () => {
      let server: PostgresServer;
      let ssh: SshServer;
      before(
        async () => void ([server, ssh] = await Promise.all([startPostgres({ version }), startSshServer()])),
      );
      after(async () => {
        await ssh[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      });

      test('[G2] rows go through the tunnel, and its end is the end of the session, which the next one goes on from', async () => {
        await using mortal = await startSshServer();
        await using sink = await Sink.create(server, { hardDelete: true, ...tunnelThrough(mortal) });
        await takeAll(sink);
        await using session = await sink.open();
        await takeTransaction(session, 6);
        await mortal.kill9();
        await assert.rejects(
          async () => {
            for (let offset = 7; ; offset += 1) await takeTransaction(session, offset);
          },
          { code: /^(TUNNEL_LOST|PG_CONNECTION_LOST)$/ },
        );
        await assert.rejects(sink.open(), { code: /^TUNNEL_/, retry: 'backoff' });
        await mortal.start();
        await using next = await sink.open();
        const offset = offsetOf(next.checkpoint);
        assert.deepEqual(await countedIn(sink), foldOf(offset));
        await takeTransaction(next, offset);
        assert.deepEqual(await countedIn(sink), foldOf(offset + 1));
      });

      test('[G9] an SSH server with another key, or that does not know ours, is told without the key', async () => {
        const stranger = generateSshKey(join(ssh.folder, 'stranger'), ['-t', 'ed25519']);
        const cases = [
          [{ hostKey: stranger.public }, 'TUNNEL_HOST_KEY_MISMATCH'],
          [{ privateKey: stranger.private }, 'TUNNEL_AUTH_REFUSED'],
          [{ sshEndpoint: 'ssh://me@127.0.0.1:1' }, 'TUNNEL_UNREACHABLE'],
        ] as const;
        for (const [more, code] of cases) {
          await using sink = await Sink.create(server, tunnelThrough(ssh, more));
          await assert.rejects(
            sink.validate(sink.spec(ledgerTable)),
            (error: Error & { readonly code?: string }) => {
              const lines = stranger.private.split('\n').slice(1, -2);
              assert.ok(
                lines.every((line) => !`${error.message}${JSON.stringify(sink.logs)}`.includes(line)),
              );
              return error.code === code;
            },
          );
        }
      });
    },
  );
}

for (const version of postgresVersions) {
  describe(`an encrypted destination (PostgreSQL ${version})`, { skip: missingPostgres(version) }, () => {
    test('rows go over connections that check the server, with a certificate of the user; others are refused', async () => {
      await using server = await startPostgres({ version });
      using authority = new CertificateAuthority('authority');
      using other = new CertificateAuthority('another authority');
      await server.query('CREATE ROLE certified LOGIN SUPERUSER');
      await using direct = await Sink.create(server);
      const identity = authority.issue('localhost', ['DNS:localhost']);
      const rules = 'hostssl all certified all cert\nhost all postgres all scram-sha-256\n';
      await serveTls(server, identity, authority.certificate, rules);
      const { certificate, key } = authority.issue('certified');
      const advanced = {
        sslmode: 'verify-full',
        ssl_server_ca: authority.certificate,
        ssl_client_cert: certificate,
        ssl_client_key: key,
      };
      const as = (address: string, more: object): Sink =>
        direct.with({
          address: `${address}:${server.port}`,
          user: 'certified',
          hardDelete: true,
          advanced: { ...advanced, ...more },
        });
      const spec = direct.spec(ledgerTable);
      await assert.rejects(as('127.0.0.1', {}).validate(spec), { code: 'PG_TLS_FAILED' });
      const stranger = { ssl_server_ca: other.certificate };
      await assert.rejects(as('localhost', stranger).validate(spec), { code: 'PG_TLS_FAILED' });
      const wrong = other.issue('certified');
      const forged = { ssl_client_cert: wrong.certificate, ssl_client_key: wrong.key };
      await assert.rejects(as('localhost', forged).validate(spec), {
        code: /^PG_(TLS_FAILED|AUTH_FAILED|UNREACHABLE)$/,
      });
      await takeAll(as('localhost', {}));
    });
  });
}
