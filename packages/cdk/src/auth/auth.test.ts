import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '@weir/schema';
import type { JsonValue } from '@weir/schema/json';
import type { ApiRequest } from '../http/request.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { keepsNothing } from './config-keeper.ts';
import { apiKey, basic, bearer } from './fixed.ts';
import { clientCredentials, passwordGrant, refreshToken, sessionLogin } from './token.ts';

const never = new AbortController().signal;

function tokens(
  answer: (count: number) => JsonValue = (count) => ({ access_token: `t${count}`, expires_in: 100 }),
) {
  const clock = new VirtualClock(0);
  const asked: ApiRequest[] = [];
  const ask = async (request: ApiRequest): Promise<JsonValue> => {
    asked.push(request);
    await clock.until(clock.now() + 50, never);
    return answer(asked.length);
  };
  return { context: { clock, ask, config: {}, keeper: keepsNothing }, clock, asked };
}

const client = { client_id: new Secret('id'), client_secret: new Secret('secret') };

test('fixed credentials are sent as they are configured', async () => {
  const { context } = tokens();
  const token = { access_token: new Secret('abc') };
  for (const [kind, values, expected] of [
    [bearer(), token, { headers: { authorization: 'Bearer abc' }, query: {} }],
    [bearer({ scheme: 'Token' }), token, { headers: { authorization: 'Token abc' }, query: {} }],
    [apiKey({ sends: { header: 'api-key' } }), token, { headers: { 'api-key': 'abc' }, query: {} }],
    [apiKey({ sends: { query: 'key' } }), token, { headers: {}, query: { key: 'abc' } }],
    [
      basic({ userSuffix: '/token' }),
      { username: 'a@b', password: new Secret('p') },
      { headers: { authorization: `Basic ${Buffer.from('a@b/token:p').toString('base64')}` }, query: {} },
    ],
  ] as const) {
    const credentials = kind.credentials(values, context);
    const current = await credentials.current(never);
    assert.deepEqual(current, expected);
    assert.equal(await credentials.refresh(current, never), false);
  }
});

test('a token is fetched once for all who wait, used for three quarters of its life, and then fetched again', async () => {
  const { context, clock, asked } = tokens();
  const credentials = clientCredentials({ tokenUrl: 'https://auth/token' }).credentials(client, context);
  const sent = async (): Promise<string> => (await credentials.current(never)).headers['authorization'] ?? '';
  const together = await clock.run(Promise.all([sent(), sent(), sent()]));
  assert.deepEqual(together, ['Bearer t1', 'Bearer t1', 'Bearer t1']);
  await clock.run(clock.until(74_999, never));
  assert.equal(await sent(), 'Bearer t1');
  await clock.run(clock.until(75_000, never));
  assert.equal(await clock.run(sent()), 'Bearer t2');
  assert.equal(asked.length, 2);
});

test('requests that were refused together get one new token', async () => {
  const { context, clock, asked } = tokens();
  const credentials = clientCredentials({ tokenUrl: 'https://auth/token' }).credentials(client, context);
  const refused = await clock.run(credentials.current(never));
  await clock.run(Promise.all([credentials.refresh(refused, never), credentials.refresh(refused, never)]));
  await clock.run(credentials.refresh(refused, never));
  assert.equal(asked.length, 2);
});

test('a grant sends what OAuth2 asks for, with the client in the form or as HTTP Basic', async () => {
  const tokenUrl = 'https://auth/token';
  for (const [kind, form, header] of [
    [
      clientCredentials({ tokenUrl, scope: 'read', parameters: { audience: 'x' } }),
      {
        grant_type: 'client_credentials',
        scope: 'read',
        audience: 'x',
        client_id: 'id',
        client_secret: 'secret',
      },
      undefined,
    ],
    [
      refreshToken({ tokenUrl, sendsClient: 'basic' }),
      { grant_type: 'refresh_token', refresh_token: 'r' },
      `Basic ${Buffer.from('id:secret').toString('base64')}`,
    ],
    [
      passwordGrant({ tokenUrl }),
      { grant_type: 'password', username: 'u', password: 'p', client_id: 'id', client_secret: 'secret' },
      undefined,
    ],
  ] as const) {
    const { context, clock, asked } = tokens();
    const values = { ...client, refresh_token: new Secret('r'), username: 'u', password: new Secret('p') };
    await clock.run(kind.credentials(values, context).current(never));
    const [request] = asked;
    assert.deepEqual([request?.url, request?.method, request?.isAnonymous], [tokenUrl, 'POST', true]);
    assert.deepEqual(request?.body, { form });
    assert.equal(request?.headers?.['authorization'], header);
  }
});

test('an answer without a token is told as such, and does not show what it holds', async () => {
  const { context, clock } = tokens(() => ({ error: 'invalid_client', hint: 'secret' }));
  const credentials = clientCredentials({ tokenUrl: 'https://auth/token' }).credentials(client, context);
  await assert.rejects(clock.run(credentials.current(never)), (error: Error) => {
    assert.equal((error as { code?: string }).code, 'CDK_HTTP_UNAUTHORIZED');
    return !error.message.includes('secret');
  });
});

test('a session is opened by any request and sent in any way', async () => {
  const { context, clock, asked } = tokens(() => ({ session: { id: 's1' } }));
  const kind = sessionLogin({
    title: 'Login',
    fields: {},
    login: (value) => ({ method: 'POST', url: '/login', body: { json: { user: value('user') } } }),
    token: (answer) => ({
      value: (answer as { session: { id: string } }).session.id,
      livesMs: undefined,
    }),
    sends: (id) => ({ headers: { cookie: `sid=${id}` }, query: {} }),
  });
  const secrets = await clock.run(kind.credentials({ user: 'u' }, context).current(never));
  assert.deepEqual(secrets.headers, { cookie: 'sid=s1' });
  assert.deepEqual(asked[0]?.body, { json: { user: 'u' } });
});
