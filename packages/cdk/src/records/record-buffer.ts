// Records that are complete and wait to be taken.

import { JsonBuffer } from '@weir/json-bytes';

/** JSON texts one after another, the n-th ending before `ends[n]`. */
export interface RecordBatch {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
  readonly count: number;
}

export class RecordBuffer {
  /** Where the next record is written, which `ended` then ends. */
  readonly json = new JsonBuffer(1 << 14);
  #ends: number[] = [];

  ended(): void {
    this.#ends.push(this.json.length);
  }

  get byteLength(): number {
    return this.json.length;
  }

  /** What came since the last call; undefined for nothing. */
  take(): RecordBatch | undefined {
    if (this.#ends.length === 0) return undefined;
    const batch = { bytes: Buffer.from(this.json.view()), ends: this.#ends, count: this.#ends.length };
    this.json.reset();
    this.#ends = [];
    return batch;
  }
}
