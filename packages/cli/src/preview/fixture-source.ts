// Gives the transactions of one session of a fixture to a materialization, in place of journals.

import type { Checkpoint, MaterializationSpec } from '@weir/protocol';
import type { DocumentSource, SourceBatch } from '@weir/runtime';
import type { FixtureTransaction } from './fixture.ts';

/** The journal that previews pretend to read. */
const journal = 'test/transactions';

function* stepsOf(
  spec: MaterializationSpec,
  transactions: readonly FixtureTransaction[],
): Generator<SourceBatch | 'commit'> {
  for (const transaction of transactions) {
    for (const { collection, line } of transaction) {
      for (const [binding, { collection: read }] of spec.bindings.entries()) {
        if (read.name === collection) yield { binding, bytes: line };
      }
    }
    yield 'commit';
  }
}

export class FixtureSource implements DocumentSource {
  readonly #spec: MaterializationSpec;
  readonly #steps: Iterator<SourceBatch | 'commit'>;
  /** Transactions of earlier sessions, and of this one so far. */
  #given: number;

  constructor(spec: MaterializationSpec, transactions: readonly FixtureTransaction[], before: number) {
    this.#spec = spec;
    this.#steps = stepsOf(spec, transactions);
    this.#given = before;
  }

  next(): SourceBatch | 'commit' | undefined {
    const { value } = this.#steps.next() as { value: SourceBatch | 'commit' | undefined };
    if (value === 'commit') this.#given += 1;
    return value;
  }

  checkpoint(): Checkpoint {
    const sources = this.#spec.bindings.map(
      ({ journalReadSuffix }): [string, Checkpoint['sources'][string]] => [
        `${journal};${journalReadSuffix}`,
        { readThrough: BigInt(this.#given), producers: [] },
      ],
    );
    return { sources: Object.fromEntries(sources), ackIntents: {} };
  }

  onMore(): () => void {
    return () => {};
  }

  lagBytes(): number {
    return 0;
  }

  [Symbol.dispose](): void {}
}
