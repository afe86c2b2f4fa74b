// Captures through a real OpenSSH server.

import {
  CertificateAuthority,
  generateSshKey,
  missingPostgres,
  postgresVersions,
  missingSshServer,
  serveTls,
  startPostgres,
  startSshServer,
  type PostgresServer,
  type SshServer,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLogger } from '@weir/connector';
import { WeirError } from '@weir/protocol';
import { decodeConfig } from '@weir/schema';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';
import { checkConfig } from './config.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { withSource } from './source.ts';

for (const version of postgresVersions) {
  describe(
    `a capture through an SSH tunnel, on PostgreSQL ${version}`,
    { skip: missingSshServer() || missingPostgres(version) },
    () => {
      let server: PostgresServer;
      let ssh: SshServer;
      before(async () => {
        server = await startPostgres({ version });
        ssh = await startSshServer();
        await server.query('CREATE TABLE t (id int PRIMARY KEY, v text)');
        await server.query("INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i");
      });
      after(async () => {
        await ssh[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      });

      function tunnelled(
        bastion: SshServer,
        forwarding: Record<string, unknown> = {},
        overrides: Record<string, unknown> = {},
      ): Record<string, unknown> {
        const sshForwarding = {
          sshEndpoint: bastion.endpoint,
          privateKey: bastion.privateKey,
          hostKey: bastion.fingerprint('ed25519'),
          ...forwarding,
        };
        return endpointConfig(server, { networkTunnel: { sshForwarding }, ...overrides });
      }

      /** What the connector logs and, if it cannot reach the server, the error. */
      async function reach(given: Record<string, unknown>): Promise<{ error: string; log: string }> {
        const config = decodeConfig(endpointSchema, JSON.stringify(given), { what: 'the config' });
        let text = '';
        const log = createLogger({
          level: 'trace',
          format: 'json',
          writeLine: (line) => (text += `${line}\n`),
          now: () => new Date(),
        });
        try {
          checkConfig(config);
          const signal = new AbortController().signal;
          await withSource(config, { log, signal }, ({ sql }) => sql.versionNumber());
          return { error: '', log: text };
        } catch (error) {
          assert.ok(error instanceof WeirError, String(error));
          return { error: error.explain(), log: text };
        }
      }

      test('reads existing rows and changes, and resumes', async () => {
        const config = tunnelled(ssh);
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        assert.equal(capture.rows('t').length, 20_000);
        await server.query("UPDATE t SET v = 'changed' WHERE id = 7; INSERT INTO t VALUES (20001, 'new')");
        await capture.until('both changes', () => capture.rows('t').length === 20_001);
        await capture.kill('SIGTERM');
        await server.query('DELETE FROM t WHERE id = 20001');
        capture.start();
        await capture.until('the delete', () => capture.rows('t').length === 20_000);
        assert.deepEqual(
          capture.rows('t').find((row) => row['id'] === 7),
          { id: 7, v: 'changed' },
        );
        const forwarders = ssh.sessions();
        assert.ok(forwarders.length > 0, 'the SSH server is serving the capture');
      });

      test('the end of the SSH server under traffic is the end of the capture, with its own error, and nothing is lost', async () => {
        await using mortal = await startSshServer();
        await server.query('CREATE TABLE traffic (id int PRIMARY KEY)');
        const config = tunnelled(
          mortal,
          {},
          { advanced: { slotName: 'traffic_slot', discover_unpublished_tables: true } },
        );
        const bindings = (await discoverBindings(config)).filter(
          ({ resource }) => resource['stream'] === 'traffic',
        );
        assert.equal(bindings.length, 1);
        await using capture = new CaptureHarness(config, bindings);
        capture.start();
        await capture.untilActive();
        await server.query('INSERT INTO traffic SELECT generate_series(1, 50000)');
        await capture.until('the first of them', () => capture.rows('traffic').length > 0);
        await mortal.kill9();
        assert.match(await capture.failure(), /^TUNNEL_LOST: .*127\.0\.0\.1/);
        await mortal.start();
        capture.start();
        await capture.until('all of them', () => capture.rows('traffic').length === 50_000);
        assert.equal(capture.documents('traffic').length, 50_000);
      });

      test('an idle capture hears of the end of the SSH server at once', async () => {
        await using mortal = await startSshServer();
        const config = tunnelled(mortal, {}, { advanced: { slotName: 'idle_slot' } });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        await mortal.kill9();
        assert.match(await capture.failure(), /^TUNNEL_LOST/);
        const last = capture.logs.findLast((log) => log.level === 'error');
        assert.equal(last?.fields['retry'], 'backoff');
      });

      test('[G9] whatever is wrong with the tunnel has its own code, and the key is never printed', async () => {
        const stranger = generateSshKey(join(ssh.folder, 'stranger'), ['-t', 'ed25519']);
        const encrypted = generateSshKey(join(ssh.folder, 'encrypted'), ['-t', 'ed25519', '-N', 'secret']);
        const cases: [Record<string, unknown>, Record<string, unknown>, RegExp][] = [
          [{ privateKey: stranger.private }, {}, /^TUNNEL_AUTH_REFUSED/],
          [{ privateKey: encrypted.private }, {}, /^TUNNEL_KEY_ENCRYPTED: .*\n.*ssh-keygen -p/],
          [{ privateKey: 'nonsense' }, {}, /^TUNNEL_KEY_INVALID/],
          [{ hostKey: stranger.public }, {}, /^TUNNEL_HOST_KEY_MISMATCH: .*SHA256:/],
          [{ sshEndpoint: 'ssh://me@127.0.0.1:1' }, {}, /^TUNNEL_UNREACHABLE: .*127\.0\.0\.1:1/],
          [{}, { address: '127.0.0.1:1' }, /^TUNNEL_TARGET_UNREACHABLE: .*127\.0\.0\.1:1/],
          [
            {},
            { address: 'nowhere.invalid' },
            /^TUNNEL_(TARGET_UNREACHABLE|FORWARD_REFUSED): .*nowhere\.invalid:5432/,
          ],
          [{}, { credentials: { auth_type: 'UserPassword', password: 'wrong' } }, /^PG_AUTH_FAILED/],
        ];
        for (const [forwarding, overrides, expected] of cases) {
          const { error, log } = await reach(tunnelled(ssh, forwarding, overrides));
          assert.match(error, expected);
          for (const key of [ssh.privateKey, stranger.private, encrypted.private]) {
            for (const line of key.split('\n').slice(1, -2)) assert.ok(!`${log}${error}`.includes(line));
          }
        }
        await using strict = await startSshServer({ settings: { PermitOpen: '127.0.0.1:1' } });
        assert.match((await reach(tunnelled(strict))).error, /^TUNNEL_FORWARD_REFUSED: .*\n.*PermitOpen/);
      });

      test('TLS goes through the tunnel, and is checked against the name of the server and not of the tunnel', async () => {
        await using secured = await startPostgres({ version });
        using authority = new CertificateAuthority('authority');
        await serveTls(
          secured,
          authority.issue('localhost', ['DNS:localhost']),
          authority.certificate,
          'hostssl all all all scram-sha-256',
        );
        const advanced = { sslmode: 'verify-full', ssl_server_ca: authority.certificate };
        const through = (host: string): Promise<{ error: string }> =>
          reach(tunnelled(ssh, {}, { address: `${host}:${secured.port}`, advanced }));
        assert.equal((await through('localhost')).error, '');
        assert.match((await through('127.0.0.1')).error, /^PG_TLS_FAILED: .*does not match/);
      });
    },
  );
}
