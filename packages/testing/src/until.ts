// Waiting for what a test cannot be told of. It asks again and again, and fails when the time is up: no test waits for ever.

import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition; fails after `timeoutMs` with what `explain` says then. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  { timeoutMs = 180_000, everyMs = 50, explain = (): string => '' } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await check()) return;
    if (performance.now() > deadline) {
      throw new Error(`${what} did not happen within ${timeoutMs / 1000} s\n${explain()}`);
    }
    await delay(everyMs);
  }
}
