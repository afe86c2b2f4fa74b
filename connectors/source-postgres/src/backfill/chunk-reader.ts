// Turns the rows of one chunk into documents, and hands them on in batches: nothing is called or allocated per row
// further down. Between two batches the reader of the documents gets its turn.

import type { JsonBuffer } from '@weir/json-bytes';
import type { CopyChunk } from '@weir/pgwire';
import { TuplePacker } from '@weir/protocol';
import type { RowSink, ScanRequest } from '@weir/sqlcapture';
import type { SnapshotPlan } from '../document/snapshot-plan.ts';

/** Of documents in one batch: as much as one write to the runtime holds. */
const BATCH_BYTES = 256 * 1024;
const BATCH_ROWS = 4096;

export class ChunkReader {
  /** Rows handed on. */
  rows = 0;
  /** Of their documents. */
  bytes = 0;
  readonly #plan: SnapshotPlan;
  readonly #out: JsonBuffer;
  readonly #keys = new TuplePacker();
  readonly #ends = new Uint32Array(BATCH_ROWS);
  readonly #keyEnds = new Uint32Array(BATCH_ROWS);
  readonly #request: ScanRequest;
  readonly #sink: RowSink;

  constructor(plan: SnapshotPlan, out: JsonBuffer, request: ScanRequest, sink: RowSink) {
    this.#plan = plan;
    this.#out = out;
    this.#request = request;
    this.#sink = sink;
  }

  async read(chunk: CopyChunk): Promise<void> {
    for (let index = 0; index < chunk.count;) {
      index += this.#readBatch(chunk, index);
      await this.#sink.drained();
    }
  }

  /** Returns the number of rows in the batch. */
  #readBatch({ bytes, count, starts, ends }: CopyChunk, from: number): number {
    const plan = this.#plan;
    const out = this.#out;
    const keys = this.#keys.reset();
    const { precise, mode, state } = this.#request;
    const firstRow = state.backfilled + this.rows;
    const most = Math.min(count - from, BATCH_ROWS);
    out.reset();
    let read = 0;
    while (read < most && out.length < BATCH_BYTES) {
      plan.writeRow(out, bytes, starts[from + read] ?? 0, ends[from + read] ?? 0, firstRow + read);
      this.#ends[read] = out.length;
      if (precise) {
        plan.appendKey(keys);
        this.#keyEnds[read] = keys.length;
      }
      read += 1;
    }
    const packed = precise ? { bytes: keys.view(), ends: this.#keyEnds } : undefined;
    this.#sink.rows(read, { bytes: out.view(), ends: this.#ends }, packed);
    this.rows += read;
    this.bytes += out.length;
    if (mode === 'keyed') {
      const last = keys.reset();
      plan.appendKey(last);
      this.#sink.reached(Buffer.from(last.view()));
    }
    return read;
  }
}
