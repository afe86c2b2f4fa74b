// A fixture that arrives while it is used (`--fixture -`). A transaction is given when its commit, or the end, has
// arrived; the reader of the pipe waits while many are left to take.

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { FixtureFeed } from './fixture-source.ts';
import { FixtureParser, type FixtureTransaction } from './fixture.ts';

const waitingLimit = 64;

export class FixtureStream implements FixtureFeed, Disposable {
  readonly #input: Readable;
  readonly #waiting: FixtureTransaction[] = [];
  readonly #listeners = new Set<() => void>();
  #taken = Promise.withResolvers<void>();
  #failure: unknown;
  #hasFailed = false;
  #hasEnded = false;
  #count = 0;

  constructor(input: Readable, collections: ReadonlySet<string>, name: string) {
    this.#input = input;
    void this.#read(input, new FixtureParser(collections, name));
  }

  /** How many transactions there were; undefined while more may come. */
  get total(): number | undefined {
    return this.#hasEnded ? this.#count : undefined;
  }

  take(): FixtureTransaction | undefined {
    const next = this.#waiting.shift();
    if (next === undefined && this.#hasFailed) throw this.#failure;
    this.#taken.resolve();
    return next;
  }

  onMore(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Whoever writes it is not waited for. */
  [Symbol.dispose](): void {
    this.#input.destroy();
  }

  async #read(input: Readable, parser: FixtureParser): Promise<void> {
    try {
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        const transaction = parser.line(line);
        if (transaction !== undefined) await this.#give(transaction);
      }
      const last = parser.end();
      if (last !== undefined) await this.#give(last);
      this.#hasEnded = true;
    } catch (error) {
      [this.#failure, this.#hasFailed] = [error, true];
    }
    this.#tell();
  }

  async #give(transaction: FixtureTransaction): Promise<void> {
    this.#waiting.push(transaction);
    this.#count += 1;
    this.#tell();
    while (this.#waiting.length >= waitingLimit) {
      this.#taken = Promise.withResolvers();
      await this.#taken.promise;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
