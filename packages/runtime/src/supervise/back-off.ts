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

/**
 * Of a run that is to end: a task that fails so often in a row, or for so long, and in between neither commits anything nor
 * catches up, is given up.
 */
export const patience = { failures: 7, sinceFirstMs: 5 * 60_000 } as const;

/** The failures of one task. */
export class BackOff {
  readonly #random: Random;
  readonly #isPatient: boolean;
  #failures = 0;
  #startedMs = 0;
  #fruitless = 0;
  #firstFruitlessMs = 0;

  /** `isPatient`: it is tried again for as long as it takes. */
  constructor(random: Random, isPatient = true) {
    this.#random = random;
    this.#isPatient = isPatient;
  }

  started(nowMs: number): void {
    this.#startedMs = nowMs;
  }

  /** It has committed documents: its next failure is a first one. */
  progressed(): void {
    this.#failures = 0;
    this.#fruitless = 0;
  }

  /** It had nothing left to commit: whatever it failed with before is over. */
  caughtUp(): void {
    this.#fruitless = 0;
  }

  /** In a row, with nothing committed in between. */
  get fruitless(): number {
    return this.#fruitless;
  }

  /** How long to wait; undefined: it is not to be tried again. */
  failed(policy: RetryPolicy, nowMs: number): number | undefined {
    if (this.#fruitless === 0) this.#firstFruitlessMs = nowMs;
    this.#fruitless += 1;
    const delayMs = this.#delayMs(policy, nowMs);
    return this.#isPatient || !this.#isGivenUp(nowMs) ? delayMs : undefined;
  }

  /** How long to wait before what is no failure, but should not happen again and again. */
  pauseMs(nowMs: number): number {
    return this.#delayMs('now', nowMs) ?? 0;
  }

  #delayMs(policy: RetryPolicy, nowMs: number): number | undefined {
    if (nowMs - this.#startedMs > recoveredAfterMs) this.#failures = 0;
    this.#failures += 1;
    return retryDelayMs(policy, this.#failures, this.#random);
  }

  #isGivenUp(nowMs: number): boolean {
    return (
      this.#fruitless >= patience.failures ||
      (this.#fruitless > 1 && nowMs - this.#firstFruitlessMs >= patience.sinceFirstMs)
    );
  }
}
