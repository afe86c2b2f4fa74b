// Whole sessions with a refresh token that may be used once, against a provider that revokes everything when one comes a
// second time, on virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureSession } from '@weir/capture';
import { decodeConfig } from '@weir/schema/config';
import { apiCapture } from '../src/api/api-capture.ts';
import type { ApiConfig, ApiResource } from '../src/api/api-config.ts';
import { defineApi, get } from '../src/api/define-api.ts';
import { authorizationCode } from '../src/auth/authorization-code.ts';
import type { TransportRequest, TransportResponse } from '../src/http/transport.ts';
import { cursor } from '../src/paging/paging.ts';
import { snapshot } from '../src/streams/define-stream.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { binding } from './api-harness.ts';

const BEGIN = Date.parse('2024-05-05T05:00:00Z');
const MINUTE = 60_000;

const api = defineApi({
  name: 'source-two',
  title: 'Two Streams',
  config: {},
  auth: [
    authorizationCode({
      provider: 'two',
      authUrl: 'https://api.example.com/authorize',
      tokenUrl: 'https://api.example.com/token',
      tokens: 'rotating',
    }),
  ],
  base: 'https://api.example.com',
  probe: get('/me'),
  streams: {
    quick: snapshot({ path: '/quick', records: 'data', order: 'as listed', interval: '5m' }),
    slow: snapshot({
      path: '/slow',
      records: 'data',
      paging: cursor({ at: '/next', param: 'page' }),
      order: 'as listed',
      interval: '5m',
    }),
  },
});

interface Answer {
  readonly status?: number;
  readonly body: string;
}

interface SessionOptions {
  readonly endsAt: string;
  /** When the process is asked to end. */
  readonly stopsAtMs?: number;
  readonly exchangeMs?: number;
  /** What the API answers to a good token. */
  readonly answer: (path: string, clock: VirtualClock) => Promise<Answer>;
}

const never = new AbortController().signal;
const emptyList = async (): Promise<Answer> => ({ body: '{"data":[]}' });

/** One session: how it ended, and what the provider and the runtime saw of it. */
async function session({ endsAt, stopsAtMs, exchangeMs = 50, answer }: SessionOptions) {
  const clock = new VirtualClock(BEGIN);
  const updates: object[] = [];
  const exchanged: string[] = [];
  const transport = async ({ url, body }: TransportRequest): Promise<TransportResponse> => {
    const respond = ({ status = 200, body: text }: Answer): TransportResponse => ({
      status,
      headers: {},
      body: (async function* () {
        yield Buffer.from(text);
      })(),
    });
    if (url.pathname !== '/token') return respond(await answer(url.pathname + url.search, clock));
    const given = new URLSearchParams(body).get('refresh_token') ?? '';
    await clock.until(clock.now() + exchangeMs, never);
    if (exchanged.push(given) > 1) return respond({ status: 400, body: '{"error":"invalid_grant"}' });
    return respond({ body: '{"access_token":"a1","refresh_token":"r1","expires_in":3600}' });
  };
  const capture = apiCapture(api, { clock, transport, env: { WEIR_CONFIG_UPDATES: 'kept' } });
  const config = JSON.stringify({
    credentials: {
      client_id: 'c',
      client_secret: 's',
      refresh_token: 'r0',
      access_token: 'a0',
      access_token_expires_at: endsAt,
    },
  });
  const log = { ...silentLog, configUpdate: (update: object) => updates.push(update), with: () => log };
  const stop = new AbortController();
  const pulling = capture.pull({
    config: decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' }),
    bindings: [binding('quick', ['/_meta/row_id']), { ...binding('slow', ['/_meta/row_id']), index: 1 }],
    state: {},
    output: new CrashingOutput(new Committed(), Infinity, () => undefined),
    log,
    signal: stop.signal,
    spec: { config },
  } as unknown as CaptureSession<ApiConfig, ApiResource, object>);
  const over = new AbortController();
  const timer = clock
    .until(BEGIN + (stopsAtMs ?? 24 * 60 * MINUTE), over.signal)
    .then(() => stop.abort(new DOMException('stopping: SIGTERM', 'AbortError')))
    .catch(() => undefined);
  const end = await clock.run(
    pulling.then(
      () => 'ended',
      (failure: unknown) => failure,
    ),
  );
  const endedAtMs = clock.now() - BEGIN;
  over.abort();
  await timer;
  return { end, endedAtMs, exchanged, updates };
}

test('[G10] a stream that comes to its next page after the pair was exchanged ends with the session, and spends no token', async () => {
  const { end, exchanged, updates } = await session({
    endsAt: '2024-05-05T05:20:00Z',
    answer: async (path, clock) => {
      if (!path.startsWith('/slow')) return await emptyList();
      await clock.until(clock.now() + 17 * MINUTE, never);
      return { body: `{"data":[],"next":${path.includes('page') ? null : 2}}` };
    },
  });
  assert.deepEqual([end, exchanged, updates.length], ['ended', ['r0'], 1]);
});

test('[G10] a stream whose token is refused after the pair was exchanged ends with the session, and spends no token', async () => {
  const { end, exchanged, updates } = await session({
    endsAt: '2024-05-05T05:20:00Z',
    answer: async (path, clock) => {
      if (!path.startsWith('/slow')) return await emptyList();
      await clock.until(clock.now() + 17 * MINUTE, never);
      return { status: 401, body: '{"error":"expired"}' };
    },
  });
  assert.deepEqual([end, exchanged, updates.length], ['ended', ['r0'], 1]);
});

test('[G10] a session that is stopped while a pair is exchanged waits until it is announced', async () => {
  const expired = '2020-01-01T00:00:00Z';
  const { end, exchanged, updates, endedAtMs } = await session({
    endsAt: expired,
    stopsAtMs: 1000,
    exchangeMs: 3000,
    answer: emptyList,
  });
  assert.deepEqual([end, exchanged, updates.length, endedAtMs], ['ended', ['r0'], 1, 3000]);
  assert.match(JSON.stringify(updates), /"refresh_token":"r1"/);
});

test('a session that is stopped does not wait for an exchange until it is killed', async () => {
  const { end, endedAtMs } = await session({
    endsAt: '2020-01-01T00:00:00Z',
    stopsAtMs: 1000,
    exchangeMs: 20_000,
    answer: emptyList,
  });
  assert.deepEqual([end, endedAtMs], ['ended', 5000]);
});

test('an endpoint that refuses a fresh token, which another has accepted, fails its task and spends no token', async () => {
  const { end, exchanged } = await session({
    endsAt: '2024-05-05T07:00:00Z',
    answer: async (path, clock) => {
      if (!path.startsWith('/slow')) return await emptyList();
      await clock.until(clock.now() + 1000, never);
      return { status: 401, body: '{"error":"not for you"}' };
    },
  });
  assert.equal((end as { code?: string }).code, 'CDK_HTTP_UNAUTHORIZED');
  assert.match(String(end), /slow.*not for you/);
  assert.deepEqual(exchanged, []);
});
