// What streams work with, on a transport that answers by a function.

import { HttpClient } from '../src/http/http-client.ts';
import { fixedCredentials } from '../src/http/credentials.ts';
import { RateLimiter } from '../src/http/rate-limit.ts';
import type { StreamContext } from '../src/streams/stream-options.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import type { VirtualClock } from '../src/testing/virtual-clock.ts';
import type { Instant } from '../src/time/instant.ts';

/** `answer` gives a body for the path and query of each request. */
export function answering(
  clock: VirtualClock,
  start: Instant,
  answer: (target: string) => string,
): StreamContext {
  const client = new HttpClient({
    base: 'https://api.example.com',
    credentials: fixedCredentials({}),
    limiter: new RateLimiter([], clock),
    transport: async ({ url }) => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(answer(decodeURIComponent(`${url.pathname}${url.search}`)));
      })(),
    }),
    clock,
    random: { next: () => 0.5 },
    log: silentLog,
  });
  return { client, clock, start };
}
