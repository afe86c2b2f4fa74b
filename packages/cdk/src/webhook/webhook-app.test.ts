import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { MAX_MESSAGE_BYTES } from '@weir/protocol';
import { Secret } from '@weir/schema';
import { silentLog } from '../testing/silent-log.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import {
  asanaHandshake,
  type Challenge,
  graphValidation,
  metaSubscription,
  okta,
  slackVerification,
  zoomValidation,
} from './challenges.ts';
import { collectionCheck } from './collection-check.ts';
import { CrossOrigin } from './cors.ts';
import { headerSecret } from './verification.ts';
import { WebhookApp, type WebhookAppOptions, type WebhookBinding } from './webhook-app.ts';
import type { WebhookAnswer, WebhookRequest } from './webhook-request.ts';
import type { Holding } from './webhook-server.ts';
import { type WebhookMatch, WebhookRouter } from './webhook-route.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');

function request(
  target: string,
  more: Partial<Omit<WebhookRequest, 'body'>> & { body?: string | Buffer } = {},
): WebhookRequest {
  const [path = '', query = ''] = target.split('?');
  return {
    method: 'POST',
    target,
    path,
    query: new URLSearchParams(query),
    headers: {},
    receivedMs: NOW,
    ...more,
    body: Buffer.from(more.body ?? ''),
  };
}

const freely: Holding = { abandoned: new AbortController().signal, hold: () => undefined };

interface Sent {
  readonly binding: string;
  readonly text: string;
}

function app(
  bindings: readonly Partial<WebhookBinding>[],
  options: Partial<WebhookAppOptions<WebhookBinding>> = {},
) {
  const sent: Sent[] = [];
  const made = new WebhookApp<WebhookBinding>({
    bindings: bindings.map((each, index) => ({
      name: `b${index}`,
      match: { path: '*' },
      id: { body: '/id' },
      ...each,
    })),
    clock: new VirtualClock(NOW),
    log: silentLog,
    queryMember: 'query',
    publish: async (documents) => {
      for (const { binding, bytes } of documents)
        sent.push({ binding: binding.name, text: bytes.toString() });
    },
    ...options,
  });
  const ask = async (asked: WebhookRequest): Promise<WebhookAnswer> => {
    const { body: _body, ...head } = asked;
    return made.answerHead(head) ?? (await made.answer(asked, freely));
  };
  return { sent, ask };
}

const meta = (id: string, more = ''): string =>
  `{"_meta":{"webhookId":"${id}","receivedAt":"2024-05-05T05:00:00.000Z","headers":{},"reqPath":"/in"${more}}`;

test('objects, lists, JSON lines and forms become documents, whose numbers keep their digits', async () => {
  const { sent, ask } = app([{ match: { path: '/in' } }]);
  const texts = async (body: string, type = 'application/json'): Promise<string[]> => {
    sent.length = 0;
    const { status, body: said } = await ask(request('/in', { body, headers: { 'content-type': type } }));
    assert.equal(status, 200, said);
    assert.equal(said, `{"published":${sent.length}}`);
    return sent.map(({ text }) => text.replace('"headers":{"content-type"', '"headers":{'));
  };
  assert.deepEqual(await texts(' { "id" : 9007199254740993 , "n": 1.10 } '), [
    `${meta('9007199254740993')},"id":9007199254740993,"n":1.10}`,
  ]);
  assert.deepEqual(await texts('[{"id":"a"},\n{"id":"b","s":" \\u00e9 "}]'), [
    `${meta('a')},"id":"a"}`,
    `${meta('b')},"id":"b","s":" \\u00e9 "}`,
  ]);
  assert.deepEqual(await texts('{"id":1}\n{"id":2}', 'application/x-ndjson; charset=utf-8'), [
    `${meta('1')},"id":1}`,
    `${meta('2')},"id":2}`,
  ]);
  assert.deepEqual(await texts('id=7&t=a+b&t=c', 'application/x-www-form-urlencoded'), [
    `${meta('7')},"id":"7","t":["a b","c"]}`,
  ]);
  assert.deepEqual(await texts('[]'), []);
});

test('a document’s own _meta is kept beside the connector’s, whose members win', async () => {
  const { sent, ask } = app([{ match: { path: '/in' } }]);
  await ask(request('/in', { body: '{"id":1,"_meta":{"mine":2,"webhookId":"forged","headers":0}}' }));
  assert.deepEqual(JSON.parse(sent[0]?.text ?? ''), {
    _meta: {
      mine: 2,
      webhookId: '1',
      receivedAt: '2024-05-05T05:00:00.000Z',
      headers: {},
      reqPath: '/in',
    },
    id: 1,
  });
});

test('what is no document is refused, and with it all that came beside it', async () => {
  const { sent, ask } = app([{ match: { path: '/in' } }]);
  for (const body of [
    '',
    '1',
    '"x"',
    'null',
    '{"id":1',
    '{"id":1}{"id":2}',
    '[{"id":1},2]',
    '[{"id":1}] x',
    '[{"id":1},]',
    '{"id":1,"_meta":3}',
    '{"no":"id"}',
    Buffer.from('{"id":"\xff"}', 'latin1'),
    '['.repeat(100_000),
  ]) {
    const { status, body: said } = await ask(request('/in', { body }));
    assert.equal(status, 400, `${String(body).slice(0, 40)}: ${said}`);
  }
  assert.deepEqual(sent, []);
});

test('a header decides before the body, the body before the path, more given segments before fewer, * last', async () => {
  const { sent, ask } = app([
    { name: 'any' },
    { name: 'shop', match: { path: '/shops/{shop}' } },
    { name: 'mine', match: { path: '/shops/mine' } },
    { name: 'paid', match: { body: ['/event/type', 'paid'] } },
    { name: 'two', match: { body: ['/event/type', '2'] } },
    { name: 'pushed', match: { header: ['X-Event', 'push'] } },
  ]);
  const paid = '{"id":1,"event":{"type":"paid"}}';
  const asked: [string, string, Record<string, string>, string][] = [
    ['/shops/a%20b', '{"id":1}', {}, 'shop'],
    ['/shops/mine', '{"id":1}', {}, 'mine'],
    ['/shops/mine/more', '{"id":1}', {}, 'any'],
    ['/shops/', '{"id":1}', {}, 'any'],
    ['/shops/mine', paid, {}, 'paid'],
    ['/x', '{"id":1,"event":{"type":2}}', {}, 'two'],
    ['/shops/mine', paid, { 'x-event': 'push' }, 'pushed'],
  ];
  for (const [path, body, headers, expected] of asked) {
    sent.length = 0;
    await ask(request(path, { body, headers }));
    assert.deepEqual(
      sent.map(({ binding }) => binding),
      [expected],
      path,
    );
  }
  sent.length = 0;
  await ask(request('/shops/a%20b?x=1&x=2', { body: '{"id":1}' }));
  assert.match(
    sent[0]?.text ?? '',
    /"reqPath":"\/shops\/\{shop\}","pathParams":\{"shop":"a b"\},"query":\{"x":"1,2"\}/,
  );
});

test('a document that belongs to no binding refuses the whole request', async () => {
  const { sent, ask } = app([{ match: { body: ['/type', 'a'] } }]);
  const answer = await ask(request('/', { body: '[{"id":1,"type":"a"},{"id":2,"type":"b"}]' }));
  assert.deepEqual([answer.status, answer.body], [404, '{"error":"document 1 belongs to no binding"}']);
  assert.deepEqual(sent, []);
  const elsewhere = app([{ match: { path: '/in' } }]);
  assert.equal((await elsewhere.ask(request('/out', { body: '{}' }))).status, 404);
});

test('bindings that would take the same requests are refused, and paths that are none', () => {
  const add = (...matches: WebhookMatch[]): void => {
    const router = new WebhookRouter<number>();
    for (const [index, match] of matches.entries()) router.add(`b${index}`, match, index);
  };
  for (const [left, right] of [
    [{ path: '*' }, { path: '*' }],
    [{ path: '/a/{x}' }, { path: '/a/{y}' }],
    [{ path: '/a/{x}' }, { path: '/{y}/b' }],
    [{ header: ['X-E', 'a'] }, { header: ['x-e', 'a'] }],
    [{ body: ['/e', 'a'] }, { body: ['/e', 'a'] }],
  ] as const) {
    assert.throws(() => add(left, right), { code: 'CDK_WEBHOOK_CONFLICT' });
  }
  add({ path: '/a/{x}' }, { path: '/a/b' }, { path: '/a/{x}/c' }, { path: '*' }, { body: ['/e', 'b'] });
  for (const path of ['a', '/a/{x', '/a/x{y}', '/{a}/{a}', '/a?b']) {
    assert.throws(() => add({ path }), { code: 'CDK_WEBHOOK_INVALID' }, path);
  }
});

test('ids come from a header, which is then needed, from the document, or from its digest', async () => {
  const ids = async (id: WebhookBinding['id'], body: string, headers: Record<string, string> = {}) => {
    const { sent, ask } = app([{ id }]);
    const { status } = await ask(request('/in', { body, headers }));
    return status === 200
      ? sent.map(({ text }) => (JSON.parse(text) as { _meta: { webhookId: string } })._meta.webhookId)
      : status;
  };
  const header = { header: 'X-Id' };
  assert.deepEqual(await ids(header, '{}', { 'x-id': 'q' }), ['q']);
  assert.deepEqual(await ids(header, '[{},{}]', { 'x-id': 'q' }), ['q/0', 'q/1']);
  assert.equal(await ids(header, '{}'), 400);
  assert.deepEqual(await ids({ body: '/e/id' }, '{"e":{"id":"z"}}'), ['z']);
  assert.equal(await ids({ body: '/e/id' }, '{}'), 400);
  const [first, second] = (await ids('digest', '[{"a":1},{ "a" : 1 }]')) as string[];
  assert.equal(first, second);
  const [one, other] = (await ids('random', '[{},{}]')) as string[];
  assert.match(one ?? '', /^[0-9a-f-]{36}\/0$/);
  assert.notEqual(one?.slice(0, 36), other?.slice(0, 36));
});

test('a document that its collection cannot take is refused, as the runtime would end the capture for it', async () => {
  const writeSchema = JSON.stringify({ type: 'object', properties: { n: { type: 'integer' } } });
  const check = collectionCheck({ writeSchema, key: ['/_meta/webhookId', '/n'] });
  const { sent, ask } = app([{ check }]);
  const { status, body = '' } = await ask(request('/in', { body: '[{"id":1,"n":1},{"id":2,"n":"x"}]' }));
  assert.equal(status, 400);
  assert.deepEqual(JSON.parse(body), {
    error: 'the document does not fit its collection',
    basicOutput: {
      valid: false,
      errors: [
        { instanceLocation: '/n', keywordLocation: '#/properties/n/type', error: 'must be of type integer' },
      ],
    },
  });
  const keyless = await ask(request('/in', { body: '{"id":1}' }));
  assert.match(keyless.body ?? '', /a part of the key is missing/);
  assert.deepEqual(sent, []);
});

test('headers that say nothing or are secret stay out of documents', async () => {
  const verify = headerSecret('X-Token', new Secret('the secret'));
  const { sent, ask } = app([{}], { verify });
  const headers = {
    'x-token': 'the secret',
    authorization: 'Bearer the secret',
    cookie: 'the secret',
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'me',
  };
  assert.equal((await ask(request('/in', { body: '{"id":1}', headers }))).status, 200);
  assert.match(sent[0]?.text ?? '', /"headers":\{"user-agent":"me"\}/);
  assert.ok(!(sent[0]?.text ?? '').includes('the secret'));
  assert.equal((await ask(request('/in', { body: '{"id":1}' }))).status, 401);
});

test('a commit that fails is told as 503, so that the sender tries again, and logged', async () => {
  const warnings: unknown[] = [];
  const { ask } = app([{}], {
    publish: () => Promise.reject(new Error('gone')),
    log: { ...silentLog, warn: (message, fields) => warnings.push([message, fields]) },
  });
  const { status, headers } = await ask(request('/in?key=secret', { body: '{"id":1}' }));
  assert.deepEqual([status, headers?.['retry-after']], [503, '1']);
  assert.deepEqual(warnings, [
    ['a webhook could not be committed', { path: '/in', documents: 1, error: 'Error: gone' }],
  ]);
});

test('a preview shows what is sent and tells no sender of success', async () => {
  const { sent, ask } = app([{}], { isPreview: true });
  const { status, headers, body } = await ask(request('/in', { body: '{"id":1}' }));
  assert.deepEqual([status, headers?.['retry-after']], [503, '1']);
  assert.equal(body, '{"error":"this is a preview, which keeps nothing"}');
  assert.equal(sent.length, 1);
});

test('a document that would be too large for a message of the runtime with its _meta is refused', async () => {
  const { sent, ask } = app([{}]);
  const body = (bytes: number): string =>
    `{"id":1,"text":"${'x'.repeat(bytes - '{"id":1,"text":""}'.length)}"}`;
  assert.equal((await ask(request('/in', { body: body(MAX_MESSAGE_BYTES - 1100) }))).status, 413);
  assert.equal((await ask(request('/in', { body: body(MAX_MESSAGE_BYTES - 2000) }))).status, 200);
  // Bytes that have escapes of six in JSON.
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const grows = `id=1&text=${'\u0001'.repeat(12 << 20)}`;
  assert.equal((await ask(request('/in', { body: grows, headers: form }))).status, 413);
  assert.equal(sent.length, 1);
});

test('methods other than POST take nothing', async () => {
  const { sent, ask } = app([{}]);
  assert.equal((await ask(request('/in', { method: 'GET' }))).status, 404);
  const put = await ask(request('/in', { method: 'PUT', body: '{"id":1}' }));
  assert.deepEqual([put.status, put.headers?.['allow']], [405, 'POST']);
  assert.deepEqual(sent, []);
});

test('each vendor’s challenge is answered, and with the wrong token it is not', async () => {
  const token = new Secret('the token');
  const answers = async (challenge: Challenge, asked: WebhookRequest) => {
    const { sent, ask } = app([{}], { challenges: [challenge] });
    const { status, body, headers } = await ask(asked);
    assert.deepEqual(sent, []);
    return [status, body ?? headers];
  };
  const get = { method: 'GET' };
  const asked = { ...get, headers: { 'x-okta-verification-challenge': 'c1' } };
  assert.deepEqual(await answers(okta, request('/in', asked)), [200, '{"verification":"c1"}']);
  const latin = { ...get, headers: { 'x-okta-verification-challenge': '\xff' } };
  assert.equal((await answers(okta, request('/in', latin)))[0], 400);
  assert.equal((await answers(okta, request('/in', get)))[0], 404);
  const slacked = request('/in', { body: '{"type":"url_verification","challenge":"<c>"}' });
  assert.deepEqual(await answers(slackVerification, slacked), [200, '<c>']);
  const hub = '/in?hub.mode=subscribe&hub.challenge=77&hub.verify_token=';
  assert.deepEqual(await answers(metaSubscription(token), request(`${hub}the+token`, get)), [200, '77']);
  assert.equal((await answers(metaSubscription(token), request(`${hub}other`, get)))[0], 403);
  assert.deepEqual(await answers(graphValidation, request('/in?validationToken=a%20b')), [200, 'a b']);
  const shook = request('/in', { headers: { 'x-hook-secret': 's' } });
  assert.deepEqual(await answers(asanaHandshake, shook), [200, { 'x-hook-secret': 's' }]);
  const zoomed = request('/in', {
    body: '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}',
  });
  const encryptedToken = createHmac('sha256', 'the token').update('qgg8vlvZRS6UYooatFL8Aw').digest('hex');
  assert.deepEqual(await answers(zoomValidation(token), zoomed), [
    200,
    JSON.stringify({ plainToken: 'qgg8vlvZRS6UYooatFL8Aw', encryptedToken }),
  ]);
});

test('a signed challenge is answered only when its signature is right', async () => {
  const { ask } = app([{}], {
    challenges: [slackVerification],
    verify: headerSecret('x-token', new Secret('t')),
  });
  const body = '{"type":"url_verification","challenge":"c"}';
  assert.equal((await ask(request('/in', { body }))).status, 401);
  assert.equal((await ask(request('/in', { body, headers: { 'x-token': 't' } }))).body, 'c');
});

test('browsers of allowed origins may send, and are told so beforehand', async () => {
  const preflight = {
    method: 'OPTIONS',
    headers: {
      origin: 'https://a.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-a',
    },
  };
  const ask = async (origins: string[], more: Parameters<typeof request>[1]) => {
    const answer = await app([{}], { cors: new CrossOrigin(origins) }).ask(
      request('/in', { body: '{"id":1}', ...more }),
    );
    return answer.headers ?? {};
  };
  const any = await ask(['*'], preflight);
  assert.equal(any['access-control-allow-origin'], '*');
  assert.equal(any['access-control-allow-methods'], 'POST,PUT');
  assert.equal(any['access-control-allow-headers'], 'x-a');
  const origin = { headers: { origin: 'https://a.example' } };
  assert.equal(
    (await ask(['https://a.example'], origin))['access-control-allow-origin'],
    'https://a.example',
  );
  assert.equal((await ask(['https://b.example'], origin))['access-control-allow-origin'], undefined);
  assert.equal((await ask(['https://b.example'], preflight))['access-control-allow-origin'], undefined);
  assert.equal((await ask([], preflight))['access-control-allow-origin'], undefined);
});
