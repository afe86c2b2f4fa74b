// Reads documents into a transaction, batch by batch, and finds out which of their keys have to be loaded.
//
// A document that only a newer specification can read closes the transaction in front of it, and is given back.

import { ByteRange } from '../combine/byte-range.ts';
import type { DocumentSource, SourceBatch } from './document-source.ts';
import type { LoadDecision } from './load-decision.ts';
import { type MaterializedBinding, UnreadableDocument } from './materialized-binding.ts';
import type { MaterializeTransaction } from './materialize-transaction.ts';

export interface TransactionReaderOptions {
  readonly source: DocumentSource;
  readonly bindings: readonly MaterializedBinding[];
  /** By binding. */
  readonly loads: readonly LoadDecision[];
  /** A transaction of so many source bytes takes no more. */
  readonly limitBytes: number;
  /** Of a binding with a document that it cannot read: whether a specification that is built now may be able to. */
  readonly isOutdated?: ((binding: number) => boolean) | undefined;
  /** A key of the transaction that is being read has to be loaded. */
  readonly load: (binding: number, key: ByteRange) => void;
}

const newline = 0x0a;

export class TransactionReader {
  readonly #options: TransactionReaderOptions;
  readonly #document = new ByteRange();
  #isOutdated = false;

  constructor(options: TransactionReaderOptions) {
    this.#options = options;
  }

  /** The next document can be read by a newer specification only. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /**
   * Reads a batch. False: there is none now, or the transaction takes no more. Throws UnreadableDocument, and what the
   * source has to tell.
   */
  read(transaction: MaterializeTransaction): boolean {
    const { source, limitBytes } = this.#options;
    if (transaction.isClosed || this.#isOutdated) return false;
    if (transaction.combiner.sourceBytes >= limitBytes) return false;
    const next = source.next();
    if (next === undefined) return false;
    if (next === 'commit') transaction.isClosed = true;
    else this.#add(next, transaction);
    return true;
  }

  #add({ binding, bytes }: SourceBatch, transaction: MaterializeTransaction): void {
    const { bindings, loads: decisions, load, source, isOutdated } = this.#options;
    const rules = bindings[binding];
    const loads = decisions[binding];
    if (rules === undefined || loads === undefined) throw new RangeError(`no binding ${binding}`);
    const { combiner } = transaction;
    const count = transaction.count(binding);
    const document = this.#document;
    for (let start = 0; start < bytes.length;) {
      const lineEnd = bytes.indexOf(newline, start);
      const end = lineEnd === -1 ? bytes.length : lineEnd;
      let isTaken: boolean;
      try {
        isTaken = rules.take(document.set(bytes, start, end));
      } catch (error) {
        if (!(error instanceof UnreadableDocument) || isOutdated?.(binding) !== true) throw error;
        source.giveBack(bytes.length - start);
        this.#isOutdated = true;
        transaction.isClosed = true;
        return;
      }
      start = end + 1;
      if (!isTaken) continue;
      const { key } = rules;
      combiner.add(binding, key, document, rules.note);
      count.documents += 1;
      count.bytes += document.length + 1;
      if (!rules.spec.deltaUpdates && loads.mustLoad(key)) load(binding, key);
    }
  }
}
