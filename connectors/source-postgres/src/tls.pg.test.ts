// A capture over encrypted connections; the modes themselves are tested with the connections of all connectors.

import {
  CertificateAuthority,
  missingPostgres,
  postgresVersions,
  serveTls,
  startPostgres,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

const accessRules = `
hostssl all         all all scram-sha-256
hostssl replication all all scram-sha-256
`;

for (const version of postgresVersions) {
  test(
    `both connections of a capture are encrypted and checked, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({ version });
      using authority = new CertificateAuthority('authority');
      await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
      await serveTls(
        server,
        authority.issue('localhost', ['DNS:localhost']),
        authority.certificate,
        accessRules,
      );
      const config = endpointConfig(server, {
        address: `localhost:${server.port}`,
        advanced: { sslmode: 'verify-full', ssl_server_ca: authority.certificate },
      });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      const sessions = await server.query(`
    SELECT a.backend_type, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)
    WHERE a.application_name = 'estuary_flow' ORDER BY 1`);
      assert.deepEqual(sessions, [
        { backend_type: 'client backend', ssl: 't' },
        { backend_type: 'walsender', ssl: 't' },
      ]);
    },
  );
}
