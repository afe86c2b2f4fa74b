// How a session ends. `gentle` asks: a task ends at its next checkpoint, and one that sleeps at once. `hard` does not
// ask: requests are cut off and what was read since the last checkpoint is dropped, to be read again.

import type { Clock, Logger } from '@weir/connector';

/** So long after it was asked, a task is cut off. */
const GRACE_MS = 30 * 60_000;

export class Stopping {
  readonly gentle: AbortSignal;
  readonly hard: AbortSignal;
  readonly #gentle = new AbortController();
  readonly #hard = new AbortController();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ending: AbortSignal | undefined;
  #failure: { readonly reason: unknown } | undefined;

  /** `session`: aborted when the session has to end at once. `ending`: when it is asked to end. */
  constructor(session: AbortSignal, clock: Clock, log: Logger, ending?: AbortSignal) {
    this.#clock = clock;
    this.#log = log;
    this.#ending = ending;
    this.gentle = AbortSignal.any([session, this.#gentle.signal, ...(ending === undefined ? [] : [ending])]);
    this.hard = AbortSignal.any([session, this.#hard.signal]);
  }

  get isAsked(): boolean {
    return this.gentle.aborted;
  }

  /** What a task failed with first. */
  get failure(): { readonly reason: unknown } | undefined {
    return this.#failure;
  }

  /** Whether a task ended with this because it was asked to. */
  wasAskedWith(failure: unknown): boolean {
    return (
      (this.gentle.aborted && failure === this.gentle.reason) ||
      (this.hard.aborted && failure === this.hard.reason) ||
      (this.#ending?.aborted === true && failure === this.#ending.reason)
    );
  }

  ask(reason: string): void {
    if (this.#gentle.signal.aborted) return;
    this.#log.debug(`ending the session: ${reason}`);
    this.#gentle.abort(new DOMException(reason, 'AbortError'));
  }

  /** A task failed: the others end at their next checkpoint, so that what they have read is kept. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.ask('a stream failed');
  }

  /** Cuts everything off once the grace is over; ends with `done`. */
  async enforce(done: AbortSignal): Promise<void> {
    try {
      await whenAborted(AbortSignal.any([this.gentle, done]));
      if (done.aborted) return;
      await this.#clock.until(this.#clock.now() + GRACE_MS, done);
      this.#log.warn('streams that did not come to a checkpoint are cut off', { graceMs: GRACE_MS });
      this.#hard.abort(new DOMException('the time to stop is over', 'AbortError'));
    } catch {
      // `done`: nothing is left to be cut off.
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
