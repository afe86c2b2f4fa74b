// Lists of GraphQL APIs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '@weir/schema/json';
import { HttpClient } from '../src/http/http-client.ts';
import { fixedCredentials } from '../src/http/credentials.ts';
import { RateLimiter } from '../src/http/rate-limit.ts';
import { openStream } from '../src/api/open-stream.ts';
import { changes, snapshot } from '../src/streams/define-stream.ts';
import type { StreamDefinition } from '../src/streams/definition.ts';
import { type ConnectionsWithin, selection } from '../src/streams/connections-within.ts';
import { connection } from '../src/streams/graphql.ts';
import { updatedAt } from '../src/streams/timestamp.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { Instant } from '../src/time/instant.ts';

const QUERY = 'query ($after: String, $first: Int, $from: String) { shop { orders { nodes { id } } } }';
const orders = connection({
  query: QUERY,
  at: 'data.shop.orders',
  size: ['first', 2],
  variables: { status: 'any' },
  throttled: /"code":\s*"THROTTLED"/,
});
const page = (ids: readonly number[], next?: string): string =>
  `{"data":{"shop":{"orders":{"nodes":[${ids.map((id) => `{"id":${id},"at":"2024-05-05T04:00:00Z"}`).join()}],"pageInfo":{"hasNextPage":${next !== undefined},"endCursor":${JSON.stringify(next ?? null)}}}}}}`;

/** What a stream gives and asks for; `answers`: the bodies, in their order. */
async function read(definition: StreamDefinition, answers: readonly string[], limiter?: RateLimiter) {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const asked: unknown[] = [];
  const client = new HttpClient({
    base: 'https://api.example.com',
    credentials: fixedCredentials({}),
    limiter: limiter ?? new RateLimiter([], clock),
    transport: async ({ body, url }) => {
      const sent = parseJson(Buffer.from(body ?? 'null'));
      asked.push({ path: `${url.pathname}${url.search}`, ...(sent as { variables: object }).variables });
      const answer = answers[asked.length - 1] ?? page([]);
      return {
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from(answer);
        })(),
      };
    },
    clock,
    random: { next: () => 0.5 },
    log: silentLog,
  });
  const { signal } = new AbortController();
  const context = { client, clock, start: new Instant(0n) };
  assert.ok(definition.kind !== 'webhook');
  const stream = await openStream('orders', definition, context, signal);
  const call = { signal, log: silentLog, nowMs: clock.now() };
  const events = async (): Promise<unknown[]> => {
    if (stream.kind === 'snapshot' && 'only' in stream.parts) {
      return Array.fromAsync(stream.parts.only.fetchSnapshot(call));
    }
    assert.ok(stream.kind === 'changes' && 'only' in stream.parts);
    const cursor = Instant.ofMs(clock.now() - 3_600_000);
    return Array.fromAsync(stream.parts.only.fetchChanges({ ...call, cursor }));
  };
  return { asked, events: await clock.run(events()) };
}

test('a connection is paged by its cursors, and a filter is a part of the variables', async () => {
  const whole = snapshot({ ...orders, order: 'as listed', interval: '5m' });
  const { asked } = await read(whole, [page([1, 2], 'c2'), page([3])]);
  assert.deepEqual(asked, [
    { path: '/graphql', status: 'any', first: 2 },
    { path: '/graphql', status: 'any', first: 2, after: 'c2' },
  ]);
  const changed = changes({
    ...orders,
    key: ['/id'],
    interval: '5m',
    cursor: updatedAt('/at', { tick: '1s', lag: '60s' }),
    between: ({ from, to }) => ({ from, filter: `updated_at:<='${to}'` }),
  });
  const { asked: filtered } = await read(changed, [page([1], 'c1'), page([2])]);
  const filter = { from: '2024-05-05T04:00:00Z', filter: "updated_at:<='2024-05-05T04:58:59Z'" };
  assert.deepEqual(filtered, [
    { path: '/graphql', status: 'any', first: 2, ...filter },
    { path: '/graphql', status: 'any', first: 2, ...filter, after: 'c1' },
  ]);
});

test('a query that costs too much for now is asked again; errors beside data, or without any, are no page', async () => {
  const whole = snapshot({ ...orders, order: 'as listed', interval: '5m' });
  const throttled = '{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}';
  const { asked, events } = await read(whole, [throttled, page([1])]);
  assert.deepEqual([asked.length, events.length], [2, 1]);
  const partial = page([1]).replace(/\}$/, ',"errors":[{"message":"no access to email"}]}');
  await assert.rejects(read(whole, [partial]), {
    code: 'CDK_HTTP_REFUSED',
    message: /beside its data: no access to email/,
  });
  await assert.rejects(read(whole, ['{"errors":[{"message":"no such field"}],"data":null}']), {
    code: 'CDK_HTTP_REFUSED',
    message: /no such field/,
  });
  await assert.rejects(read(whole, ['{"data":{"shop":{"orders":{"nodes":[]}}}}']), {
    code: 'CDK_RECORDS_MISSING',
    message: /no pageInfo/,
  });
});

const within: ConnectionsWithin = {
  type: 'Order',
  fields: 'id at',
  id: 'id',
  above: 'above',
  size: 2,
  lists: [
    {
      at: 'lines',
      type: 'Line',
      fields: 'id',
      args: { text: 'query: $from', variables: { from: 'String!' } },
      lists: [{ at: 'tax.rates', type: 'Rate', fields: 'rate' }],
    },
  ],
};

test('a selection has the pages of connections, or for operations that read all of them none', () => {
  assert.equal(
    selection(within, 2),
    'id at lines(first: 2, query: $from) { nodes { id tax { rates(first: 2) { nodes { rate } pageInfo { hasNextPage endCursor } } } } pageInfo { hasNextPage endCursor } }',
  );
  assert.equal(
    selection(within, 'all'),
    'id at lines(query: $from) { edges { node { id tax { rates { edges { node { rate } } } } } } }',
  );
});

const info = (next?: string): string =>
  `"pageInfo":{"hasNextPage":${next !== undefined},"endCursor":${JSON.stringify(next ?? null)}}`;
const rates = (next: string | undefined, ...of: number[]): string =>
  `"tax":{"rates":{"nodes":[${of.map((rate) => `{"rate":${rate}}`).join()}],${info(next)}}}`;

test('connections within rows become lists, and the rest of each is asked for by the id of its row', async () => {
  const whole = snapshot({
    ...connection({ query: QUERY, at: 'data.orders', size: ['first', 2], variables: { from: 'f' }, within }),
    order: 'as listed',
    interval: '5m',
  });
  const line = (id: string, ...of: Parameters<typeof rates>): string => `{"id":"${id}",${rates(...of)}}`;
  const { asked, events } = await read(whole, [
    `{"data":{"orders":{"nodes":[{"id":"o","lines":{"nodes":[${line('l1', 'r1', 1)}],${info('c1')}}},{"id":"p","lines":null}],${info()}}}}`,
    `{"data":{"node":{"lines":{"nodes":[${line('l2', undefined, 3)}],${info()}}}}}`,
    `{"data":{"node":{${rates(undefined, 2)}}}}`,
  ]);
  assert.deepEqual(asked.slice(1), [
    { path: '/graphql', id: 'o', after: 'c1', from: 'f' },
    { path: '/graphql', id: 'l1', after: 'r1' },
  ]);
  const texts = (events as { bytes: Uint8Array }[]).map(({ bytes }) => Buffer.from(bytes).toString());
  assert.deepEqual(texts, [
    '{"id":"o","lines":[{"id":"l1","tax":{"rates":[{"rate":1,"above":"l1"},{"rate":2,"above":"l1"}]},"above":"o"},{"id":"l2","tax":{"rates":[{"rate":3,"above":"l2"}]},"above":"o"}]}{"id":"p","lines":null}',
  ]);
});

test('a rest that leads back, or that is answered with errors, is no rest; a row that is gone has none', async () => {
  const whole = snapshot({
    ...connection({ query: QUERY, at: 'data.orders', size: ['first', 2], within }),
    order: 'as listed',
    interval: '5m',
  });
  const first = `{"data":{"orders":{"nodes":[{"id":"o","lines":{"nodes":[],${info('c1')}}}],${info()}}}}`;
  await assert.rejects(read(whole, [first, `{"data":{"node":{"lines":{"nodes":[],${info('c1')}}}}}`]), {
    code: 'CDK_PAGING_LOOP',
    message: /lines of "o" lead back/,
  });
  const partial = `{"data":{"node":{"lines":{"nodes":[],${info()}}}},"errors":[{"message":"no"}]}`;
  await assert.rejects(read(whole, [first, partial]), { code: 'CDK_HTTP_REFUSED', message: /with errors/ });
  const { events } = await read(whole, [first, '{"data":{"node":null}}']);
  assert.equal(events.length, 1);
});

test('a page that says that there is more and not where, and a row whose list is not in the answer, end nothing silently', async () => {
  const whole = snapshot({
    ...connection({ query: QUERY, at: 'data.orders', size: ['first', 2], within }),
    order: 'as listed',
    interval: '5m',
  });
  const rowsOf = (lines: string, more = info()): string =>
    `{"data":{"orders":{"nodes":[{"id":"o","lines":{"nodes":[{"id":"l",${rates('r1', 1)}}],${lines}}}],${more}}}}`;
  const nowhere = '"pageInfo":{"hasNextPage":true,"endCursor":null}';
  const missing = { code: 'CDK_RECORDS_MISSING' };
  await assert.rejects(read(whole, [rowsOf(nowhere)]), { ...missing, message: /pageInfo of lines/ });
  const all = '{"data":{"node":{"tax":{"rates":{"nodes":[],"pageInfo":{"hasNextPage":false}}}}}}';
  await assert.rejects(read(whole, [rowsOf(info(), nowhere), all]), {
    ...missing,
    message: /pageInfo of data\.orders/,
  });
  for (const node of ['{}', '{"tax":{}}', '{"tax":{"rates":null}}', undefined]) {
    const rest = node === undefined ? '{"data":{}}' : `{"data":{"node":${node}}}`;
    await assert.rejects(read(whole, [rowsOf(info()), rest]), {
      ...missing,
      message: /tax\.rates of "l" was answered without such a list/,
    });
  }
  // What has the list may go away meanwhile, as the row itself.
  assert.equal((await read(whole, [rowsOf(info()), '{"data":{"node":{"tax":null}}}'])).events.length, 1);
});

test('an answer that its caller may not read is told as that, whatever its status', async () => {
  const whole = snapshot({
    ...connection({ query: QUERY, at: 'data.orders', size: ['first', 2], forbidden: /"ACCESS_DENIED"/ }),
    order: 'as listed',
    interval: '5m',
  });
  const denied = '{"errors":[{"message":"needs read_orders","extensions":{"code":"ACCESS_DENIED"}}]}';
  await assert.rejects(read(whole, [denied]), { code: 'CDK_HTTP_FORBIDDEN', message: /needs read_orders/ });
});

test('what an answer tells of a budget is told to the limits, with what the page costs', async () => {
  const told: unknown[] = [];
  const limiter = {
    acquire: async (_url: string, _signal: AbortSignal, cost?: number) => {
      told.push(cost);
      return () => undefined;
    },
    block: () => undefined,
    observe: () => undefined,
    budgetLeft: (_url: string, left: unknown) => told.push(left),
  } as unknown as RateLimiter;
  const whole = snapshot({
    ...connection({
      query: QUERY,
      at: 'data.shop.orders',
      size: ['first', 2],
      cost: 12,
      budget: () => ({ points: 70, perSecond: 50 }),
    }),
    order: 'as listed',
    interval: '5m',
  });
  await read(whole, [page([1])], limiter);
  assert.deepEqual(told, [12, { points: 70, perSecond: 50 }]);
});
