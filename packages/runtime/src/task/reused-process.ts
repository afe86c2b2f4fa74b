// A connector's process takes any number of unary requests and then one Open. Starting one costs the better part of a
// second, so the process that answered Apply is the one that is opened.

import type { Connect } from './connection.ts';

export class ReusedProcess<C extends { stop(): Promise<unknown> }> implements AsyncDisposable {
  readonly #start: Connect<C>;
  #kept: C | undefined;

  constructor(start: Connect<C>) {
    this.#start = start;
  }

  /** The process that was kept, or a new one. */
  readonly connect: Connect<C> = async () => {
    const kept = this.#kept;
    this.#kept = undefined;
    return kept ?? (await this.#start());
  };

  /** For the next `connect`. */
  readonly keep = (connection: C): void => {
    this.#kept = connection;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kept?.stop();
  }
}
