// The providers against a local HTTP server that plays the token services of AWS, Google and Azure. What it expects is
// taken from their documentation; that the real services agree was not tested.

import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { environmentCredentials } from './aws/environment-credentials.ts';
import { roleCredentials } from './aws/role-credentials.ts';
import { signRequest } from './aws/sigv4.ts';
import { azureToken } from './azure/azure-token.ts';
import type { CloudContext } from './cloud-context.ts';
import { serviceAccountToken } from './google/impersonated-token.ts';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Reply = string | object | { readonly status: number; readonly body: string };
type Answer = Reply | ((body: string) => Reply);

const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const inAnHour = new Date(start + hour).toISOString();

describe('tokens of cloud providers', () => {
  const folder = temporaryDirectory();
  const requests: Received[] = [];
  let answers: Readonly<Record<string, Answer>> = {};
  let base = '';
  let now = start;

  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body });
      const path = url.split('?')[0] ?? '';
      const prepared = answers[`${method} ${path}`];
      const answer: Reply | undefined =
        typeof prepared === 'function' ? (prepared as (body: string) => Reply)(body) : prepared;
      if (answer === undefined) {
        response.writeHead(404).end('nothing here');
      } else if (typeof answer === 'object' && 'status' in answer && 'body' in answer) {
        response.writeHead(Number(answer.status)).end(answer.body);
      } else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    folder[Symbol.dispose]();
  });
  beforeEach(() => {
    requests.length = 0;
    answers = {};
    now = start;
  });

  function context(env: Record<string, string>): CloudContext {
    return { env, homeDirectory: folder.path, now: () => now };
  }

  function file(name: string, content: string | object): string {
    const path = join(folder.path, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  function form(index: number): Record<string, string> {
    return Object.fromEntries(new URLSearchParams(requests[index]?.body));
  }

  async function refusal(promise: Promise<unknown>, ...secrets: string[]): Promise<string> {
    const error = await promise.then(
      () => assert.fail('it was not refused'),
      (reason: Error) => reason,
    );
    const text = `${'code' in error ? String(error.code) : error.name}: ${error.message}`;
    for (const secret of secrets) {
      assert.ok(!`${text}${JSON.stringify(error)}${String(error.cause)}`.includes(secret));
    }
    return text;
  }

  describe('AWS', () => {
    const role = { roleArn: 'arn:aws:iam::123456789012:role/reader', region: 'eu-west-1' };
    const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'SECRETEXAMPLE' };
    const xml = (action: string, id: string, expiration: string): string =>
      `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>
        <AccessKeyId>${id}</AccessKeyId><SecretAccessKey>role/secret+</SecretAccessKey>
        <SessionToken>role//session==</SessionToken><Expiration>${expiration}</Expiration>
      </Credentials></${action}Result></${action}Response>`;

    test('a role is assumed with the keys of the environment, by a signed request, once an hour', async () => {
      answers = { 'POST /': xml('AssumeRole', 'ASIA1', inAnHour) };
      const cloud = context({ ...keys, AWS_ENDPOINT_URL_STS: base });
      const provider = roleCredentials(role, cloud);
      const expected = {
        accessKeyId: 'ASIA1',
        secretAccessKey: 'role/secret+',
        sessionToken: 'role//session==',
      };
      assert.deepEqual(await provider(), expected);
      assert.deepEqual(await provider(), expected);
      assert.equal(requests.length, 1);
      assert.deepEqual(form(0), {
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: role.roleArn,
        RoleSessionName: 'weir',
      });
      const [received] = requests;
      const again = signRequest(
        {
          method: 'POST',
          url: `${base}/`,
          headers: { 'content-type': String(received?.headers['content-type']) },
          body: received?.body ?? '',
        },
        {
          credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'SECRETEXAMPLE' },
          region: 'eu-west-1',
          service: 'sts',
          now,
        },
      );
      assert.equal(received?.headers.authorization, again['authorization']);
      assert.equal(received?.headers.host, again['host']);

      now += hour - 60_000;
      answers = { 'POST /': xml('AssumeRole', 'ASIA2', new Date(now + hour).toISOString()) };
      assert.equal((await provider()).accessKeyId, 'ASIA2');
    });

    test('a web identity assumes the role without any key', async () => {
      answers = { 'POST /': xml('AssumeRoleWithWebIdentity', 'ASIA', inAnHour) };
      const token = file('web-identity', 'a.web.identity\n');
      const cloud = context({ AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ENDPOINT_URL_STS: base });
      assert.equal((await roleCredentials(role, cloud)()).accessKeyId, 'ASIA');
      assert.deepEqual(form(0), {
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: role.roleArn,
        RoleSessionName: 'weir',
        WebIdentityToken: 'a.web.identity',
      });
      assert.equal(requests[0]?.headers.authorization, undefined);
    });

    test('the identity comes from the shared file, a container or an instance, in this order', async () => {
      const shared = file(
        'credentials',
        '[other]\naws_access_key_id = OTHER\naws_secret_access_key = x\n[default]\n# mine\naws_access_key_id=FILE\naws_secret_access_key = y=\n',
      );
      const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${base}/container` };
      const instance = { AWS_EC2_METADATA_SERVICE_ENDPOINT: base };
      const answer = { SecretAccessKey: 's', Token: 't', Expiration: inAnHour };
      answers = {
        'GET /container': { AccessKeyId: 'CONTAINER', ...answer },
        'PUT /latest/api/token': 'session',
        'GET /latest/meta-data/iam/security-credentials/': 'my-role',
        'GET /latest/meta-data/iam/security-credentials/my-role': { AccessKeyId: 'INSTANCE', ...answer },
      };
      const idOf = async (env: Record<string, string>): Promise<string> =>
        (await environmentCredentials(context({ ...container, ...instance, ...env }))).value.accessKeyId;
      assert.equal(await idOf({ ...keys, AWS_SHARED_CREDENTIALS_FILE: shared }), 'AKIDEXAMPLE');
      assert.equal(await idOf({ AWS_SHARED_CREDENTIALS_FILE: shared }), 'FILE');
      assert.equal(await idOf({ AWS_SHARED_CREDENTIALS_FILE: shared, AWS_PROFILE: 'other' }), 'OTHER');
      const authorization = file('container-token', 'let me in\n');
      assert.equal(await idOf({ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: authorization }), 'CONTAINER');
      assert.equal(requests[0]?.headers.authorization, 'let me in');
      requests.length = 0;
      const fromInstance = await environmentCredentials(context(instance));
      assert.deepEqual(fromInstance, {
        value: { accessKeyId: 'INSTANCE', secretAccessKey: 's', sessionToken: 't' },
        expiresAt: start + hour,
      });
      assert.deepEqual(
        requests.map(({ headers }) => headers['x-aws-ec2-metadata-token']),
        [undefined, 'session', 'session'],
      );
    });

    test('an instance that runs as the role, which may not assume itself, is the role', async () => {
      let arn = 'arn:aws:sts::123456789012:assumed-role/reader/i-0123';
      answers = {
        'POST /': (body: string) =>
          body.includes('GetCallerIdentity')
            ? `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`
            : { status: 403, body: '<Code>AccessDenied</Code><Message>not authorized</Message>' },
      };
      const cloud = context({ ...keys, AWS_ENDPOINT_URL_STS: base });
      const withPath = { ...role, roleArn: 'arn:aws:iam::123456789012:role/some/path/reader' };
      assert.equal((await roleCredentials(withPath, cloud)()).accessKeyId, 'AKIDEXAMPLE');
      for (const other of [
        'arn:aws:sts::999999999999:assumed-role/reader/i-0123',
        'arn:aws:sts::123456789012:assumed-role/writer/i-0123',
        'arn:aws:iam::123456789012:user/reader',
      ]) {
        arn = other;
        assert.match(await refusal(roleCredentials(role, cloud)()), /^AUTH_REFUSED: .*AccessDenied/, other);
      }
    });

    test('[G9] a refusal is told in the words of AWS, and no secret is in it', async () => {
      answers = {
        'POST /': {
          status: 403,
          body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>User is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>',
        },
      };
      const cloud = context({ ...keys, AWS_ENDPOINT_URL_STS: base });
      assert.match(
        await refusal(roleCredentials(role, cloud)(), 'SECRETEXAMPLE'),
        /^AUTH_REFUSED: .*403: AccessDenied: User is not authorized/,
      );
      answers = { 'POST /': '<html>welcome</html>' };
      assert.match(await refusal(roleCredentials(role, cloud)()), /^AUTH_UNREACHABLE: .*no token/);
    });

    test('without any identity the error says where it was looked for', async () => {
      const env = { AWS_EC2_METADATA_DISABLED: 'true' };
      assert.match(await refusal(environmentCredentials(context(env))), /^AUTH_NO_CREDENTIALS: .*AWS/);
      const missing = { AWS_WEB_IDENTITY_TOKEN_FILE: join(folder.path, 'nowhere') };
      assert.match(
        await refusal(roleCredentials(role, context(missing))()),
        /^AUTH_FILE_INVALID: .*nowhere.*AWS_WEB_IDENTITY_TOKEN_FILE/,
      );
    });
  });

  describe('Google', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const reader = 'reader@project.iam.gserviceaccount.com';
    const options = {
      serviceAccount: reader,
      audience: '//pool',
      scopes: ['https://example.com/auth/login'],
    };
    const generate = `POST /v1/projects/-/serviceAccounts/${encodeURIComponent(reader)}:generateAccessToken`;

    function account(email: string): string {
      return file(`${email}.json`, {
        type: 'service_account',
        client_email: email,
        private_key_id: 'key-1',
        private_key: pem,
        token_uri: `${base}/token`,
      });
    }

    test('the key of the account itself asks for its token by a signed assertion', async () => {
      answers = { 'POST /token': { access_token: 'ya29.own', expires_in: 3599, token_type: 'Bearer' } };
      const provider = serviceAccountToken(
        options,
        context({ GOOGLE_APPLICATION_CREDENTIALS: account(reader) }),
      );
      assert.deepEqual([await provider(), await provider()], ['ya29.own', 'ya29.own']);
      assert.equal(requests.length, 1);
      const { grant_type: grant, assertion = '' } = form(0);
      assert.equal(grant, 'urn:ietf:params:oauth:grant-type:jwt-bearer');
      const [header = '', claims = '', signature = ''] = assertion.split('.');
      assert.ok(
        createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(publicKey, signature, 'base64url'),
      );
      const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
      assert.deepEqual(decode(header), { alg: 'RS256', typ: 'JWT', kid: 'key-1' });
      assert.deepEqual(decode(claims), {
        iss: reader,
        scope: 'https://example.com/auth/login',
        aud: `${base}/token`,
        iat: start / 1000,
        exp: start / 1000 + 3600,
      });
    });

    test('anybody else impersonates the account', async () => {
      answers = {
        'POST /token': { access_token: 'ya29.other', expires_in: 3599 },
        [generate]: { accessToken: 'ya29.reader', expireTime: inAnHour },
      };
      const env = {
        GOOGLE_APPLICATION_CREDENTIALS: account('other@project.iam.gserviceaccount.com'),
        CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: base,
      };
      assert.equal(await serviceAccountToken(options, context(env))(), 'ya29.reader');
      assert.equal(requests[1]?.headers.authorization, 'Bearer ya29.other');
      assert.deepEqual(JSON.parse(requests[1]?.body ?? ''), { scope: options.scopes, lifetime: '3600s' });
    });

    test('a workload exchanges the token that it has, for the pool of the configuration', async () => {
      answers = {
        'POST /sts': { access_token: 'federated', expires_in: 3599 },
        'GET /subject': { id: 'subject from a url' },
        [generate]: { accessToken: 'ya29.reader', expireTime: inAnHour },
      };
      const sources = [
        { file: file('subject', 'subject from a file\n') },
        { url: `${base}/subject`, format: { type: 'json', subject_token_field_name: 'id' } },
      ];
      for (const [index, source] of sources.entries()) {
        requests.length = 0;
        const credentials = file(`external-${index}.json`, {
          type: 'external_account',
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          token_url: `${base}/sts`,
          credential_source: source,
        });
        const env = {
          GOOGLE_APPLICATION_CREDENTIALS: credentials,
          CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: base,
        };
        assert.equal(await serviceAccountToken(options, context(env))(), 'ya29.reader');
        const exchange = form(index);
        assert.equal(exchange['audience'], '//pool');
        assert.equal(exchange['subject_token'], index === 0 ? 'subject from a file' : 'subject from a url');
        assert.equal(requests.at(-1)?.headers.authorization, 'Bearer federated');
      }
    });

    test('a person who is logged in to gcloud, and a machine of Google, impersonate as well', async () => {
      answers = {
        'POST /token': { access_token: 'ya29.person', expires_in: 3599 },
        'GET /computeMetadata/v1/instance/service-accounts/default/token': {
          access_token: 'ya29.machine',
          expires_in: 3599,
        },
        [generate]: { accessToken: 'ya29.reader', expireTime: inAnHour },
      };
      const override = { CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: base };
      const person = file('person.json', {
        type: 'authorized_user',
        client_id: 'id',
        client_secret: 'secret',
        refresh_token: 'refresh',
        token_uri: `${base}/token`,
      });
      await serviceAccountToken(options, context({ ...override, GOOGLE_APPLICATION_CREDENTIALS: person }))();
      assert.equal(form(0)['grant_type'], 'refresh_token');
      assert.equal(requests[1]?.headers.authorization, 'Bearer ya29.person');
      requests.length = 0;
      const machine = { ...override, GCE_METADATA_HOST: base.replace('http://', '') };
      await serviceAccountToken(options, context(machine))();
      assert.equal(requests[0]?.headers['metadata-flavor'], 'Google');
      assert.equal(requests[1]?.headers.authorization, 'Bearer ya29.machine');
    });

    test('[G9] refusals and files that cannot be used are told without the key', async () => {
      const secret = pem.split('\n')[3] ?? '';
      const ask = (path: string): Promise<string> =>
        serviceAccountToken(options, context({ GOOGLE_APPLICATION_CREDENTIALS: path }))();
      answers = {
        'POST /token': {
          status: 400,
          body: JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }),
        },
      };
      assert.match(
        await refusal(ask(account(reader)), secret),
        /^AUTH_REFUSED: .*400: invalid_grant: Invalid JWT Signature/,
      );
      answers = { 'POST /token': { status: 503, body: 'busy' } };
      assert.match(await refusal(ask(account(reader)), secret), /^AUTH_UNREACHABLE: .*503: busy/);
      answers = { 'POST /token': '{"access_token":7}' };
      assert.match(await refusal(ask(account(reader)), secret), /^AUTH_UNREACHABLE: .*no token/);
      const files: [string, RegExp][] = [
        [join(folder.path, 'nowhere'), /AUTH_FILE_INVALID: .*GOOGLE_APPLICATION_CREDENTIALS/],
        [file('text', `{"private_key":"${secret}`), /AUTH_FILE_INVALID: .*no JSON/],
        [file('odd.json', { type: 'odd' }), /AUTH_FILE_INVALID: .*"odd"/],
        [file('half.json', { type: 'service_account' }), /AUTH_FILE_INVALID: .*no client_email/],
        [
          file('bad-key.json', { type: 'service_account', client_email: reader, private_key: secret }),
          /AUTH_FILE_INVALID: .*no RSA key/,
        ],
        [file('sourceless.json', { type: 'external_account' }), /AUTH_FILE_INVALID: .*neither a file nor/],
      ];
      for (const [path, expected] of files) assert.match(await refusal(ask(path), secret), expected);
      const nobody = context({ GCE_METADATA_HOST: '127.0.0.1:1' });
      assert.match(await refusal(serviceAccountToken(options, nobody)()), /^AUTH_NO_CREDENTIALS: .*Google/);
    });
  });

  describe('Azure', () => {
    const identity = { clientId: 'client', tenantId: 'tenant', scope: 'https://example.com/.default' };
    const path = 'POST /tenant/oauth2/v2.0/token';

    test('a secret, or else a federated token, proves who the client is', async () => {
      answers = { [path]: { access_token: 'eyJ.token', expires_in: 3599 } };
      const secret = context({ AZURE_CLIENT_SECRET: 'secret', AZURE_AUTHORITY_HOST: base });
      const provider = azureToken(identity, secret);
      assert.deepEqual([await provider(), await provider()], ['eyJ.token', 'eyJ.token']);
      const common = { grant_type: 'client_credentials', client_id: 'client', scope: identity.scope };
      assert.equal(requests.length, 1);
      assert.deepEqual(form(0), { ...common, client_secret: 'secret' });
      now += hour;
      await provider();
      assert.equal(requests.length, 2);

      requests.length = 0;
      const federated = {
        AZURE_FEDERATED_TOKEN_FILE: file('federated', 'a.b.c\n'),
        AZURE_AUTHORITY_HOST: base,
      };
      assert.equal(await azureToken(identity, context(federated))(), 'eyJ.token');
      assert.deepEqual(form(0), {
        ...common,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: 'a.b.c',
      });
    });

    test('a virtual machine has an identity of its own', async () => {
      answers = { 'GET /metadata/identity/oauth2/token': { access_token: 'eyJ.vm', expires_in: '3599' } };
      const vm = context({ AZURE_POD_IDENTITY_AUTHORITY_HOST: base });
      assert.equal(await azureToken(identity, vm)(), 'eyJ.vm');
      assert.equal(requests[0]?.headers['metadata'], 'true');
      assert.deepEqual(Object.fromEntries(new URL(requests[0]?.url ?? '', base).searchParams), {
        'api-version': '2018-02-01',
        resource: 'https://example.com',
        client_id: 'client',
      });
    });

    test('[G9] a refusal is told in the words of Azure, and the secret is not in it', async () => {
      const body = JSON.stringify({ error: 'invalid_client', error_description: 'AADSTS7000215: wrong' });
      answers = { [path]: { status: 401, body } };
      const cloud = context({ AZURE_CLIENT_SECRET: 'hunter2', AZURE_AUTHORITY_HOST: base });
      assert.match(
        await refusal(azureToken(identity, cloud)(), 'hunter2'),
        /^AUTH_REFUSED: .*401: invalid_client: AADSTS7000215/,
      );
      const gone = context({ AZURE_CLIENT_SECRET: 'hunter2', AZURE_AUTHORITY_HOST: 'http://127.0.0.1:1' });
      assert.match(
        await refusal(azureToken(identity, gone)(), 'hunter2'),
        /^AUTH_UNREACHABLE: .*127\.0\.0\.1:1/,
      );
      const nobody = context({ AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:1' });
      assert.match(await refusal(azureToken(identity, nobody)()), /^AUTH_NO_CREDENTIALS: .*Azure/);
    });
  });
});
