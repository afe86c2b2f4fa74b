// Cloud identities: a real PostgreSQL whose role has a token as its password, and a local server that plays the token
// service. That AWS, Google and Azure take part was not tested.

import { rdsAuthToken } from '@weir/auth';
import {
  missingPostgres,
  postgresVersions,
  type PostgresServer,
  signedAt,
  startClearTextServer,
  startPostgres,
  temporaryDirectory,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig, validate } from '../test/capture-harness.ts';

const azure = { auth_type: 'AzureIAM', azure_client_id: 'client', azure_tenant_id: 'tenant' };
const google = {
  auth_type: 'GCPIAM',
  gcp_service_account_to_impersonate: 'reader@project.iam.gserviceaccount.com',
  gcp_workload_identity_pool_audience: '//iam.googleapis.com/pool',
};
const aws = {
  auth_type: 'AWSIAM',
  aws_region: 'eu-west-1',
  aws_role_arn: 'arn:aws:iam::123456789012:role/reader',
};
// The servers of the tests have no TLS, which tokens ask for by default.
const advanced = { sslmode: 'prefer' };

/** Whether a client of the port has not read yet that its server has closed the connection (CLOSE_WAIT; proc(5), /proc/net/tcp). */
function isHalfClosed(port: number): boolean {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, , to = '', state]) => to.endsWith(remote) && state === '08');
}

for (const version of postgresVersions) {
  describe(
    `signing in with a cloud identity, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    () => {
      const home = temporaryDirectory();
      let server: PostgresServer;
      /** What the token service hands out; counted. */
      let token = '';
      let handedOut = 0;
      let lifetimeSeconds = 3600;
      const service = createHttpServer((request, response) => {
        request.resume();
        handedOut += 1;
        response.end(JSON.stringify({ access_token: token, expires_in: lifetimeSeconds }));
      });
      let env: Record<string, string> = {};

      before(async () => {
        server = await startPostgres({ version });
        await server.query('CREATE ROLE cloud LOGIN SUPERUSER REPLICATION');
        await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
        service.listen(0, '127.0.0.1');
        await once(service, 'listening');
        const authority = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
        env = { AZURE_CLIENT_SECRET: 'hunter2', AZURE_AUTHORITY_HOST: authority, HOME: home.path };
      });
      after(async () => {
        service.close();
        home[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      });

      async function issue(next: string): Promise<void> {
        token = next;
        await server.query(`ALTER ROLE cloud PASSWORD '${next}'`);
      }

      function config(overrides: Record<string, unknown> = {}): Record<string, unknown> {
        return endpointConfig(server, { user: 'cloud', credentials: azure, advanced, ...overrides });
      }

      test('the token of the service is the password, for both connections, asked for once while it is good', async () => {
        await issue('eyJ.first');
        lifetimeSeconds = 3600;
        handedOut = 0;
        await using capture = new CaptureHarness(config(), await discoverBindings(config(), {}, env));
        assert.equal(handedOut, 1);
        capture.start(env);
        await capture.untilActive();
        assert.equal(handedOut, 2, 'one for each of the two processes');
        assert.deepEqual(capture.rows('t'), [{ id: 1 }]);
      });

      test('a new connection of a running capture gets a new token when the old one has ended', async () => {
        await issue('eyJ.second');
        lifetimeSeconds = 1;
        const slot = { ...advanced, slotName: 'renewed_slot' };
        const bindings = await discoverBindings(config({ advanced: slot }), {}, env);
        await using capture = new CaptureHarness(config({ advanced: slot }), bindings);
        handedOut = 0;
        capture.start(env);
        await capture.untilActive();
        assert.equal(
          handedOut,
          3,
          'a token that ends at once is asked for by each connection: queries, chunks, changes',
        );
        await issue('eyJ.third');
        const [ended] = await server.query(
          "SELECT array_agg(pid)::text AS pids, count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'estuary_flow' AND backend_type = 'client backend'",
        );
        await capture.until('the old connections to be gone', async () => {
          const pids = ended?.['pids'] ?? '{}';
          return (
            (await server.query('SELECT FROM pg_stat_activity WHERE pid = ANY ($1)', [pids])).length === 0
          );
        });
        await capture.until('the capture to have noticed', () => !isHalfClosed(server.port));
        // The next use of the connection for queries opens it anew.
        await server.query('ALTER TABLE t ADD COLUMN v text; INSERT INTO t VALUES (2, $$new$$)');
        await capture.until('the row after the new column', () => capture.rows('t').length === 2);
        await capture.until('the new connection', () => handedOut === 4);
      });

      test('[G9] a token that the server refuses may be followed by one that it takes, and is not printed', async () => {
        await issue('eyJ.right');
        token = 'eyJ.wrong';
        const error = await validate(config(), [], env);
        assert.match(error, /^PG_TOKEN_REFUSED: .*"cloud"/);
        assert.doesNotMatch(error, /eyJ|hunter2/);
      });

      test('what the runtime put into the configuration is the password', async () => {
        await issue('ya29.injected');
        handedOut = 0;
        for (const credentials of [
          { ...google, gcp_access_token: 'ya29.injected' },
          { ...azure, azure_access_token: 'ya29.injected' },
        ]) {
          assert.equal(await validate(config({ credentials }), [], env), '');
        }
        assert.equal(handedOut, 0);
      });

      test('a token is not sent to a server without TLS, unless the configuration says so', async () => {
        for (const credentials of [google, azure, aws]) {
          const injected = {
            ...credentials,
            ...(credentials === google ? { gcp_access_token: 't' } : {}),
            ...(credentials === azure ? { azure_access_token: 't' } : {}),
            ...(credentials === aws ? { aws_access_key_id: 'i', aws_secret_access_key: 's' } : {}),
          };
          assert.match(await validate(config({ credentials: injected, advanced: {} })), /^PG_TLS_FAILED/);
        }
      });

      test('an identity that cannot be found or used is told by its own code', async () => {
        const nowhere = {
          HOME: home.path,
          AWS_EC2_METADATA_DISABLED: 'true',
          GCE_METADATA_HOST: '127.0.0.1:1',
        };
        assert.match(
          await validate(config({ credentials: aws }), [], nowhere),
          /^AUTH_NO_CREDENTIALS: .*AWS/,
        );
        assert.match(
          await validate(config({ credentials: google }), [], nowhere),
          /^AUTH_NO_CREDENTIALS: .*Google/,
        );
        assert.match(
          await validate(config({ credentials: { ...aws, aws_region: 'Ireland' } })),
          /^AUTH_CONFIG_INVALID: .*"Ireland"/,
        );
      });

      test('a user of RDS signs in with a token for the very server and user', async () => {
        await using rds = await startClearTextServer();
        const { port, passwords } = rds;
        const credentials = { accessKeyId: 'ASIA', secretAccessKey: 'hidden', sessionToken: 'session+/=' };
        const error = await validate(
          config({
            address: `127.0.0.1:${port}`,
            advanced: { sslmode: 'disable' },
            credentials: {
              ...aws,
              aws_access_key_id: credentials.accessKeyId,
              aws_secret_access_key: credentials.secretAccessKey,
              aws_session_token: credentials.sessionToken,
            },
          }),
        );
        assert.match(error, /^PG_TOKEN_REFUSED: .*PAM authentication failed/);
        const [password = ''] = passwords;
        const now = signedAt(password);
        assert.ok(Math.abs(Date.now() - now) < 60_000);
        const login = { host: '127.0.0.1', port, user: 'cloud', region: 'eu-west-1' };
        assert.equal(password, rdsAuthToken({ ...login, credentials, now }));
      });
    },
  );
}
