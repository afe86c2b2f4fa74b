// Polls over an encrypted connection through a real OpenSSH server. What modes, tunnels and their errors mean is tested
// with the connections that all connectors of PostgreSQL share.

import {
  CertificateAuthority,
  missingPostgres,
  missingSshServer,
  serveTls,
  startPostgres,
  startSshServer,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchHarness, endpointConfig, query } from '../test/batch-harness.ts';

const skip = missingSshServer() || missingPostgres(18);

test(
  'polls go through a tunnel and over TLS, and the end of the tunnel is told as such',
  { skip },
  async () => {
    await using server = await startPostgres();
    await using ssh = await startSshServer();
    using authority = new CertificateAuthority('authority');
    using stranger = new CertificateAuthority('stranger');
    const rules = 'hostssl all all all scram-sha-256';
    await serveTls(server, authority.issue('localhost', ['DNS:localhost']), authority.certificate, rules);
    const sshForwarding = {
      sshEndpoint: ssh.endpoint,
      privateKey: ssh.privateKey,
      hostKey: ssh.fingerprint('ed25519'),
    };
    const config = (certificate: string): Record<string, unknown> => ({
      ...endpointConfig(server, { sslmode: 'verify-full', ssl_server_ca: certificate }),
      address: `localhost:${server.port}`,
      networkTunnel: { sshForwarding },
    });
    const ask = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    const [document] = await new BatchHarness(config(authority.certificate), [
      query('encrypted', ask),
    ]).poll();
    assert.equal(document?.['ssl'], true);
    const distrusting = new BatchHarness(config(stranger.certificate), [query('encrypted', ask)]);
    await assert.rejects(distrusting.poll(), /^Error: PG_TLS_FAILED/);

    const waiting = new BatchHarness(config(authority.certificate), [
      query('quick', ask),
      query('slow', 'SELECT pg_sleep(900)'),
    ]);
    const failure = await waiting.run({}, () => void ssh.kill9());
    assert.match(failure ?? '', /^TUNNEL_LOST/);
  },
);
