// One transaction of a materialization: the documents that were read for it, combined by key. A session has two of them:
// one is stored while the other is filled.

import type { Combiner } from '../combine/combiner.ts';
import { WaitingLoads } from './waiting-loads.ts';

export interface DocumentCount {
  documents: number;
  bytes: number;
}

export class MaterializeTransaction {
  readonly combiner: Combiner;
  /** Loads that are to be sent once the transaction before is committed. */
  readonly waitingLoads = new WaitingLoads();
  /** Takes nothing more: the source said so, or what comes next cannot be read. */
  isClosed = false;
  /** The connector has heard of it. */
  isBegun = false;
  /** By binding. */
  readonly #counts: DocumentCount[];

  constructor(combiner: Combiner, bindings: number) {
    this.combiner = combiner;
    this.#counts = Array.from({ length: bindings }, () => ({ documents: 0, bytes: 0 }));
  }

  get isEmpty(): boolean {
    return this.combiner.documents === 0;
  }

  count(binding: number): DocumentCount {
    const count = this.#counts[binding];
    if (count === undefined) throw new RangeError(`no binding ${binding}`);
    return count;
  }

  clear(): void {
    this.combiner.clear();
    this.waitingLoads.clear();
    this.isClosed = false;
    this.isBegun = false;
    for (const count of this.#counts) {
      count.documents = 0;
      count.bytes = 0;
    }
  }
}
