// Which checkpoints the runtime has committed. Checkpoints are numbered from 1 in the order they were sent, and the
// runtime acknowledges the oldest first, so one number says it all: everything up to it is committed.

import type { AcknowledgedCheckpoints } from './capture-output.ts';
import { errors } from './errors.ts';

export class Acknowledgements implements AcknowledgedCheckpoints {
  #sent = 0;
  #acknowledged = 0;
  #ended = false;
  #callbacks: { readonly checkpoint: number; readonly run: () => void }[] = [];
  #changed = Promise.withResolvers<void>();

  /** Number of the last checkpoint sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Number of the last checkpoint that is committed. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Counts a checkpoint and returns its number. `onAcknowledged` runs once when it is committed. */
  add(onAcknowledged?: () => void): number {
    this.#sent += 1;
    if (onAcknowledged !== undefined) this.#callbacks.push({ checkpoint: this.#sent, run: onAcknowledged });
    return this.#sent;
  }

  /** The oldest `count` pending checkpoints are committed; a count of 0 stands for 1. */
  acknowledge(count: number): void {
    const through = this.#acknowledged + Math.max(count, 1);
    if (through > this.#sent) {
      throw errors.CAPTURE_ACKNOWLEDGED_TOO_MANY({
        message: `The runtime acknowledged ${Math.max(count, 1)} checkpoints while ${this.#sent - this.#acknowledged} were pending.`,
      });
    }
    this.#acknowledged = through;
    const due = this.#callbacks.findIndex(({ checkpoint }) => checkpoint > through);
    const ready = this.#callbacks.splice(0, due === -1 ? this.#callbacks.length : due);
    this.#wake();
    for (const { run } of ready) run();
  }

  /** No acknowledgement will come any more. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Yields the number of the last committed checkpoint each time it has moved; may skip numbers. */
  async *[Symbol.asyncIterator](): AsyncGenerator<number, void, undefined> {
    let seen = 0;
    for (;;) {
      const changed = this.#changed.promise;
      if (this.#acknowledged > seen) {
        seen = this.#acknowledged;
        yield seen;
        continue;
      }
      if (this.#ended) return;
      await changed;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
