// Gives the transactions of one session of a fixture to a materialization, in place of journals.

import type { Checkpoint, MaterializationSpec } from '@weir/protocol';
import type { DocumentSource, SourceBatch } from '@weir/runtime';
import type { FixtureTransaction } from './fixture.ts';

/** The journal that previews pretend to read. */
const journal = 'test/transactions';

/** Where the transactions of a session come from: a file that was read, or a pipe that goes on. */
export interface FixtureFeed {
  /** The next transaction, whole; undefined when there is none now. Throws FIXTURE_INVALID. */
  take(): FixtureTransaction | undefined;
  onMore(listener: () => void): () => void;
}

export function feedOf(transactions: readonly FixtureTransaction[]): FixtureFeed {
  const left = transactions.values();
  return { take: () => left.next().value, onMore: () => () => {} };
}

function* stepsOf(
  spec: MaterializationSpec,
  transaction: FixtureTransaction,
): Generator<SourceBatch | 'commit'> {
  for (const { collection, line } of transaction) {
    for (const [binding, { collection: read }] of spec.bindings.entries()) {
      if (read.name === collection) yield { binding, bytes: line };
    }
  }
  yield 'commit';
}

export class FixtureSource implements DocumentSource {
  readonly #spec: MaterializationSpec;
  readonly #feed: FixtureFeed;
  #steps: Iterator<SourceBatch | 'commit', undefined> = [].values();
  /** Transactions of earlier sessions, and of this one so far. */
  #given: number;

  constructor(spec: MaterializationSpec, feed: FixtureFeed, before: number) {
    this.#spec = spec;
    this.#feed = feed;
    this.#given = before;
  }

  next(): SourceBatch | 'commit' | undefined {
    const step = this.#steps.next().value;
    if (step !== undefined) {
      if (step === 'commit') this.#given += 1;
      return step;
    }
    const transaction = this.#feed.take();
    if (transaction === undefined) return undefined;
    this.#steps = stepsOf(this.#spec, transaction);
    return this.next();
  }

  /** Transactions that were given to their end. */
  get given(): number {
    return this.#given;
  }

  /** A checkpoint counts transactions, and an unfinished one is not counted. */
  giveBack(): void {}

  checkpoint(): Checkpoint {
    const sources = this.#spec.bindings.map(
      ({ journalReadSuffix }): [string, Checkpoint['sources'][string]] => [
        `${journal};${journalReadSuffix}`,
        { readThrough: BigInt(this.#given), producers: [] },
      ],
    );
    return { sources: Object.fromEntries(sources), ackIntents: {} };
  }

  onMore(listener: () => void): () => void {
    return this.#feed.onMore(listener);
  }

  lagBytes(): number {
    return 0;
  }

  [Symbol.dispose](): void {}
}
