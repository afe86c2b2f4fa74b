// The connector over real sockets, with the runtime's side of the protocol in the hands of the test.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { until } from '@weir/testing';
import { type HostedBinding, WebhookHost } from '@weir/testing/api';
import { httpIngest } from '../src/http-ingest.ts';

const capture = httpIngest({ env: { SOURCE_HTTP_INGEST_PORT: '0' } });
const start = (
  config: object,
  bindings: readonly HostedBinding[],
  acknowledges = 1,
  env: Record<string, string> = {},
): Promise<WebhookHost> => WebhookHost.start(capture, config, bindings, { acknowledges, env });

test('a document has the id, the time, the headers, the path, its parameters and the query of its request', async () => {
  await using ingest = await start({}, [{ resource: { path: '/shops/{shop}' } }, { resource: {} }]);
  const answer = await ingest.post('/shops/a%2Fb?x=1', '{"n":1,"_meta":{"mine":true}}', {
    authorization: 'Bearer x',
    cookie: 'c=1',
    'x-kept': 'yes',
  });
  assert.deepEqual([answer.status, answer.body], [200, '{"published":1}']);
  const [first] = ingest.documents;
  assert.ok(first !== undefined);
  const { webhookId, receivedAt, headers, ...rest } = first.doc._meta;
  assert.match(String(webhookId), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(String(receivedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const names = Object.keys(headers as object);
  assert.ok(names.includes('x-kept') && names.includes('host'));
  for (const name of ['authorization', 'cookie', 'content-type', 'accept'])
    assert.ok(!names.includes(name), name);
  assert.deepEqual(rest, {
    mine: true,
    reqPath: '/shops/{shop}',
    pathParams: { shop: 'a/b' },
    query: { x: '1' },
  });
  assert.deepEqual([first.binding, first.doc['n']], [0, 1]);
  // A binding without a path is at the name of its collection.
  assert.equal((await ingest.post('/acme/c1', '{}')).status, 200);
  assert.equal(ingest.documents[1]?.binding, 1);
  assert.equal((await ingest.post('/elsewhere', '{}')).status, 404);
});

test('a list is all or nothing, and one commit; its ids are numbered', async () => {
  const writeSchema = '{"type":"object","properties":{"n":{"type":"integer"}}}';
  await using ingest = await start({}, [{ resource: { path: '/in', idFromHeader: 'X-Id' }, writeSchema }]);
  const good = await ingest.post('/in', '[{"n":1},{"n":2}]', { 'x-id': 'q' });
  assert.deepEqual([good.status, good.body, ingest.checkpoints], [200, '{"published":2}', 1]);
  assert.deepEqual(
    ingest.documents.map(({ doc }) => doc._meta['webhookId']),
    ['q/0', 'q/1'],
  );
  const bad = await ingest.post('/in', '[{"n":3},{"n":"x"}]', { 'x-id': 'r' });
  assert.equal(bad.status, 400);
  assert.match(bad.body, /"basicOutput":\{"valid":false,"errors":\[\{"instanceLocation":"\/n"/);
  for (const [body, headers] of [
    ['[1]', { 'x-id': 'r' }],
    ['nonsense', { 'x-id': 'r' }],
    ['{"_meta":1}', { 'x-id': 'r' }],
    ['{}', {}],
  ] as const) {
    assert.equal((await ingest.post('/in', body, headers)).status, 400, body);
  }
  assert.deepEqual([ingest.documents.length, ingest.checkpoints], [2, 1]);
});

test('128 senders of two requests each hear of success, though two commits are acknowledged as one', async () => {
  await using ingest = await start({}, [{ resource: { path: '/a' } }, { resource: { path: '/b' } }], 2);
  const answers = await Promise.all(
    Array.from({ length: 256 }, (_, index) => ingest.post(index % 2 === 0 ? '/a' : '/b', `{"n":${index}}`)),
  );
  assert.ok(answers.every(({ status, body }) => status === 200 && body === '{"published":1}'));
  const seen = ingest.documents.map(({ doc }) => Number(doc['n'])).toSorted((left, right) => left - right);
  assert.deepEqual(
    seen,
    Array.from({ length: 256 }, (_, index) => index),
  );
});

test('with a token, 401 is for none and 403 for a wrong one, and pages of other origins may not send', async () => {
  await using ingest = await start({ requireAuthToken: 'the token' }, [{ resource: { path: '/in' } }]);
  assert.equal((await ingest.post('/in', '{}')).status, 401);
  assert.equal((await ingest.post('/in', '{}', { authorization: 'Bearer the tokem' })).status, 403);
  assert.equal((await ingest.post('/in', '{}', { authorization: 'the token' })).status, 403);
  const good = await ingest.post('/in', '{}', {
    authorization: 'Bearer the token',
    origin: 'https://a.example',
  });
  assert.deepEqual([good.status, good.headers.get('access-control-allow-origin')], [200, null]);
  const said = await ingest.ask('/api-doc/openapi.json');
  assert.match(said.body, /bearerAuth/);
  assert.doesNotMatch(said.body, /the token/);
});

test('any page may send where nothing is said of origins; otherwise those that are named', async () => {
  const preflight = {
    method: 'OPTIONS',
    headers: {
      origin: 'https://a.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-id',
    },
  };
  await using any = await start({}, [{ resource: { path: '/in' } }]);
  const { status, headers } = await any.ask('/in', preflight);
  assert.deepEqual(
    [
      status,
      headers.get('access-control-allow-origin'),
      headers.get('access-control-allow-methods'),
      headers.get('access-control-allow-headers'),
    ],
    [200, '*', 'POST,PUT', 'x-id'],
  );
  await using some = await start({ allowedCorsOrigins: ['https://b.example'] }, [
    { resource: { path: '/in' } },
  ]);
  assert.equal((await some.ask('/in', preflight)).headers.get('access-control-allow-origin'), null);
  const own = await some.post('/in', '{}', { origin: 'https://b.example' });
  assert.equal(own.headers.get('access-control-allow-origin'), 'https://b.example');
});

test('Okta’s challenge is answered, and GET shows nothing else', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }]);
  const asked = await ingest.ask('/in', { headers: { 'x-okta-verification-challenge': 'the challenge' } });
  assert.deepEqual([asked.status, asked.body], [200, '{"verification":"the challenge"}']);
  const bare = await ingest.ask('/in');
  assert.deepEqual([bare.status, bare.body], [404, '{"error":"nothing to see here"}']);
  const latin = await ingest.ask('/in', { headers: { 'x-okta-verification-challenge': '\xff' } });
  assert.equal(latin.status, 400);
});

test('the root leads to a page, and the page to the OpenAPI document', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }]);
  const root = await ingest.ask('/');
  assert.deepEqual([root.status, root.headers.get('location')], [308, '/swagger-ui/']);
  const page = await ingest.ask('/swagger-ui/');
  assert.match(page.headers.get('content-type') ?? '', /text\/html/);
  assert.ok(page.body.includes('/api-doc/openapi.json'));
  const api = JSON.parse((await ingest.ask('/api-doc/openapi.json')).body) as {
    openapi: string;
    paths: object;
  };
  assert.deepEqual([api.openapi, Object.keys(api.paths)], ['3.1.0', ['/in']]);
});

test('bodies may be compressed, and have 64 MiB at most when they are not', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }]);
  assert.equal((await ingest.post('/in', gzipSync('{"n":1}'), { 'content-encoding': 'gzip' })).status, 200);
  const large = Buffer.from(`{"text":"${'x'.repeat(20 << 20)}"}`);
  assert.equal(
    (await ingest.post('/in', zstdCompressSync(large), { 'content-encoding': 'zstd' })).status,
    200,
  );
  const tooLarge = Buffer.alloc((64 << 20) + 1, ' ');
  assert.equal(
    (await ingest.post('/in', zstdCompressSync(tooLarge), { 'content-encoding': 'zstd' })).status,
    413,
  );
  assert.equal(ingest.documents.length, 2);
});

/** A connection on which bytes are written as they are. */
async function wire(ingest: WebhookHost): Promise<{ readonly socket: Socket; readonly said: () => string }> {
  const socket = connect(ingest.port, '127.0.0.1');
  await once(socket, 'connect');
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  return { socket, said: () => said };
}

const head = (length: number | string, ...headers: readonly string[]): string =>
  ['POST /in HTTP/1.1', 'host: x', `content-length: ${length}`, ...headers, '', ''].join('\r\n');

test('JSON lines that are cut off leave nothing, and neither do those of which one is none', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }]);
  const lines = '{"n":1}\n{"n":2}\n{"n":3}\n';
  const { socket } = await wire(ingest);
  socket.write(head(lines.length, 'content-type: application/x-ndjson') + lines.slice(0, 12));
  socket.end();
  await once(socket, 'close');
  const type = { 'content-type': 'application/x-ndjson' };
  for (const body of [lines.slice(0, 20), '{"n":1}\n[2]\n', '{"n":1}\n\n{"n":}\n'])
    assert.equal((await ingest.post('/in', body, type)).status, 400, body);
  assert.equal(ingest.documents.length, 0);
  const whole = await ingest.post('/in', lines, type);
  assert.deepEqual([whole.status, whole.body], [200, '{"published":3}']);
});

test('a body that comes slowly is taken once it is whole, and keeps nobody else waiting', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }]);
  const body = '{"slow":true}';
  const { socket, said } = await wire(ingest);
  socket.write(head(body.length, 'content-type: application/json'));
  for (const byte of body.slice(0, -1)) {
    socket.write(byte);
    assert.equal((await ingest.post('/in', '{}')).status, 200);
  }
  assert.equal(ingest.documents.length, body.length - 1);
  assert.equal(said(), '');
  socket.end(body.slice(-1));
  await until('an answer', () => said().includes('"published":1'), { explain: said });
  assert.equal(ingest.documents.at(-1)?.doc['slow'], true);
});

test('a few bytes that become more than 64 MiB are refused in every compression, and the next request is taken', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }]);
  const tooLarge = Buffer.alloc((64 << 20) + 1, ' ');
  const bombs = {
    gzip: gzipSync(tooLarge),
    deflate: deflateSync(tooLarge),
    br: brotliCompressSync(tooLarge, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    zstd: zstdCompressSync(tooLarge),
  };
  for (const [encoding, bomb] of Object.entries(bombs)) {
    const answer = await ingest.post('/in', bomb, { 'content-encoding': encoding });
    assert.equal(answer.status, 413, encoding);
    assert.match(answer.body, /a body has at most 67108864 bytes/);
  }
  assert.equal((await ingest.post('/in', '{}')).status, 200);
});

test('headers that mean harm: names of JavaScript, bytes that are no text, too many, lengths that contradict each other', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in', idFromHeader: 'X-Id' } }]);
  const ask = async (text: string): Promise<string> => {
    const { socket, said } = await wire(ingest);
    socket.write(text, 'latin1');
    await until('an answer', () => /^HTTP\/1\.1 \d{3}/.test(said()), { explain: said });
    socket.destroy();
    return said().slice(9, 12);
  };
  const json = 'content-type: application/json';
  const named = head(2, json, 'x-id: 1', '__proto__: x', 'constructor: y', 'x-latin: \xff') + '{}';
  assert.equal(await ask(named), '200');
  const { headers } = ingest.documents[0]?.doc._meta ?? {};
  // Node leaves it out.
  assert.equal(Object.getPrototypeOf(headers), Object.prototype);
  assert.equal(Object.getOwnPropertyDescriptor(headers, 'constructor')?.value, 'y');
  assert.equal(await ask(head(2, json, 'x-id: 1', `x-long: ${'x'.repeat(100_000)}`) + '{}'), '431');
  assert.equal(await ask(head(2, json, 'content-length: 3') + '{}'), '400');
  assert.equal(await ask(head(2, json, 'transfer-encoding: chunked') + '{}'), '400');
  assert.equal(await ask(head('-1', json) + '{}'), '400');
  assert.equal(ingest.documents.length, 1);
  const members = await ingest.post('/in', '{"__proto__":{"a":1},"n":1}', { 'x-id': '2' });
  assert.equal(members.status, 200);
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});

test('an id that is empty or no text is refused, and one that is sent again is the same document', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in', idFromHeader: 'X-Id' } }]);
  for (const id of ['', '\xe9']) {
    const answer = await ingest.post('/in', '{}', { 'x-id': id });
    assert.equal(answer.status, 400, JSON.stringify(id));
    assert.match(answer.body, /x-id/i);
  }
  for (const n of [1, 2]) assert.equal((await ingest.post('/in', `{"n":${n}}`, { 'X-ID': 'q' })).status, 200);
  assert.deepEqual(
    ingest.documents.map(({ doc }) => doc._meta['webhookId']),
    ['q', 'q'],
  );
});

test('a document that no message of the runtime holds is refused, and the next one is taken', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }]);
  const body = `{"text":"${'x'.repeat((64 << 20) - 100)}"}`;
  assert.equal((await ingest.post('/in', body)).status, 413);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await ingest.post('/in', Buffer.alloc(12 << 20, 1), form)).status, 413);
  assert.equal((await ingest.post('/in', '{"n":1}')).status, 200);
  assert.equal(ingest.documents.length, 1);
});

test('a preview shows what is sent, and tells its sender to send it again', async () => {
  await using ingest = await start({}, [{ resource: { path: '/in' } }], 1, { WEIR_PREVIEW: 'p' });
  const answer = await ingest.post('/in', '{"n":1}');
  assert.deepEqual([answer.status, answer.body], [503, '{"error":"this is a preview, which keeps nothing"}']);
  assert.equal(ingest.documents.length, 1);
});

const seconds = (): string => String(Math.floor(Date.now() / 1000));
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const mac = (text: string, encoding: 'hex' | 'base64'): string =>
  createHmac('sha256', 'the key').update(text).digest(encoding);
const custom = { provider: 'custom', signatureHeader: 'X-Sig' };

const providers: readonly (readonly [
  name: string,
  config: object,
  sign: (body: string, time: string) => Record<string, string>,
])[] = [
  [
    'twilio',
    { provider: 'twilio', publicKey: pem },
    (body, time) => ({
      'x-twilio-email-event-webhook-timestamp': time,
      'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(time + body), privateKey).toString(
        'base64',
      ),
    }),
  ],
  [
    'zoom',
    { provider: 'zoom', secret: 'the key' },
    (body, time) => ({
      'x-zm-request-timestamp': time,
      'x-zm-signature': `v0=${mac(`v0:${time}:${body}`, 'hex')}`,
    }),
  ],
  [
    'knock',
    { provider: 'knock', secret: 'the key' },
    (body, time) => ({ 'x-knock-signature': `t=${time}000,s=${mac(`${time}000.${body}`, 'base64')}` }),
  ],
  [
    'custom HMAC, hex, with a template',
    {
      ...custom,
      algorithm: 'hmac_sha256',
      secret: 'the key',
      signatureEncoding: 'hex',
      timestampHeader: 'X-Time',
      signingStringTemplate: 'v1|{TIMESTAMP}|{PAYLOAD}|',
    },
    (body, time) => ({ 'x-time': time, 'x-sig': mac(`v1|${time}|${body}|`, 'hex') }),
  ],
  [
    'custom HMAC over the body',
    { ...custom, algorithm: 'hmac_sha256', secret: 'the key' },
    (body) => ({ 'x-sig': mac(body, 'base64') }),
  ],
  [
    'custom ECDSA',
    { ...custom, algorithm: 'ecdsa', publicKey: pem, timestampHeader: 'X-Time' },
    (body, time) => ({
      'x-time': time,
      'x-sig': sign('sha256', Buffer.from(time + body), privateKey).toString('base64'),
    }),
  ],
];

for (const [name, signatureConfig, signs] of providers) {
  test(`signatures of ${name}: right ones are taken, others are 401 and leave nothing`, async () => {
    await using ingest = await start({ signatureConfig }, [{ resource: { path: '/in' } }]);
    const body = '{"n":1}';
    assert.equal((await ingest.post('/in', body, signs(body, seconds()))).status, 200);
    assert.equal((await ingest.post('/in', '{"n":2}', signs(body, seconds()))).status, 401);
    assert.equal((await ingest.post('/in', body)).status, 401);
    assert.equal((await ingest.post('/in', '', signs('', seconds()))).status, 401);
    const old = signs(body, String(Number(seconds()) - 400));
    const isTimed = Object.keys(old).length > 1 || name === 'knock';
    assert.equal((await ingest.post('/in', body, old)).status, isTimed ? 401 : 200);
    const garbage = Object.fromEntries(Object.keys(old).map((header) => [header, '!!']));
    assert.equal((await ingest.post('/in', body, garbage)).status, 401);
    assert.equal(ingest.documents.length, isTimed ? 1 : 2);
  });
}
