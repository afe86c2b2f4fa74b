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
async function read(definition: StreamDefinition, answers: readonly string[]) {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const asked: unknown[] = [];
  const client = new HttpClient({
    base: 'https://api.example.com',
    credentials: fixedCredentials({}),
    limiter: new RateLimiter([], clock),
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
  const stream = await openStream('orders', definition, context, undefined, signal);
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
