import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  CertificateAuthority,
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  serveTls,
  startPostgres,
} from '@weir/testing';
import { connect, type ConnectOptions, PgConnectionError, PgServerError } from './index.ts';

const roles = [
  'anyone',
  'plain',
  'old',
  'new',
  'tls_only',
  'clear_only',
  'certified',
  'certified_too',
] as const;

const accessRules = `
local   all all                      trust
host    all anyone   127.0.0.1/32    trust
host    all plain    127.0.0.1/32    password
host    all old      127.0.0.1/32    md5
host    all new      127.0.0.1/32    scram-sha-256
hostssl all tls_only 127.0.0.1/32    scram-sha-256
hostssl all certified,certified_too 127.0.0.1/32 cert
hostnossl all clear_only 127.0.0.1/32 scram-sha-256
host    all postgres all             scram-sha-256
host    all new      ::1/128         scram-sha-256
`;

for (const version of postgresVersions) {
  suite(`PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    let socketFolder: string;
    let authority: CertificateAuthority;
    let otherAuthority: CertificateAuthority;
    let base: ConnectOptions;

    before(async () => {
      socketFolder = mkdtempSync(join(tmpdir(), 'weir-sockets-'));
      chmodSync(socketFolder, 0o777);
      server = await startPostgres({
        version,
        settings: { unix_socket_directories: socketFolder, listen_addresses: '127.0.0.1,::1' },
      });
      for (const role of roles) {
        const encryption = role === 'old' ? 'md5' : 'scram-sha-256';
        await server.query(
          `SET password_encryption = '${encryption}'; CREATE ROLE ${role} LOGIN PASSWORD 'sécret "${role}'`,
        );
      }
      authority = new CertificateAuthority('ca');
      otherAuthority = new CertificateAuthority('other');
      await serveTls(
        server,
        authority.issue('localhost', ['DNS:localhost']),
        authority.certificate,
        accessRules,
      );
      base = {
        host: '127.0.0.1',
        port: server.port,
        user: 'new',
        password: 'sécret "new',
        database: 'postgres',
      };
    });

    after(async () => {
      await server[Symbol.asyncDispose]();
      authority[Symbol.dispose]();
      otherAuthority[Symbol.dispose]();
      rmSync(socketFolder, { recursive: true, force: true });
    });

    async function isEncrypted(options: Partial<ConnectOptions>): Promise<boolean> {
      await using connection = await connect({ ...base, ...options });
      const { rows } = await connection.query(
        'SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), current_user',
      );
      assert.deepEqual(rows, [[connection.isEncrypted ? 't' : 'f', options.user ?? base.user]]);
      return connection.isEncrypted;
    }

    test('trust, cleartext, MD5 and SCRAM let the right password in, with and without TLS', async () => {
      for (const user of ['anyone', 'plain', 'old', 'new']) {
        for (const sslmode of ['disable', 'require'] as const) {
          assert.equal(
            await isEncrypted({ user, password: `sécret "${user}`, sslmode }),
            sslmode === 'require',
          );
        }
      }
    });

    test('[G9] a wrong password is refused with 28P01, whatever the method, and is not in the error', async () => {
      for (const user of ['plain', 'old', 'new', 'tls_only']) {
        await assert.rejects(connect({ ...base, user, password: 'wrong-pa55' }), (error: unknown) => {
          assert.ok(error instanceof PgServerError);
          assert.equal(error.sqlstate, '28P01');
          assert.equal(error.severity, 'FATAL');
          assert.doesNotMatch(JSON.stringify(error) + error.message, /wrong-pa55/);
          return true;
        });
      }
      const { password: _, ...withoutPassword } = base;
      await assert.rejects(connect(withoutPassword), { name: 'PgConnectionError', kind: 'auth' });
    });

    test('a password function is asked when the server wants a password, and only then', async () => {
      let asked = 0;
      const password = async (): Promise<string> => {
        asked += 1;
        return base.password as string;
      };
      await isEncrypted({ password });
      await isEncrypted({ password, user: 'anyone' });
      assert.equal(asked, 1);
    });

    test('each sslmode takes the connections it says', async () => {
      assert.equal(await isEncrypted({ sslmode: 'allow' }), false);
      assert.equal(await isEncrypted({ sslmode: 'prefer' }), true);
      assert.equal(
        await isEncrypted({ user: 'tls_only', password: 'sécret "tls_only', sslmode: 'allow' }),
        true,
      );
      assert.equal(
        await isEncrypted({ user: 'clear_only', password: 'sécret "clear_only', sslmode: 'prefer' }),
        false,
      );
      await assert.rejects(connect({ ...base, user: 'tls_only', sslmode: 'disable' }), { sqlstate: '28000' });
      await assert.rejects(connect({ ...base, user: 'clear_only', sslmode: 'require' }), {
        sqlstate: '28000',
      });
    });

    test('certificates are checked as far as the sslmode says', async () => {
      const [ca, otherCa] = [authority.certificate, otherAuthority.certificate];
      assert.equal(await isEncrypted({ sslmode: 'require', ca }), true);
      assert.equal(await isEncrypted({ sslmode: 'verify-ca', ca }), true);
      assert.equal(await isEncrypted({ sslmode: 'verify-full', ca, host: 'localhost' }), true);
      for (const options of [
        { sslmode: 'require', ca: otherCa },
        { sslmode: 'verify-ca', ca: otherCa },
        { sslmode: 'verify-ca' },
        { sslmode: 'verify-full', ca },
      ] as const) {
        await assert.rejects(connect({ ...base, ...options }), { name: 'PgConnectionError', kind: 'tls' });
      }
    });

    test('a client certificate lets its owner in, and one of another authority nobody', async () => {
      const certified = authority.issue('certified');
      const identity = { user: 'certified', cert: certified.certificate, key: certified.key } as const;
      assert.equal(await isEncrypted({ ...identity, sslmode: 'require' }), true);
      await assert.rejects(connect({ ...base, user: 'certified', sslmode: 'require' }), {
        sqlstate: '28000',
      });
      await assert.rejects(connect({ ...base, ...identity, user: 'certified_too', sslmode: 'require' }), {
        sqlstate: '28000',
      });
      const stranger = otherAuthority.issue('certified');
      const strange = { ...identity, cert: stranger.certificate, key: stranger.key };
      await assert.rejects(connect({ ...base, ...strange, sslmode: 'require' }), {
        name: 'PgConnectionError',
        kind: 'tls',
      });
    });

    test('certificates and keys that are none fail as TLS does, and are not in the error', async () => {
      const { certificate, key } = authority.issue('certified');
      const other = authority.issue('certified');
      for (const files of [
        { cert: certificate, key: 'no key' },
        { cert: certificate, key: other.key },
        { cert: 'no certificate', key },
        { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
      ]) {
        await assert.rejects(connect({ ...base, ...files, sslmode: 'require' }), (error: unknown) => {
          assert.ok(error instanceof PgConnectionError);
          assert.equal(error.kind, 'tls');
          assert.ok(!`${error.message}${String(error.cause)}`.includes(key.split('\n')[1] ?? '-'));
          return true;
        });
      }
    });

    test('through another address the certificate is still checked against the name of the server', async () => {
      const via = { host: '127.0.0.1', port: server.port };
      const ca = authority.certificate;
      const named = { host: 'localhost', port: 1, via, ca, sslmode: 'verify-full' } as const;
      assert.equal(await isEncrypted(named), true);
      await assert.rejects(connect({ ...base, ...named, host: 'db.example.com' }), {
        kind: 'tls',
        message: /db\.example\.com/,
      });
    });

    test('Unix sockets and IPv6 addresses are reached', async () => {
      assert.equal(await isEncrypted({ host: socketFolder, user: 'anyone', sslmode: 'require' }), false);
      assert.equal(await isEncrypted({ host: '[::1]' }), true);
    });

    test('settings and the application name hold for the session', async () => {
      await using connection = await connect({
        ...base,
        applicationName: 'weir test',
        settings: { DateStyle: 'German' },
      });
      const { rows } = await connection.query(
        'SELECT application_name, $1::date FROM pg_stat_activity WHERE pid = pg_backend_pid()',
        ['2024-01-15'],
      );
      assert.deepEqual(rows, [['weir test', '15.01.2024']]);
      assert.match(connection.parameters.get('DateStyle') ?? '', /German/);
    });

    test('a missing database is told apart from a missing server', async () => {
      await assert.rejects(connect({ ...base, database: 'nowhere' }), {
        name: 'PgServerError',
        sqlstate: '3D000',
      });
    });
  });
}

test('a refused, an unresolvable and a silent server are told apart, and quickly', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  assert.ok(address !== null && typeof address === 'object');
  const options = { host: '127.0.0.1', port: address.port, user: 'nobody' };
  await assert.rejects(connect({ ...options, connectTimeoutMs: 50 }), {
    name: 'PgConnectionError',
    kind: 'timeout',
  });
  await assert.rejects(connect({ ...options, signal: AbortSignal.abort() }), { kind: 'aborted' });
  const controller = new AbortController();
  silent.once('connection', () => controller.abort());
  await assert.rejects(connect({ ...options, signal: controller.signal }), { kind: 'aborted' });
  silent.close();
  await assert.rejects(connect({ ...options, host: 'nowhere.invalid' }), { kind: 'dns' });
});

test('a connection that is reset before the server has answered was broken, like any other', async () => {
  const resetting = createServer((socket) => void socket.once('data', () => socket.resetAndDestroy()));
  resetting.unref();
  await new Promise<void>((resolve) => resetting.listen(0, '127.0.0.1', resolve));
  const address = resetting.address();
  assert.ok(address !== null && typeof address === 'object');
  await assert.rejects(connect({ host: '127.0.0.1', port: address.port, user: 'nobody' }), {
    name: 'PgConnectionError',
    kind: 'closed',
  });
  resetting.close();
});

test('a server that speaks something else is refused', async () => {
  const answers = { tls: 'S extra bytes', other: 'HTTP/1.1 400 Bad Request\r\n\r\n' };
  for (const answer of Object.values(answers)) {
    const other = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    const options = { host: '127.0.0.1', port: address.port, user: 'nobody' };
    await assert.rejects(connect(options), { kind: 'protocol' });
    await assert.rejects(connect({ ...options, sslmode: 'disable' }), PgConnectionError);
    other.close();
    await assert.rejects(connect(options), { kind: 'refused' });
  }
});
