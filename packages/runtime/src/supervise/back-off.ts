// How long a failed task waits before it is tried again: twice as long each time, with some randomness, so that tasks
// that failed together do not return together. A task that made progress begins anew.

import type { RetryPolicy } from '@weir/protocol';
import type { Random } from '../host/clock.ts';

const firstMs = 1000;
const longestMs = 60_000;
/** A task that ran for so long has recovered, though it may have had nothing to do. */
const recoveredAfterMs = 60_000;

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

/** The failures of one task. */
export class BackOff {
  readonly #random: Random;
  #failures = 0;
  #startedMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  started(nowMs: number): void {
    this.#startedMs = nowMs;
  }

  /** It has committed documents: its next failure is a first one. */
  progressed(): void {
    this.#failures = 0;
  }

  /** How long to wait; undefined: it is not to be tried again. */
  failed(policy: RetryPolicy, nowMs: number): number | undefined {
    if (nowMs - this.#startedMs > recoveredAfterMs) this.#failures = 0;
    this.#failures += 1;
    return retryDelayMs(policy, this.#failures, this.#random);
  }
}
