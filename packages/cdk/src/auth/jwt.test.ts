import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { test } from 'node:test';
import { Secret, secret } from '@weir/schema';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { ApiRequest } from '../http/request.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { keepsNothing } from './config-keeper.ts';
import { googleServiceAccount, jwtBearer, signedJwt } from './jwt.ts';

const never = new AbortController().signal;
const NOW_SECONDS = 1_700_000_000;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function world() {
  const clock = new VirtualClock(NOW_SECONDS * 1000);
  const asked: ApiRequest[] = [];
  const ask = async (request: ApiRequest): Promise<JsonValue> => {
    asked.push(request);
    return { access_token: 't', expires_in: 3600 };
  };
  return { clock, asked, context: { clock, ask, config: { site: 'acme' }, keeper: keepsNothing } };
}

function opened(token: string, key: KeyObject): readonly [header: JsonObject, claims: JsonObject] {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  assert.ok(isSigned);
  const json = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as JsonObject;
  return [json(header), json(claims)];
}

function assertion({ body }: ApiRequest): string {
  assert.ok(body !== undefined && 'form' in body);
  assert.equal(body.form['grant_type'], 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  return body.form['assertion'] ?? '';
}

const keyField = { key: secret({ title: 'Key', description: 'The key.' }) };

test('a service account of Google signs an assertion with its key, for an hour', async () => {
  const { context, clock, asked } = world();
  const file = { client_email: 'me@acme', private_key_id: 'k1', private_key: pem(rsa.privateKey) };
  const kind = googleServiceAccount({ scopes: ['a', 'b'] });
  const values = { service_account: new Secret(JSON.stringify(file)) };
  const credentials = kind.credentials(values, context);
  assert.deepEqual((await clock.run(credentials.current(never))).headers, { authorization: 'Bearer t' });
  const [request] = asked;
  assert.ok(request !== undefined);
  assert.equal(request.url, 'https://oauth2.googleapis.com/token');
  assert.deepEqual(opened(assertion(request), rsa.publicKey), [
    { alg: 'RS256', typ: 'JWT', kid: 'k1' },
    {
      iss: 'me@acme',
      scope: 'a b',
      aud: 'https://oauth2.googleapis.com/token',
      iat: NOW_SECONDS,
      exp: NOW_SECONDS + 3600,
    },
  ]);
});

test('an assertion may be for any audience, at an address of the configuration', async () => {
  const { context, clock, asked } = world();
  const kind = jwtBearer({
    title: 'JWT',
    fields: keyField,
    algorithm: 'RS256',
    expiresMs: 180_000,
    tokenUrl: 'https://{{{config.site}}}.example.com/token',
    privateKey: (value) => value('key'),
    claims: (value) => ({ claims: { iss: value('client_id'), sub: 'user', aud: 'login.example.com' } }),
  });
  // As a form may give it.
  const key = new Secret(pem(rsa.privateKey).replaceAll('\n', '\\n'));
  await clock.run(kind.credentials({ key, client_id: 'app' }, context).current(never));
  const [request] = asked;
  assert.ok(request !== undefined);
  assert.equal(request.url, 'https://acme.example.com/token');
  const [, claims] = opened(assertion(request), rsa.publicKey);
  assert.deepEqual(
    [claims['aud'], claims['iss'], Number(claims['exp']) - NOW_SECONDS],
    ['login.example.com', 'app', 180],
  );
});

test('a signed assertion may be the token itself, and is signed again in time', async () => {
  const { context, clock, asked } = world();
  const kind = signedJwt({
    title: 'JWT',
    fields: keyField,
    algorithm: 'ES256',
    expiresMs: 20 * 60_000,
    privateKey: (value) => value('key'),
    claims: () => ({ header: { kid: 'k' }, claims: { iss: 'issuer' } }),
  });
  const credentials = kind.credentials({ key: new Secret(pem(ec.privateKey)) }, context);
  const sent = async (): Promise<string> =>
    (await clock.run(credentials.current(never))).headers['authorization']?.slice('Bearer '.length) ?? '';
  const first = await sent();
  assert.deepEqual(opened(first, ec.publicKey)[0], { alg: 'ES256', typ: 'JWT', kid: 'k' });
  assert.equal(await sent(), first);
  await clock.run(clock.until((NOW_SECONDS + 15 * 60) * 1000, never));
  const second = await sent();
  assert.equal(opened(second, ec.publicKey)[1]['iat'], NOW_SECONDS + 15 * 60);
  assert.equal(asked.length, 0);
});

test('[G9] a key that is none, or of another kind, is told without a part of it', () => {
  const { context } = world();
  const kind = signedJwt({
    title: 'JWT',
    fields: keyField,
    algorithm: 'ES256',
    expiresMs: 1000,
    privateKey: (value) => value('key'),
    claims: () => ({ claims: {} }),
  });
  const account = googleServiceAccount({ scopes: [] });
  for (const attempt of [
    () => kind.credentials({ key: new Secret('hunter2') }, context),
    () => kind.credentials({ key: new Secret(pem(rsa.privateKey)) }, context),
    () => account.credentials({ service_account: new Secret('{"private_key":"hunter2"') }, context),
    () => account.credentials({ service_account: new Secret('{"private_key":"hunter2"}') }, context),
  ]) {
    assert.throws(attempt, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'CDK_CREDENTIALS_INVALID');
      return !/hunter2|BEGIN/.test(error.message);
    });
  }
});
