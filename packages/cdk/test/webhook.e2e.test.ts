// Webhooks over real sockets: what a sender is told, and when.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { serveCapture } from '@weir/capture';
import { systemClock } from '@weir/connector';
import { type CaptureOpenRequest, type CaptureResponse, FULL_RANGE } from '@weir/protocol';
import { secret } from '@weir/schema';
import { ConnectorHost, until } from '@weir/testing';
import {
  apiCapture,
  bearer,
  defineApi,
  defineWebhooks,
  get,
  github,
  snapshot,
  WebhookApp,
  type WebhookBinding,
  webhook,
  webhookCapture,
  type WebhookDocument,
  type WebhookLimits,
  WebhookServer,
} from '../src/index.ts';
import { silentLog } from '../src/testing/silent-log.ts';

type Publish = (
  documents: readonly WebhookDocument<WebhookBinding>[],
  abandoned: AbortSignal,
) => Promise<void>;

function serving(publish: Publish, limits: Partial<WebhookLimits> = {}): Promise<WebhookServer> {
  const binding: WebhookBinding = { name: 'in', match: { path: '/in' }, id: 'random' };
  const listener = new WebhookApp({
    bindings: [binding],
    clock: systemClock,
    log: silentLog,
    queryMember: 'query',
    publish,
  });
  return WebhookServer.listen({
    port: 0,
    host: '127.0.0.1',
    clock: systemClock,
    log: silentLog,
    listener,
    limits,
  });
}

const post = (port: number, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/in`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

test('compressed bodies are taken; those that are broken, unknown or too large are not, and the next one is', async () => {
  const sizes: number[] = [];
  await using server = await serving(
    async (documents) => {
      for (const { bytes } of documents) sizes.push(bytes.length);
    },
    { bodyBytes: 10_000 },
  );
  const body = JSON.stringify({ text: 'x'.repeat(5000) });
  const status = async (sent: string | Buffer, encoding?: string): Promise<number> => {
    const answer = await post(
      server.port,
      sent,
      encoding === undefined ? {} : { 'content-encoding': encoding },
    );
    await answer.text();
    return answer.status;
  };
  assert.equal(await status(body), 200);
  assert.equal(await status(gzipSync(body), 'gzip'), 200);
  assert.equal(await status(deflateSync(body), 'deflate'), 200);
  assert.equal(await status(brotliCompressSync(body), 'br'), 200);
  assert.equal(await status(zstdCompressSync(body), 'zstd'), 200);
  assert.equal(await status(zstdCompressSync(gzipSync(body)), 'gzip, zstd'), 200);
  assert.equal(sizes.length, 6);
  assert.equal(await status(gzipSync(body).subarray(0, 20), 'gzip'), 400);
  assert.equal(await status('not compressed', 'gzip'), 400);
  assert.equal(await status(body, 'lzma'), 415);
  assert.equal(await status(JSON.stringify({ text: 'x'.repeat(20_000) })), 413);
  // A few bytes that become many.
  assert.equal(await status(gzipSync(Buffer.alloc(1 << 20, ' ')), 'gzip'), 413);
  assert.equal(await status(body), 200);
  assert.equal(sizes.length, 7);
});

test('who sends while too much waits for its commit is told to come again; who waited is told of success', async () => {
  const commit = Promise.withResolvers<void>();
  let waiting = 0;
  await using server = await serving(
    () => {
      waiting += 1;
      return commit.promise;
    },
    { requests: 2 },
  );
  const first = [post(server.port, '{"a":1}'), post(server.port, '{"a":2}')];
  await until('two commits', () => waiting === 2);
  const refused = await post(server.port, '{"a":3}');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
  assert.deepEqual(await refused.json(), { error: 'too much waits to be committed' });
  commit.resolve();
  for (const answer of await Promise.all(first)) {
    assert.deepEqual([answer.status, await answer.json()], [200, { published: 1 }]);
  }
  assert.equal((await post(server.port, '{"a":3}')).status, 200);
});

test('bodies that are held at once have a limit of their own', async () => {
  const commit = Promise.withResolvers<void>();
  let waiting = 0;
  await using server = await serving(
    () => {
      waiting += 1;
      return commit.promise;
    },
    { heldBytes: 25_000 },
  );
  const large = JSON.stringify({ text: 'x'.repeat(10_000) });
  const first = post(server.port, large);
  await until('a commit', () => waiting === 1);
  assert.equal((await post(server.port, large)).status, 503);
  commit.resolve();
  assert.equal((await first).status, 200);
  assert.equal((await post(server.port, large)).status, 200);
});

test('a body of many tiny values is refused before they are made, and so are documents that become too large', async () => {
  const limits = { heldBytes: 8 << 20 };
  const many = async (port: number, body: string, type = 'application/json'): Promise<number> => {
    const answer = await post(port, body, { 'content-type': type });
    await answer.text();
    return answer.status;
  };
  let parsed = 0;
  await using counting = await WebhookServer.listen({
    port: 0,
    host: '127.0.0.1',
    clock: systemClock,
    log: silentLog,
    limits,
    listener: {
      answerHead: () => undefined,
      answer: async () => {
        parsed += 1;
        return { status: 200 };
      },
    },
  });
  const tiny = '{},'.repeat(400_000).slice(0, -1);
  assert.equal(await many(counting.port, `[${tiny}]`), 413);
  assert.equal(await many(counting.port, `{"a":[${tiny.replaceAll('{}', '[]')}]}`), 413);
  assert.equal(await many(counting.port, tiny.replaceAll(',', '\n'), 'application/x-ndjson'), 413);
  assert.equal(await many(counting.port, 'a&'.repeat(400_000), 'application/x-www-form-urlencoded'), 413);
  assert.equal(parsed, 0);
  // Text is no values.
  assert.equal(await many(counting.port, JSON.stringify({ text: '[{,\\"'.repeat(100_000) })), 200);

  const sent: number[] = [];
  await using server = await serving(async (documents) => {
    sent.push(documents.length);
  }, limits);
  // The values are few enough, and what is put in front of each document is not.
  assert.equal(await many(server.port, `[${'{},'.repeat(40_000)}{}]`), 413);
  assert.equal(await many(server.port, `[${'{},'.repeat(4000)}{}]`), 200);
  assert.deepEqual(sent, [4001]);
});

test('a commit that does not come is told as 503 after a while', async () => {
  const never = Promise.withResolvers<void>();
  await using server = await serving(() => never.promise, { commitMs: 20, graceMs: 0 });
  const answer = await post(server.port, '{"a":1}');
  assert.deepEqual([answer.status, await answer.json()], [503, { error: 'it was not committed in time' }]);
});

test('what is not committed in time is still held, and abandoned, until it is committed or dropped', async () => {
  const large = JSON.stringify({ text: 'x'.repeat(10_000) });
  for (const [limits, body] of [
    [{ heldBytes: 25_000 }, large],
    [{ requests: 1 }, '{"a":1}'],
  ] as const) {
    const commit = Promise.withResolvers<void>();
    const abandoned: AbortSignal[] = [];
    await using server = await serving(
      (_documents, signal) => {
        abandoned.push(signal);
        return commit.promise;
      },
      { ...limits, commitMs: 20, graceMs: 0 },
    );
    const refused = async (): Promise<unknown> => {
      const answer = await post(server.port, body);
      return [answer.status, ((await answer.json()) as { error: string }).error];
    };
    assert.deepEqual(await refused(), [503, 'it was not committed in time']);
    assert.equal(abandoned[0]?.aborted, true);
    assert.deepEqual(await refused(), [503, 'too much waits to be committed']);
    assert.equal(abandoned.length, 1);
    commit.resolve();
    const again = await post(server.port, body);
    assert.deepEqual([again.status, abandoned.length], [200, 2]);
  }
});

test('a server that stops answers what it has taken: success if it is committed, 503 if not', async () => {
  const commits: PromiseWithResolvers<void>[] = [];
  const server = await serving(
    () => {
      const commit = Promise.withResolvers<void>();
      commits.push(commit);
      return commit.promise;
    },
    { graceMs: 300 },
  );
  const { port } = server;
  const one = post(port, '{"a":1}');
  await until('a commit', () => commits.length === 1);
  const two = post(port, '{"a":2}');
  await until('two commits', () => commits.length === 2);
  // Somebody who has connected and says nothing holds nothing up.
  const silent = connect(port, '127.0.0.1');
  await once(silent, 'connect');
  const silentEnd = once(silent, 'close');
  const stopped = server.stop();
  await assert.rejects(post(port, '{"a":3}'));
  commits[0]?.resolve();
  const answers = [await one, await two];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 503],
  );
  await stopped;
  await silentEnd;
});

test('a port that is taken is an error that says so', async () => {
  await using server = await serving(async () => undefined);
  const { port } = server;
  const listener = { answerHead: () => undefined, answer: async () => ({ status: 200 }) };
  const again = WebhookServer.listen({
    port,
    host: '127.0.0.1',
    clock: systemClock,
    log: silentLog,
    listener,
  });
  await assert.rejects(again, { code: 'CDK_WEBHOOK_PORT' });
});

function open(streams: readonly string[], config: object): CaptureOpenRequest {
  return {
    kind: 'open',
    version: '0000000000000001',
    range: FULL_RANGE,
    state: '{}',
    capture: {
      name: 'acme/hooks',
      connectorType: 'LOCAL',
      config: JSON.stringify(config),
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: streams.map((name) => ({
        resourceConfig: JSON.stringify({ name }),
        resourcePath: [name],
        collection: {
          name: `acme/${name}`,
          key: ['/_meta/webhookId'],
          uuidPtr: '',
          partitionFields: [],
          projections: [],
          writeSchema: '{"type":"object"}',
        },
        backfill: 0,
        stateKey: name,
      })),
    },
  };
}

const hooks = defineWebhooks({
  name: 'source-hooks',
  title: 'Hooks',
  config: { key: secret({ title: 'Key', description: 'The key of signatures.', order: 0 }) },
  verify: ({ key }) => github(key),
  streams: {
    opened: webhook({ match: { body: ['/event', 'opened'] }, id: { header: 'x-delivery' } }),
    closed: webhook({ match: { body: ['/event', 'closed'] }, id: { header: 'x-delivery' } }),
  },
});

/** The next response of that kind; those before it are passed over. */
async function next<K extends CaptureResponse['kind']>(
  host: ConnectorHost<'capture'>,
  kind: K,
): Promise<Extract<CaptureResponse, { kind: K }>> {
  for (;;) {
    const response = await host.receive();
    if (response === undefined) throw new Error(`no ${kind}`);
    if (response.kind === kind) return response as Extract<CaptureResponse, { kind: K }>;
  }
}

async function portOf(host: ConnectorHost<'capture'>): Promise<number> {
  const port = (): number | undefined => {
    const line = host.logLines.find((each) => each.includes('webhooks are taken on port'));
    return line === undefined ? undefined : Number(/port (\d+)/.exec(line)?.[1]);
  };
  await until('the port', () => port() !== undefined);
  return port() ?? 0;
}

const signed = async (port: number, body: string): Promise<Response> => {
  const signature = createHmac('sha256', 'k').update(body).digest('hex');
  return post(port, body, { 'x-hub-signature-256': `sha256=${signature}`, 'x-delivery': 'd1' });
};

test('a sender hears of success only when the runtime has committed its documents, of two bindings as one', async () => {
  const host = new ConnectorHost('capture');
  const exit = serveCapture(webhookCapture(hooks), host);
  host.send(open(['opened', 'closed'], { key: 'k', webhook_port: 0 }));
  assert.equal((await next(host, 'opened')).explicitAcknowledgements, true);
  // What the bindings begin with.
  await next(host, 'checkpoint');
  await next(host, 'checkpoint');
  host.send({ kind: 'acknowledge', checkpoints: 2 });
  const port = await portOf(host);
  assert.equal((await post(port, '{"event":"opened"}')).status, 401);

  let answered = false;
  const answer = signed(port, '[{"event":"closed","n":1},{"event":"opened","n":2.50}]').finally(() => {
    answered = true;
  });
  const first = await next(host, 'captured');
  const second = await next(host, 'captured');
  assert.deepEqual([first.binding, second.binding], [1, 0]);
  assert.match(
    second.doc.toString(),
    /^\{"_meta":\{"op":"u","row_id":-1,"webhookId":"d1\/1",.*\},"event":"opened","n":2\.50\}$/,
  );
  await next(host, 'checkpoint');
  // Others are answered meanwhile, so this one would have been.
  assert.equal((await post(port, '{}')).status, 401);
  assert.equal(answered, false);
  host.send({ kind: 'acknowledge', checkpoints: 1 });
  assert.deepEqual([(await answer).status, await (await answer).json()], [200, { published: 2 }]);

  const lost = signed(port, '{"event":"opened"}');
  await next(host, 'checkpoint');
  host.stop();
  assert.equal((await lost).status, 503);
  assert.equal(await exit, 0);
});

test('a preview prints what is sent, and its sender is told to send it again', async () => {
  const host = new ConnectorHost('capture', { env: { WEIR_PREVIEW: 'p' } });
  const exit = serveCapture(webhookCapture(hooks), host);
  host.send(open(['opened'], { key: 'k', webhook_port: 0 }));
  await next(host, 'checkpoint');
  host.send({ kind: 'acknowledge', checkpoints: 1 });
  const answer = signed(await portOf(host), '{"event":"opened"}');
  await next(host, 'captured');
  await next(host, 'checkpoint');
  host.send({ kind: 'acknowledge', checkpoints: 1 });
  assert.equal((await answer).status, 503);
  assert.ok(host.logLines.some((line) => line.includes('this is a preview')));
  host.stop();
  assert.equal(await exit, 0);
});

test('webhooks stand beside the streams of an API in one connector', async () => {
  const transport = async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from('[{"id":1}]');
    })(),
  });
  const api = defineApi({
    name: 'source-both',
    title: 'Both',
    config: {},
    auth: [bearer()],
    base: 'https://api.example.com',
    probe: get('/me'),
    streams: {
      rows: snapshot({ path: '/rows', order: 'as listed', interval: '5m' }),
      events: webhook({ match: { path: '*' } }),
    },
  });
  const capture = apiCapture(api, { transport });
  assert.equal(capture.explicitAcknowledgements, true);
  const host = new ConnectorHost('capture');
  const exit = serveCapture(capture, host);
  const config = { credentials: { access_token: 't' }, webhook_port: 0 };
  const opening = open(['rows', 'events'], config);
  const [rows, events] = opening.capture.bindings;
  assert.ok(rows !== undefined && events !== undefined);
  const keyed = { ...rows, collection: { ...rows.collection, key: ['/_meta/row_id'] } };
  host.send({ ...opening, capture: { ...opening.capture, bindings: [keyed, events] } });
  const row = await next(host, 'captured');
  assert.deepEqual([row.binding, row.doc.toString()], [0, '{"_meta":{"op":"c","row_id":0},"id":1}']);
  await next(host, 'checkpoint');
  host.send({ kind: 'acknowledge', checkpoints: 3 });
  const answer = post(await portOf(host), '{"id":2}');
  const event = await next(host, 'captured');
  assert.deepEqual([event.binding, event.doc.toString().endsWith('},"id":2}')], [1, true]);
  await next(host, 'checkpoint');
  host.send({ kind: 'acknowledge', checkpoints: 1 });
  assert.equal((await answer).status, 200);
  host.stop();
  assert.equal(await exit, 0);
});

test('bindings that would take the same webhooks are refused by Validate', async () => {
  const twice = defineWebhooks({
    name: 'source-twice',
    title: 'Twice',
    config: {},
    streams: { a: webhook({ match: { path: '*' } }), b: webhook({ match: { path: '*' } }) },
  });
  const capture = webhookCapture(twice);
  const bindings = ['a', 'b'].map((name, index) => ({ index, resource: { name }, backfill: 0 }));
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  await assert.rejects(capture.validate({}, bindings as never, context, undefined), {
    code: 'CDK_WEBHOOK_CONFLICT',
  });
});
