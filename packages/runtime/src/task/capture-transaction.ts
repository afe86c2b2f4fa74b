// What a capture has sent since the last commit: whole checkpoints only, so that it can be committed at any time.

import type { ConnectorState } from '@weir/protocol';
import { Combiner, type CombinerOptions } from '../combine/combiner.ts';
import type { PendingDocuments } from './pending-documents.ts';

export class CaptureTransaction implements Disposable {
  readonly combiner: Combiner;
  #checkpoints = 0;
  #states: ConnectorState[] = [];

  constructor(options: CombinerOptions) {
    this.combiner = new Combiner(options);
  }

  [Symbol.dispose](): void {
    this.combiner[Symbol.dispose]();
  }

  get checkpoints(): number {
    return this.#checkpoints;
  }

  /** States of its checkpoints, in order. */
  get states(): readonly ConnectorState[] {
    return this.#states;
  }

  get bytes(): number {
    return this.combiner.sourceBytes;
  }

  /** They have been checked. */
  add(documents: PendingDocuments): void {
    documents.addTo(this.combiner);
  }

  addCheckpoint(state: ConnectorState): void {
    this.#checkpoints += 1;
    this.#states.push(state);
  }

  clear(): void {
    this.combiner.clear();
    this.#checkpoints = 0;
    this.#states = [];
  }
}
