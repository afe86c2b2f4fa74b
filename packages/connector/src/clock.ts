// The time, as an argument: what waits can be tested without waiting.

import { setTimeout as sleep } from 'node:timers/promises';

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Resolves at that time; rejects with the signal's reason. */
  until(timeMs: number, signal: AbortSignal): Promise<void>;
}

/** Timers take at most 2^31 − 1 milliseconds, and the clock of a machine may be set while they run. */
const LONGEST_SLEEP_MS = 60_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  async until(timeMs, signal) {
    signal.throwIfAborted();
    for (let left = timeMs - Date.now(); left > 0; left = timeMs - Date.now()) {
      await sleep(Math.min(left, LONGEST_SLEEP_MS), undefined, { signal }).catch(() => {
        signal.throwIfAborted();
      });
    }
  },
};
