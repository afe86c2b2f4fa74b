// How long a failed task waits before it is tried again: twice as long each time, with some randomness, so that tasks
// that failed together do not return together.

import type { RetryPolicy } from '@weir/protocol';
import type { Random } from '../host/clock.ts';

const firstMs = 1000;
const longestMs = 60_000;

/** `failures`: in a row, at least 1. Undefined: it is not to be tried again. */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: Random): number | undefined {
  switch (policy) {
    case 'never':
      return undefined;
    case 'now':
      return failures === 1 ? 0 : retryDelayMs('backoff', failures - 1, random);
    case 'backoff': {
      const longest = Math.min(firstMs * 2 ** Math.min(failures - 1, 16), longestMs);
      return Math.round(longest * (0.5 + random.fraction() / 2));
    }
  }
}
