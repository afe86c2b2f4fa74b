import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintConfigSchema, Secret, text } from '@weir/schema';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import { authorizationUrl, mappedAnswer, tokenRequest } from '@weir/schema/oauth2';
import { matchSnapshot } from '@weir/testing';
import { apiCapture } from '../api/api-capture.ts';
import { defineApi, get } from '../api/define-api.ts';
import { snapshot } from '../streams/define-stream.ts';
import type { ApiRequest } from '../http/request.ts';
import { silentLog } from '../testing/silent-log.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { authorizationCode, type ProviderTokens } from './authorization-code.ts';
import { keepsNothing, keptByFlow, keptByRuntime } from './config-keeper.ts';
import { bearer } from './fixed.ts';

const never = new AbortController().signal;
const NOW = Date.parse('2024-05-05T05:00:00Z');

const kindOf = (tokens: ProviderTokens) =>
  authorizationCode({
    provider: 'sample',
    authUrl: 'https://{{{config.site}}}.example.com/authorize',
    tokenUrl: 'https://{{{config.site}}}.example.com/token',
    scope: 'read offline',
    authParameters: { access_type: 'offline' },
    tokenParameters: { expires_in: '172800' },
    pkce: true,
    tokens,
  });

const values = {
  client_id: new Secret('the id'),
  client_secret: new Secret('hush'),
  refresh_token: new Secret('r0'),
  access_token: new Secret('a0'),
  access_token_expires_at: '2024-05-05T06:00:00Z',
};

function world(
  answer: (count: number) => JsonValue = (count) => ({
    access_token: `a${count}`,
    refresh_token: `r${count}`,
    expires_in: 3600,
  }),
) {
  const clock = new VirtualClock(NOW);
  const asked: ApiRequest[] = [];
  const ask = async (request: ApiRequest): Promise<JsonValue> => {
    asked.push(request);
    await clock.until(clock.now() + 50, never);
    return answer(asked.length);
  };
  return { clock, asked, ask, context: { clock, ask, config: { site: 'acme' }, keeper: keepsNothing } };
}

test('the spec has the templates of the flow, and the button where the credentials are', () => {
  const api = defineApi({
    name: 'source-sample',
    title: 'Sample',
    config: { site: text({ title: 'Site', description: 'The site.', order: 10 }) },
    auth: [kindOf('rotating'), bearer()],
    base: ({ site }) => `https://${site}.example.com`,
    probe: get('/me'),
    streams: { rows: snapshot({ path: '/rows', order: 'as listed', interval: '5m' }) },
  });
  const { spec } = apiCapture(api);
  assert.deepEqual(lintConfigSchema(spec.configSchema), []);
  matchSnapshot(
    import.meta.url,
    'spec.txt',
    `${JSON.stringify(spec.configSchema, null, 2)}\n${JSON.stringify(spec.oauth2, null, 2)}`,
  );
});

test('what a user interface would send is what the provider is asked, in a form or as JSON', () => {
  const variables = {
    client_id: 'the id',
    client_secret: 'hush',
    redirect_uri: 'http://localhost:1/',
    state: 's&1',
    code: 'c+1',
    code_challenge: 'ch',
    code_challenge_method: 'S256',
    code_verifier: 'v',
    config: { site: 'acme' },
  };
  const { oauth2 } = kindOf('rotating');
  assert.ok(oauth2 !== undefined);
  const url = new URL(authorizationUrl(oauth2, variables, NOW));
  assert.equal(url.origin, 'https://acme.example.com');
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    client_id: 'the id',
    redirect_uri: 'http://localhost:1/',
    response_type: 'code',
    state: 's&1',
    scope: 'read offline',
    access_type: 'offline',
    code_challenge: 'ch',
    code_challenge_method: 'S256',
  });
  const exchange = {
    grant_type: 'authorization_code',
    expires_in: '172800',
    redirect_uri: 'http://localhost:1/',
    code: 'c+1',
    client_id: 'the id',
    client_secret: 'hush',
  };
  const form = tokenRequest(oauth2, variables, NOW);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(form.body)), { ...exchange, code_verifier: 'v' });
  const common = { provider: 'p', authUrl: 'https://a/', tokenUrl: 'https://t/', tokens: 'refresh' } as const;
  const asJson = authorizationCode({
    ...common,
    sendsCodeAs: 'json',
    tokenParameters: { expires_in: '172800' },
  });
  assert.ok(asJson.oauth2 !== undefined);
  assert.deepEqual(JSON.parse(tokenRequest(asJson.oauth2, variables, NOW).body), exchange);
  const basic = authorizationCode({ ...common, sendsClient: 'basic' });
  assert.ok(basic.oauth2 !== undefined);
  const request = tokenRequest(basic.oauth2, variables, NOW);
  assert.equal(request.headers['authorization'], `Basic ${btoa('the id:hush')}`);
  assert.doesNotMatch(request.body, /hush/);
});

test('the answer to a code gives every field that the connector has to have', () => {
  const answer = { access_token: 'a', refresh_token: 'r', expires_in: 60 };
  for (const tokens of ['refresh', 'rotating', 'long-lived'] as const) {
    const { fields, oauth2 } = kindOf(tokens);
    const mapped = Object.keys(mappedAnswer(oauth2?.accessTokenResponseMap ?? {}, answer, NOW));
    assert.deepEqual([...mapped, 'client_id', 'client_secret'].toSorted(), Object.keys(fields).toSorted());
  }
});

test('a refresh token that stays valid is exchanged at the address of the configuration', async () => {
  const { context, clock, asked } = world();
  const credentials = kindOf('refresh').credentials(values, context);
  assert.deepEqual((await clock.run(credentials.current(never))).headers, { authorization: 'Bearer a1' });
  assert.equal(asked[0]?.url, 'https://acme.example.com/token');
});

test('under a runtime that keeps it, a pair is exchanged once for all who wait, announced, and used by the next session', async () => {
  const { context, clock, asked } = world();
  const ended = new Error('the end');
  const updates: object[] = [];
  const log = { ...silentLog, configUpdate: (config: object) => updates.push(config) };
  const text =
    '{"site":"acme","big":9007199254740993,"credentials":{"client_id":"the id","refresh_token":"r0"}}';
  const keeper = keptByRuntime(
    () => text,
    log,
    () => ended,
  );
  const credentials = kindOf('rotating').credentials(values, { ...context, keeper });
  const sent = async () => (await credentials.current(never)).headers['authorization'];
  assert.equal(await sent(), 'Bearer a0');
  await clock.run(clock.until(NOW + 54 * 60_000, never));
  assert.equal(await sent(), 'Bearer a0');
  await clock.run(clock.until(NOW + 55 * 60_000, never));
  const together = await clock.run(Promise.allSettled([sent(), sent(), sent()]));
  assert.ok(together.every((result) => result.status === 'rejected' && result.reason === ended));
  assert.equal(asked.length, 1);
  assert.deepEqual(
    updates.map((config) => (config as { credentials: JsonObject }).credentials),
    [
      {
        client_id: 'the id',
        refresh_token: 'r1',
        access_token: 'a1',
        access_token_expires_at: '2024-05-05T06:55:00.050Z',
      },
    ],
  );
});

test('in Flow, a pair is encrypted and announced before it is used', async () => {
  const order: string[] = [];
  const { context, clock, ask } = world();
  const log = {
    ...silentLog,
    configUpdate: (config: object) => order.push(`announced ${JSON.stringify(config)}`),
  };
  const keeper = keptByFlow({
    config: () => '{"site":"acme","credentials":{"refresh_token":"r0"}}',
    log,
    configSchema: { type: 'object' },
    env: { ENCRYPTION_URL: 'https://encrypt' },
    ask: async ({ url, body }) => {
      order.push(`${url} ${JSON.stringify(body)}`);
      return { sops: {} };
    },
  });
  const credentials = kindOf('rotating').credentials(
    { ...values, access_token_expires_at: '2020-01-01T00:00:00Z' },
    { ...context, ask, keeper },
  );
  const { headers } = await clock.run(credentials.current(never));
  assert.deepEqual(headers, { authorization: 'Bearer a1' });
  assert.deepEqual(order, [
    'https://encrypt {"json":{"config":{"site":"acme","credentials":{"refresh_token":"r1","access_token":"a1","access_token_expires_at":"2024-05-05T06:00:00.050Z"}},"schema":{"type":"object"}}}',
    'announced {"sops":{}}',
  ]);
});

test('where nothing is kept, the refresh token is not spent', async () => {
  const { context, clock, asked } = world();
  const credentials = kindOf('rotating').credentials(values, context);
  // Used to its end, since it cannot be renewed here.
  await clock.run(clock.until(NOW + 59 * 60_000, never));
  assert.deepEqual(
    [credentials.isUsable, (await credentials.current(never)).headers['authorization']],
    [true, 'Bearer a0'],
  );
  await clock.run(clock.until(NOW + 60 * 60_000, never));
  assert.equal(credentials.isUsable, false);
  await assert.rejects(credentials.current(never), { code: 'CDK_TOKEN_NOT_KEPT' });
  assert.equal(asked.length, 0);
});

test('a token with little life left is used, and not renewed at once by every session that begins with it', async () => {
  const { context, clock, asked } = world();
  const keeper = keptByRuntime(
    () => '{}',
    silentLog,
    () => new Error('the end'),
  );
  const soon = { ...values, access_token_expires_at: '2024-05-05T05:00:08Z' };
  const credentials = kindOf('rotating').credentials(soon, { ...context, keeper });
  await credentials.current(never);
  await clock.run(clock.until(NOW + 5999, never));
  await credentials.current(never);
  assert.equal(asked.length, 0);
  await clock.run(clock.until(NOW + 6000, never));
  await assert.rejects(clock.run(credentials.current(never)), /the end/);
  assert.equal(asked.length, 1);
});

test('a session that is cut off while a pair is exchanged still keeps it', async () => {
  const { context, clock } = world();
  const updates: object[] = [];
  const log = { ...silentLog, configUpdate: (config: object) => updates.push(config) };
  const keeper = keptByRuntime(
    () => '{}',
    log,
    () => new Error('the end'),
  );
  const expired = { ...values, access_token_expires_at: '2020-01-01T00:00:00Z' };
  const credentials = kindOf('rotating').credentials(expired, { ...context, keeper });
  const session = new AbortController();
  const asking = assert.rejects(credentials.current(session.signal), /cut off/);
  session.abort(new Error('cut off'));
  await asking;
  await clock.run(clock.until(NOW + 1000, never));
  assert.equal(updates.length, 1);
});
