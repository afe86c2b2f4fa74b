import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '@weir/connector';
import { SeededRandom } from '@weir/testing';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { type Credentials, fixedCredentials } from './credentials.ts';
import { HttpClient, type HttpClientOptions } from './http-client.ts';
import { atOnce, costBudget, movingWindow, RateLimiter, tokenBucket } from './rate-limit.ts';
import { Quota } from './quota.ts';
import type { ApiRequest } from './request.ts';
import type { TransportRequest, TransportResponse } from './transport.ts';
import { type QuotaLeft, quotaLeft, retryAfterMs } from './waits.ts';

const BEGIN = Date.parse('2024-05-05T05:00:00Z');
const never = new AbortController().signal;
const log = { warn: () => undefined } as unknown as Logger;

type Answer = { status: number; headers?: Record<string, string>; body?: string; cutAt?: number } | Error;

function client(answers: readonly Answer[], options: Partial<HttpClientOptions> = {}) {
  const clock = new VirtualClock(BEGIN);
  const sent: (TransportRequest & { atMs: number })[] = [];
  const transport = async (request: TransportRequest): Promise<TransportResponse> => {
    sent.push({ ...request, atMs: clock.now() - BEGIN });
    const answer = answers[Math.min(sent.length, answers.length) - 1];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer');
    const { status, headers = {}, body = '', cutAt } = answer;
    return {
      status,
      headers,
      body: (async function* () {
        yield Buffer.from(body.slice(0, cutAt));
        if (cutAt !== undefined) throw new Error('other side closed');
      })(),
    };
  };
  const http = new HttpClient({
    base: 'https://api.example.com/v1/',
    credentials: fixedCredentials({ authorization: 'Bearer t0' }),
    limiter: new RateLimiter([], clock),
    transport,
    clock,
    random: { next: () => 1 },
    log,
    ...options,
  });
  const ask = (request: Partial<ApiRequest> = {}) =>
    clock.run(http.json({ url: '/things', ...request }, never));
  return { ask, sent, clock };
}

const ok: Answer = { status: 200, body: '{"ok":1}' };

test('a request has the base, its query with repeated parameters, the credentials and its body', async () => {
  const { ask, sent } = client([ok]);
  const query = { id: [1, 2], q: 'a b&c', none: undefined };
  assert.deepEqual(await ask({ method: 'POST', query, body: { json: { a: 2n ** 60n } } }), { ok: 1 });
  const [request] = sent;
  assert.equal(request?.url.href, 'https://api.example.com/v1/things?id=1&id=2&q=a+b%26c');
  assert.equal(request?.body, '{"a":1152921504606846976}');
  assert.deepEqual(request?.headers, {
    accept: 'application/json',
    'user-agent': 'weir',
    'content-type': 'application/json',
    authorization: 'Bearer t0',
  });
});

test('failures of the server and of the network are tried again with growing waits, and not for ever', async () => {
  const answers = [{ status: 503 }, new Error('socket hang up'), { status: 500 }, ok];
  const { ask, sent } = client(answers);
  await ask();
  assert.deepEqual(
    sent.map(({ atMs }) => atMs),
    [0, 1000, 3000, 7000],
  );

  const failing = client([{ status: 502, body: 'upstream is down' }]);
  await assert.rejects(failing.ask(), {
    code: 'CDK_HTTP_UNAVAILABLE',
    message: /GET .*\/things .* 502: upstream is down/,
  });
  const last = failing.sent.at(-1)?.atMs ?? 0;
  assert.ok(last > 10 * 60_000 && last <= 15 * 60_000, `${last}`);
});

test('a network that never gave an answer is given up after a minute, one that did after as long as a server', async () => {
  const gone = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  const never = client([gone]);
  await assert.rejects(never.ask(), { code: 'CDK_HTTP_UNREACHABLE', message: /ENOTFOUND/ });
  const last = never.sent.at(-1)?.atMs ?? 0;
  assert.ok(last > 20_000 && last <= 60_000, `${last}`);

  const later = client([ok, gone]);
  await later.ask();
  await assert.rejects(later.ask(), { code: 'CDK_HTTP_UNREACHABLE' });
  assert.ok((later.sent.at(-1)?.atMs ?? 0) > 10 * 60_000);
});

test('a body that breaks off is asked for again', async () => {
  const { ask, sent } = client([{ status: 200, body: '{"ok":1}', cutAt: 4 }, ok]);
  assert.deepEqual(await ask(), { ok: 1 });
  assert.equal(sent.length, 2);
});

test('a POST is repeated only if it is marked as safe, if it was never sent, or if it was refused for its rate', async () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const post = { method: 'POST' } as const;
  for (const [answer, request, repeats] of [
    [{ status: 500 }, post, false],
    [new Error('socket hang up'), post, false],
    [{ status: 500 }, { ...post, isSafe: true }, true],
    [refused, post, true],
    [{ status: 429 }, post, true],
  ] as const) {
    const { ask, sent } = client([answer, ok]);
    await ask(request).catch((error: unknown) => assert.ok(!repeats, String(error)));
    assert.equal(sent.length, repeats ? 2 : 1);
  }
});

test('429 waits as long as it is told, for as often as it is told', async () => {
  const { ask, sent } = client([
    ...Array.from({ length: 30 }, () => ({ status: 429, headers: { 'retry-after': '120' } })),
    ok,
  ]);
  await ask();
  assert.equal(sent.at(-1)?.atMs, 30 * 120_000);
});

test('told to come back at once, it does so once; somebody who waits for an answer does not wait for a rate', async () => {
  const { ask, sent } = client([
    ...Array.from({ length: 3 }, () => ({ status: 429, headers: { 'retry-after': '0' } })),
    ok,
  ]);
  await ask();
  assert.deepEqual(
    sent.map(({ atMs }) => atMs),
    [0, 0, 2000, 6000],
  );
  const busy = client([{ status: 429, headers: { 'retry-after': '60' }, body: 'slow down' }], {
    patienceMs: 10_000,
  });
  await assert.rejects(busy.ask(), {
    code: 'CDK_HTTP_THROTTLED',
    message: /slow down/,
  });
});

test('a wait is read in every form in which APIs say it', () => {
  const now = BEGIN;
  for (const [headers, expected] of [
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after': 'Sun, 05 May 2024 05:00:09 GMT' }, 9000],
    [{ 'retry-after': String(now / 1000 + 4) }, 4000],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': '-3' }, 0],
    [{ 'x-ratelimit-reset': String(now / 1000 + 30) }, 30_000],
    [{ 'x-ratelimit-reset': String(now + 500) }, 500],
    [{ 'ratelimit-reset': '12' }, 12_000],
    [{ ratelimit: '"default";r=0;t=11' }, 11_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ] as const) {
    assert.equal(retryAfterMs(headers, now), expected, JSON.stringify(headers));
  }
});

test('what is left of a quota is read in every form', () => {
  for (const [headers, expected] of [
    [
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' },
      { requests: 0, resetMs: 5000 },
    ],
    [
      { 'x-rate-limit-limit': '700', 'x-rate-limit-remaining': '34', 'ratelimit-reset': '20' },
      { requests: 34, of: 700, resetMs: 20_000 },
    ],
    [
      { ratelimit: '"a";r=7;t=3', 'ratelimit-policy': '"a";q=100;w=60' },
      { requests: 7, of: 100, resetMs: 3000 },
    ],
    [{ ratelimit: 'limit=100, remaining=50, reset=30' }, { requests: 50, of: 100, resetMs: 30_000 }],
    [
      {
        'x-hubspot-ratelimit-max': '190',
        'x-hubspot-ratelimit-remaining': '3',
        'x-hubspot-ratelimit-interval-milliseconds': '10000',
      },
      { requests: 3, of: 190, resetMs: 10_000 },
    ],
    [
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String((BEGIN + 7000) * 1000) },
      { requests: 3, resetMs: 7000 },
    ],
    [{ 'x-ratelimit-remaining': '5' }, undefined],
    [{ 'x-ratelimit-remaining': 'few', 'x-ratelimit-reset': '5' }, undefined],
    [{ 'x-ratelimit-reset': '5' }, undefined],
  ] as const) {
    assert.deepEqual(quotaLeft(headers, BEGIN), expected, JSON.stringify(headers));
  }
});

test('a token with a line break is not sent, and is told of at once', async () => {
  for (const token of ['t0\n', 't\r\n0', 't\0', 'tö€']) {
    const { ask, sent } = client([ok], { credentials: fixedCredentials({ 'x-token': token }) });
    await assert.rejects(ask(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'CDK_CREDENTIALS_INVALID');
      assert.match(error.message, /x-token/);
      assert.ok(!error.message.includes(token));
      return true;
    });
    assert.equal(sent.length, 0);
  }
});

test('tasks that ask at the same time slow down before a quota is spent, and are never refused', async () => {
  const clock = new VirtualClock(BEGIN);
  const quota = { of: 20, spanMs: 60_000 };
  const random = new SeededRandom(7);
  let [begins, used, refused, answered] = [BEGIN, 0, 0, 0];
  const http = new HttpClient({
    base: 'https://api.example.com',
    credentials: fixedCredentials({}),
    limiter: new RateLimiter([], clock),
    clock,
    random: { next: () => 0 },
    log,
    transport: async () => {
      // Some time passes before the API counts the request, and some more before its answer is there.
      await clock.until(clock.now() + random.between(0, 300), never);
      if (clock.now() >= begins + quota.spanMs) [begins, used] = [clock.now(), 0];
      const headers = (): Record<string, string> => ({
        'x-ratelimit-limit': String(quota.of),
        'x-ratelimit-remaining': String(Math.max(quota.of - used, 0)),
        'x-ratelimit-reset': String(begins + quota.spanMs),
      });
      const isRefused = used === quota.of;
      if (isRefused) refused += 1;
      else used += 1;
      const told = headers();
      await clock.until(clock.now() + random.between(0, 300), never);
      return {
        status: isRefused ? 429 : 200,
        headers: told,
        body: (async function* () {
          yield Buffer.from('{}');
        })(),
      };
    },
  });
  const tasks = Array.from({ length: 6 }, async () => {
    for (let request = 0; request < 15; request += 1) {
      await http.json({ url: '/things' }, never);
      answered += 1;
    }
  });
  await clock.run(Promise.all(tasks));
  assert.deepEqual([answered, refused], [90, 0]);
  // Ninety requests of twenty a minute: none of the minutes is left unused.
  assert.ok(clock.now() - BEGIN < 6 * 60_000, `${clock.now() - BEGIN} ms`);
});

test('the last tenth of a quota is spread over the time until it begins anew', () => {
  const quota = new Quota();
  quota.enter(0);
  quota.told({ requests: 12, of: 100, resetMs: 60_000 }, 0);
  quota.leave();
  const times: number[] = [];
  for (let now = 0; now < 60_000; now = quota.freeAtMs(now)) {
    times.push(Math.round(now / 1000));
    quota.enter(now);
    quota.leave();
  }
  assert.deepEqual(times, [0, 0, 0, 6, 12, 18, 24, 30, 36, 42, 48, 54]);
  assert.equal(quota.freeAtMs(60_000), 60_000);
});

test('a time that an API tells is one of its own clock, however wrong that or ours is', () => {
  for (const hours of [-30, -1, 0, 1]) {
    const theirs = BEGIN + hours * 3_600_000;
    const date = new Date(theirs).toUTCString();
    for (const reset of [theirs + 8000, (theirs + 8000) / 1000, (theirs + 8000) * 1000]) {
      const headers = { date, 'x-ratelimit-remaining': '4', 'x-ratelimit-reset': String(reset) };
      assert.deepEqual(quotaLeft(headers, BEGIN), { requests: 4, resetMs: 8000 });
    }
    const until = new Date(theirs + 5000).toUTCString();
    assert.equal(retryAfterMs({ date, 'retry-after': until }, BEGIN), 5000);
    assert.equal(retryAfterMs({ date, 'retry-after': '5' }, BEGIN), 5000);
  }
});

test('a pause before a quota is used up is short, and ends where an answer tells of another quota', () => {
  const quota = new Quota();
  const ask = (nowMs: number, left: QuotaLeft): void => {
    quota.enter(nowMs);
    quota.told(left, nowMs);
    quota.leave();
  };
  const day = { requests: 50, of: 1000, resetMs: 20 * 3_600_000 };
  ask(0, day);
  assert.equal(quota.freeAtMs(0), 60_000);
  ask(60_000, { requests: 95, of: 100, resetMs: 10_000 });
  assert.equal(quota.freeAtMs(60_000), 60_000);
  // What is left is spread at once, and not from the next request on.
  ask(60_000, { requests: 4, of: 100, resetMs: 10_000 });
  assert.equal(quota.freeAtMs(60_000), 62_000);
});

test('a long wait for a quota is told of once, though many wait; a short one is not', async () => {
  const clock = new VirtualClock(BEGIN);
  const told: unknown[] = [];
  const limiter = new RateLimiter([atOnce(9, { appliesTo: /b/ })], clock, {
    ...log,
    warn: (_message, fields) => told.push(fields),
  });
  const pass = async (url: string): Promise<void> => (await limiter.acquire(url, never))();
  const spent = (seconds: number): void =>
    limiter.observe({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(seconds) });
  spent(50);
  await clock.run(pass('a'));
  assert.deepEqual(told, []);
  spent(600);
  await clock.run(Promise.all([pass('a'), pass('a'), pass('b')]));
  assert.deepEqual(told, [{ waitMs: 600_000, until: '2024-05-05T05:10:50.000Z' }]);
  // What is left after all, as when requests that were under way are answered, ends the wait within a minute.
  const running = await limiter.acquire('b', never);
  const also = await limiter.acquire('b', never);
  const left = { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '600' };
  limiter.observe(left);
  const beganMs = clock.now();
  const waiting = pass('a');
  const answered = clock.until(beganMs + 1000, never).then(() => {
    running();
    limiter.observe(left);
    also();
  });
  await clock.run(Promise.all([waiting, answered]));
  assert.equal(clock.now() - beganMs, 60_000);
  assert.equal(told.length, 2);
  // Whoever blocks has said why.
  limiter.block(600_000);
  await clock.run(pass('a'));
  assert.equal(told.length, 2);
});

test('an answer that says that the quota is used up holds back the next request', async () => {
  const spent = { ...ok, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '45' } };
  const { ask, sent } = client([spent, ok]);
  await ask();
  await ask();
  assert.deepEqual(
    sent.map(({ atMs }) => atMs),
    [0, 45_000],
  );
});

test('401 refreshes the credentials once, and a second one is final', async () => {
  let token = 't0';
  const credentials: Credentials = {
    current: async () => ({ headers: { authorization: token }, query: {} }),
    refresh: async (refused) => {
      assert.equal(refused.headers['authorization'], token);
      token = 't1';
      return true;
    },
  };
  const { ask, sent } = client([{ status: 401 }, ok], { credentials });
  await ask();
  assert.deepEqual(
    sent.map(({ headers }) => headers['authorization']),
    ['t0', 't1'],
  );
  token = 't0';
  const refused = client([{ status: 401, body: 'revoked' }], { credentials });
  await assert.rejects(refused.ask(), { code: 'CDK_HTTP_UNAUTHORIZED', message: /revoked/ });
  assert.equal(refused.sent.length, 2);
});

test('what an answer means can be said per request, also inside of a 200', async () => {
  const answers = [
    { status: 404, text: /no .* found/, means: 'empty' },
    { status: [200, 403], text: /THROTTLED/, means: 'throttled' },
    { status: 200, text: /"ok":false/, means: 'fail' },
  ] as const;
  assert.equal(await client([{ status: 404, body: 'no calls found' }]).ask({ answers }), null);
  await assert.rejects(client([{ status: 404, body: 'gone' }]).ask({ answers }), {
    code: 'CDK_HTTP_REFUSED',
  });
  const throttled = client([{ status: 200, body: '{"errors":["THROTTLED"]}' }, ok]);
  assert.deepEqual(await throttled.ask({ answers }), { ok: 1 });
  assert.equal(throttled.sent.length, 2);
  await assert.rejects(client([{ status: 200, body: '{"ok":false}' }]).ask({ answers }), {
    code: 'CDK_HTTP_REFUSED',
  });
  await assert.rejects(client([{ status: 403, body: 'scope' }]).ask({ answers }), {
    code: 'CDK_HTTP_FORBIDDEN',
  });
});

test('credentials do not leave the API: not with a redirect, and not with a link that it gave', async () => {
  const { ask, sent } = client([
    { status: 302, headers: { location: 'https://files.example.net/x?sig=1' } },
    ok,
  ]);
  await ask();
  await ask({ url: 'https://evil.example.org/next' });
  await ask({ url: 'https://api.example.com/v1/next?page=2' });
  assert.deepEqual(
    sent.map(({ url, headers }) => [url.host, headers['authorization']]),
    [
      ['api.example.com', 'Bearer t0'],
      ['files.example.net', undefined],
      ['evil.example.org', undefined],
      ['api.example.com', 'Bearer t0'],
    ],
  );
});

test('limits hold for everybody who asks, each for its own requests', async () => {
  const clock = new VirtualClock(0);
  const limits = [movingWindow(3, '10s'), tokenBucket(2, '10s', { appliesTo: /slow/ })];
  const limiter = new RateLimiter(limits, clock);
  const passed: string[] = [];
  const ask = async (url: string): Promise<void> => {
    (await limiter.acquire(url, never))();
    passed.push(`${url} ${clock.now()}`);
  };
  await clock.run(
    Promise.all([...Array.from({ length: 5 }, () => ask('a')), ask('slow'), ask('slow'), ask('slow')]),
  );
  const times = passed.map((each) => Number(each.split(' ')[1])).sort((left, right) => left - right);
  for (const [index, time] of times.entries())
    assert.ok(time - (times[index - 3] ?? -Infinity) >= 10_000, passed.join());
  assert.equal(times.length, 8);
});

test('no more requests run at once than a limit allows, also when some fail', async () => {
  const clock = new VirtualClock(0);
  const limiter = new RateLimiter([atOnce(2)], clock);
  let running = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    const release = await limiter.acquire('a', never);
    most = Math.max(most, (running += 1));
    await clock.until(clock.now() + 100, never);
    running -= 1;
    release();
    release();
  };
  await clock.run(Promise.all(Array.from({ length: 7 }, work)));
  assert.deepEqual([most, clock.now()], [2, 400]);
});

test('a wait for a limit ends when the session does', async () => {
  const clock = new VirtualClock(0);
  const limiter = new RateLimiter([atOnce(1)], clock);
  const ending = new AbortController();
  await limiter.acquire('a', ending.signal);
  const waiting = limiter.acquire('a', ending.signal);
  ending.abort(new Error('the end'));
  await assert.rejects(waiting, /the end/);
});

test('requests spend points of a budget, which come back over time and as the API tells', async () => {
  const clock = new VirtualClock(BEGIN);
  const limiter = new RateLimiter([costBudget(100, '10s', { appliesTo: /graphql/ })], clock);
  const passed: number[] = [];
  const pass = async (cost: number, url = 'https://api/graphql'): Promise<void> => {
    const release = await limiter.acquire(url, never, cost);
    passed.push(clock.now() - BEGIN);
    release();
  };
  await clock.run(pass(60));
  await clock.run(pass(500, 'https://api/rest'));
  await clock.run(pass(60));
  // 40 were left, and 10 come back each second.
  assert.deepEqual(passed, [0, 0, 2000]);
  // Somebody else spends too, and the account is a slower one.
  limiter.budgetLeft('https://api/graphql', { points: 10, perSecond: 5 });
  await clock.run(pass(60));
  assert.equal(passed.at(-1), 12_000);
  limiter.budgetLeft('https://api/graphql', { points: 100 });
  await clock.run(pass(60));
  assert.equal(passed.at(-1), 12_000);
  // More than there ever is: when everything is there.
  limiter.budgetLeft('https://api/graphql', { points: 100 });
  await clock.run(pass(900));
  assert.equal(passed.at(-1), 12_000);
});
