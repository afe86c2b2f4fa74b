import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { missingPostgres, type PostgresServer, postgresVersions, startPostgres } from '@weir/testing';
import { connect, type ConnectOptions, PgConnectionError, PgServerError } from './index.ts';

const roles = ['anyone', 'plain', 'old', 'new', 'tls_only', 'clear_only'] as const;

const accessRules = `
local   all all                      trust
host    all anyone   127.0.0.1/32    trust
host    all plain    127.0.0.1/32    password
host    all old      127.0.0.1/32    md5
host    all new      127.0.0.1/32    scram-sha-256
hostssl all tls_only 127.0.0.1/32    scram-sha-256
hostnossl all clear_only 127.0.0.1/32 scram-sha-256
host    all postgres all             scram-sha-256
host    all new      ::1/128         scram-sha-256
`;

/** A certificate authority and, from it, a certificate for `localhost` in the server's data folder. */
function makeCertificates(server: PostgresServer): { ca: string; otherCa: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-tls-'));
  const openssl = (...args: string[]): void => {
    const result = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
  };
  for (const name of ['ca', 'other']) {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    );
  }
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
    '-out',
    'server.crt',
  );
  const { uid, gid } = statSync(server.dataDirectory);
  for (const name of ['server.key', 'server.crt']) {
    const target = join(server.dataDirectory, name);
    writeFileSync(target, readFileSync(join(folder, name)), { mode: 0o600 });
    chownSync(target, uid, gid);
  }
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const authorities = { ca: read('ca.crt'), otherCa: read('other.crt') };
  rmSync(folder, { recursive: true });
  return authorities;
}

for (const version of postgresVersions) {
  suite(`PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    let socketFolder: string;
    let authorities: ReturnType<typeof makeCertificates>;
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
      authorities = makeCertificates(server);
      writeFileSync(join(server.dataDirectory, 'pg_hba.conf'), accessRules);
      await server.query('ALTER SYSTEM SET ssl = on');
      await server.query('SELECT pg_reload_conf()');
      base = {
        host: '127.0.0.1',
        port: server.port,
        user: 'new',
        password: 'sécret "new',
        database: 'postgres',
      };
      await untilTlsIsOn(base);
    });

    after(async () => {
      await server[Symbol.asyncDispose]();
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
      const { ca, otherCa } = authorities;
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

/** A reload takes its time; so many attempts as it needs, one after another. */
async function untilTlsIsOn(options: ConnectOptions): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await using _connection = await connect({ ...options, sslmode: 'require' });
      return;
    } catch (error) {
      if (attempt > 200) throw error;
    }
  }
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
