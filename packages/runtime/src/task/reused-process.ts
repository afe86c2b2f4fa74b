// A connector's process takes any number of unary requests and then one Open. Starting one costs the better part of a
// second, so the process that answered Validate and Apply is the one that is opened, and while it is open the next one
// may stand by.

import type { Connect } from './connection.ts';

export class ReusedProcess<
  C extends { stop(graceMs?: number): Promise<unknown> },
> implements AsyncDisposable {
  readonly #start: Connect<C>;
  #kept: Promise<C> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(start: Connect<C>) {
    this.#start = start;
  }

  /** The process that was kept or stands by, or a new one. */
  readonly connect: Connect<C> = async () => await (this.#take() ?? this.#start());

  /** For the next `connect`. */
  readonly keep = (connection: C): void => {
    this.#kept = Promise.resolve(connection);
  };

  /** Starts a process for the next `connect`; when none comes within `forMs`, it is stopped again. */
  standBy(forMs: number): void {
    const kept = this.#kept ?? this.#start();
    this.#kept = kept;
    // The next `connect` tries again, and tells.
    kept.catch(() => {
      if (this.#kept === kept) void this.#take();
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.drop(), forMs);
    this.#timer.unref();
  }

  /** Stops what was kept. */
  async drop(): Promise<void> {
    const started = this.#take()?.catch(() => undefined);
    await (await started)?.stop(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }

  #take(): Promise<C> | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    clearTimeout(this.#timer);
    return kept;
  }
}
