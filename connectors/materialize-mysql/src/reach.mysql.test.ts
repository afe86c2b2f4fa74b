// The ways to a destination: through a real OpenSSH server, and encrypted with certificates of one's own.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CertificateAuthority,
  countedIn,
  eventsTable,
  foldOf,
  generateSshKey,
  ledgerTable,
  missingSshServer,
  offsetOf,
  startMysql,
  startSshServer,
  takeInSessions,
  takeTransaction,
  temporaryDirectory,
  tunnelThrough,
} from '@weir/testing';
import { onBothServers, Sink } from '../test/sink.ts';

async function takeAll(sink: Sink): Promise<void> {
  await sink.validate(ledgerTable, eventsTable);
  await sink.apply(ledgerTable, eventsTable);
  await takeInSessions(sink);
}

onBothServers((server, flavour) => {
  test(
    '[G2] rows go through the tunnel, and its end is the end of the session, which the next one goes on from',
    { skip: missingSshServer() },
    async () => {
      await using ssh = await startSshServer();
      await using sink = await Sink.create(server(), { hardDelete: true, ...tunnelThrough(ssh) });
      await takeAll(sink);
      await using session = await sink.open();
      await takeTransaction(session, 6);
      await ssh.kill9();
      await assert.rejects(
        async () => {
          for (let offset = 7; ; offset += 1) await takeTransaction(session, offset);
        },
        { code: /^(TUNNEL_LOST|MYSQL_CONNECTION_LOST|MYSQL_COMMIT_UNKNOWN)$/ },
      );
      await assert.rejects(sink.open(), { code: /^TUNNEL_/, retry: 'backoff' });
      await ssh.start();
      await using next = await sink.open();
      const offset = offsetOf(next.checkpoint);
      assert.deepEqual(await countedIn(sink), foldOf(offset));
      await takeTransaction(next, offset);
      assert.deepEqual(await countedIn(sink), foldOf(offset + 1));
      const stranger = generateSshKey(join(ssh.folder, 'stranger'), ['-t', 'ed25519']);
      const pinned = sink.with(tunnelThrough(ssh, { hostKey: stranger.public }));
      await assert.rejects(pinned.validate(ledgerTable), { code: 'TUNNEL_HOST_KEY_MISMATCH' });
      const unknown = sink.with(tunnelThrough(ssh, { privateKey: stranger.private }));
      await assert.rejects(unknown.validate(ledgerTable), { code: 'TUNNEL_AUTH_REFUSED' });
    },
  );

  test('rows go over connections that check the server by its name, with a certificate of the user', async () => {
    using authority = new CertificateAuthority('authority');
    using other = new CertificateAuthority('another authority');
    const identity = authority.issue('localhost', ['DNS:localhost']);
    using folder = temporaryDirectory();
    const files = { ca: authority.certificate, cert: identity.certificate, key: identity.key };
    const settings: Record<string, string> = {};
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder.path, `${name}.pem`);
      writeFileSync(path, content);
      settings[`ssl-${name}`] = path;
    }
    await using secured = await startMysql({ flavour, settings });
    await using direct = await Sink.create(secured);
    await secured.query(`CREATE USER certified@'%' IDENTIFIED BY 'secret' REQUIRE X509`);
    await secured.query(`CREATE USER certified@localhost IDENTIFIED BY 'secret' REQUIRE X509`);
    for (const host of ['%', 'localhost']) await secured.query(`GRANT ALL ON *.* TO certified@'${host}'`);
    const { certificate, key } = authority.issue('certified');
    const advanced = {
      sslmode: 'verify_identity',
      ssl_server_ca: authority.certificate,
      ssl_client_cert: certificate,
      ssl_client_key: key,
    };
    const as = (host: string, given: object): Sink =>
      direct.with({
        address: `${host}:${secured.port}`,
        user: 'certified',
        password: 'secret',
        hardDelete: true,
        advanced: given,
      });
    const { ssl_client_cert: _cert, ssl_client_key: _key, ...withoutOwn } = advanced;
    await assert.rejects(as('localhost', withoutOwn).validate(ledgerTable), { code: 'MYSQL_AUTH_FAILED' });
    await assert.rejects(as('127.0.0.1', advanced).validate(ledgerTable), { code: 'MYSQL_TLS_FAILED' });
    const stranger = { ...advanced, ssl_server_ca: other.certificate };
    await assert.rejects(as('localhost', stranger).validate(ledgerTable), { code: 'MYSQL_TLS_FAILED' });
    await as('127.0.0.1', { ...advanced, sslmode: 'verify_ca' }).validate(ledgerTable);
    await takeAll(as('localhost', advanced));
  });
});
