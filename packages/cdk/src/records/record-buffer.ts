// Records that are complete and wait to be taken.

import { JsonBuffer } from '@weir/json-bytes';
import { EndList } from './end-list.ts';

/** JSON texts one after another, the n-th ending before `ends[n]`. */
export interface RecordBatch {
  readonly bytes: Buffer;
  readonly ends: Uint32Array | readonly number[];
  readonly count: number;
}

export class RecordBuffer {
  /** Where the next record is written, which `ended` then ends. */
  readonly json = new JsonBuffer(1 << 14);
  readonly #ends = new EndList();

  ended(): void {
    this.#ends.push(this.json.length);
  }

  get byteLength(): number {
    return this.json.length;
  }

  /** What came since the last call; undefined for nothing. */
  take(): RecordBatch | undefined {
    const { count } = this.#ends;
    if (count === 0) return undefined;
    const batch = { bytes: Buffer.from(this.json.view()), ends: this.#ends.view().slice(), count };
    this.json.reset();
    this.#ends.reset();
    return batch;
  }
}
