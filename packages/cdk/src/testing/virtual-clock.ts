// Time that passes only when everything waits for it: whatever can go on does, and then the clock jumps to the next
// moment that somebody sleeps until. Hours of polling run in milliseconds, in the same order each time.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@weir/connector';

interface Sleeper {
  readonly wakesAt: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  constructor(nowMs: number) {
    this.#now = nowMs;
  }

  now(): number {
    return this.#now;
  }

  async until(timeMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (timeMs <= this.#now) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper = { wakesAt: timeMs, wake };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Lets time pass until `work` has ended. Throws when it waits for something that is not time. */
  async run<T>(work: Promise<T>): Promise<T> {
    const ended = { yes: false };
    const settle = (): void => {
      ended.yes = true;
    };
    work.then(settle, settle);
    let idleTurns = 0;
    for (;;) {
      await nextTurn();
      if (ended.yes) return await work;
      const next = this.#takeNext();
      if (next === undefined) {
        // Files and sockets take turns of their own.
        if (++idleTurns > 100_000) throw new Error('what runs on virtual time waits for something else');
        continue;
      }
      idleTurns = 0;
      this.#now = Math.max(this.#now, next.wakesAt);
      next.wake();
    }
  }

  #takeNext(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers)
      if (first === undefined || sleeper.wakesAt < first.wakesAt) first = sleeper;
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== first);
    return first;
  }
}
