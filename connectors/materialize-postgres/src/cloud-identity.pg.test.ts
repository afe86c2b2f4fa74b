// A destination whose user is a cloud identity: its password is a token, which a local server hands out in the place of the
// cloud's. That AWS, Google and Azure take part was not tested.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { rdsAuthToken } from '@weir/auth';
import {
  countedIn,
  eventsTable,
  foldOf,
  ledgerTable,
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  signedAt,
  startClearTextServer,
  startPostgres,
  takeTransaction,
  temporaryDirectory,
} from '@weir/testing';
import { Sink } from '../test/sink.ts';

const identities = {
  AzureIAM: { azure_client_id: 'client', azure_tenant_id: 'tenant' },
  GCPIAM: {
    gcp_service_account_to_impersonate: 'writer@project.iam.gserviceaccount.com',
    gcp_workload_identity_pool_audience: '//iam.googleapis.com/pool',
  },
} as const;

for (const version of postgresVersions) {
  describe(
    `a destination whose user is a cloud identity (PostgreSQL ${version})`,
    { skip: missingPostgres(version) },
    () => {
      let server: PostgresServer;
      const home = temporaryDirectory();
      const outside = { ...process.env };
      /** What is good now, and how often one was handed out. */
      let token = '';
      let handedOut = 0;
      const service = createServer((request, response) => {
        request.resume();
        const { url = '' } = request;
        // They end at once, so that each connection asks for its own.
        const soon = new Date(Date.now() + 1000).toISOString();
        if (url.startsWith('/computeMetadata/')) {
          response.end(JSON.stringify({ access_token: 'of the machine', expires_in: 1 }));
        } else if (url.includes(':generateAccessToken')) {
          handedOut += 1;
          response.end(JSON.stringify({ accessToken: token, expireTime: soon }));
        } else if (url === '/tenant/oauth2/v2.0/token') {
          handedOut += 1;
          response.end(JSON.stringify({ access_token: token, expires_in: 1 }));
        } else {
          handedOut += 1;
          response.end(`<AssumeRoleResponse><AssumeRoleResult><Credentials>
        <AccessKeyId>ASIA${handedOut}</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey>
        <SessionToken>session+/=</SessionToken><Expiration>${soon}</Expiration>
      </Credentials></AssumeRoleResult></AssumeRoleResponse>`);
        }
      });

      before(async () => {
        server = await startPostgres({ version });
        service.listen(0, '127.0.0.1');
        await once(service, 'listening');
        const host = `127.0.0.1:${(service.address() as AddressInfo).port}`;
        Object.assign(process.env, {
          HOME: home.path,
          AZURE_CLIENT_SECRET: 'hunter2',
          AZURE_AUTHORITY_HOST: `http://${host}`,
          GCE_METADATA_HOST: host,
          CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: `http://${host}`,
          AWS_ACCESS_KEY_ID: 'AKIA',
          AWS_SECRET_ACCESS_KEY: 'hunter2',
          AWS_ENDPOINT_URL_STS: `http://${host}`,
        });
      });
      after(async () => {
        process.env = outside;
        service.close();
        home[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      });

      for (const [auth_type, identity] of Object.entries(identities)) {
        test(`[G9] ${auth_type}: each new connection gets a token that is good, one that is refused is told and not printed`, async () => {
          const user = `cloud_${auth_type.toLowerCase()}`;
          token = 'eyJ.first';
          await server.query(`CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD 'eyJ.first'`);
          await using sink = await Sink.create(server, {
            user,
            hardDelete: true,
            credentials: { auth_type, ...identity },
            // The server has no TLS, which tokens ask for by default.
            advanced: { sslmode: 'prefer' },
          });
          await sink.validate(sink.spec(ledgerTable, eventsTable));
          await sink.apply(sink.spec(ledgerTable, eventsTable));
          await using session = await sink.open();
          await takeTransaction(session, 0);
          token = 'eyJ.second';
          await server.query(`ALTER ROLE ${user} PASSWORD 'eyJ.second'`);
          const asked = handedOut;
          const ended = await server.query(
            `SELECT pid, pg_terminate_backend(pid, 60000) AS gone FROM pg_stat_activity
         WHERE usename = '${user}' AND backend_type = 'client backend'`,
          );
          assert.ok(ended.length > 0 && ended.every(({ gone }) => gone === 't'));
          // A session that has lost its idle connections opens them anew, with what is then the password; and so does the next.
          await using next = await sink.open();
          await takeTransaction(next, 1);
          assert.ok(handedOut > asked + 1, 'a token for each connection');
          assert.deepEqual(await countedIn(sink), foldOf(2));
          token = 'eyJ.wrong';
          await assert.rejects(sink.open(), (error: Error & { readonly code?: string }) => {
            assert.doesNotMatch(`${error.message}${JSON.stringify(sink.logs)}`, /eyJ|hunter2/);
            return error.code === 'PG_TOKEN_REFUSED';
          });
        });
      }

      test('[G9] AWSIAM: each new connection gets a password that is signed for the very server and user', async () => {
        await using rds = await startClearTextServer();
        const { port, passwords } = rds;
        await using sink = await Sink.create(server, {
          address: `127.0.0.1:${port}`,
          user: 'cloud',
          credentials: {
            auth_type: 'AWSIAM',
            aws_region: 'eu-west-1',
            aws_role_arn: 'arn:aws:iam::123456789012:role/writer',
          },
          advanced: { sslmode: 'disable' },
        });
        handedOut = 0;
        for (const _ of [1, 2]) {
          await assert.rejects(sink.validate(sink.spec(ledgerTable)), (error: Error & { code?: string }) => {
            assert.doesNotMatch(`${error.message}${JSON.stringify(sink.logs)}`, /X-Amz|hunter2|hidden/);
            return error.code === 'PG_TOKEN_REFUSED';
          });
        }
        assert.equal(passwords.length, 2);
        for (const [index, password] of passwords.entries()) {
          const now = signedAt(password);
          assert.ok(Math.abs(Date.now() - now) < 60_000);
          const credentials = {
            accessKeyId: `ASIA${index + 1}`,
            secretAccessKey: 'hidden',
            sessionToken: 'session+/=',
          };
          const login = { host: '127.0.0.1', port, user: 'cloud', region: 'eu-west-1' };
          assert.equal(password, rdsAuthToken({ ...login, credentials, now }));
        }
      });
    },
  );
}
