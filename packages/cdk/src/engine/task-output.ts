// What one task sends. Documents are gathered until a position covers them; then they and the state leave together, as
// one group of the session's output.

import { createHash } from 'node:crypto';
import { bindingPatch, type CaptureOutput } from '@weir/capture';
import type { JsonSchema } from '@weir/connector';
import type { JsonValue } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import { DocumentWriter, keyDocument, members, NO_ROW } from '../documents/document-writer.ts';
import type { ApiBinding } from './api-binding.ts';
import { Spool, type SpoolBuffers } from './spool.ts';
import type { Deletions, DocumentBatch } from './stream.ts';

/** What all tasks of a session share. */
export interface TaskTargets {
  readonly output: CaptureOutput;
  /** By name. */
  readonly bindings: ReadonlyMap<string, ApiBinding>;
  /** By the name of the binding; made when they are needed. A binding may have thousands of tasks. */
  readonly writers: Map<string, DocumentWriter>;
  readonly buffers: SpoolBuffers;
}

export class TaskOutput {
  readonly #targets: TaskTargets;
  readonly #binding: ApiBinding;
  readonly #spool: Spool;

  constructor(targets: TaskTargets, binding: ApiBinding) {
    this.#targets = targets;
    this.#binding = binding;
    this.#spool = new Spool(targets.buffers);
  }

  /** Documents since the last checkpoint. */
  get pending(): number {
    return this.#spool.count;
  }

  async add(batch: DocumentBatch): Promise<void> {
    await this.#write(batch, () => NO_ROW, batch.op ?? 'u');
  }

  /** Rows of a snapshot, numbered from `firstRow`; those below `known` were there before. */
  async addRows(batch: DocumentBatch, firstRow: number, known: number): Promise<void> {
    const seen = Math.min(Math.max(known - firstRow, 0), batch.count);
    await this.#write(batch, (index) => firstRow + index, 'u', 0, seen);
    await this.#write(batch, (index) => firstRow + index, 'c', seen, batch.count);
  }

  /** Rows of a snapshot that are gone, from `firstRow` on. */
  async addTombstones(batch: DocumentBatch, firstRow: number): Promise<void> {
    await this.#write(batch, (index) => firstRow + index, 'd');
  }

  async addDeletions({ keys, stream }: Deletions): Promise<void> {
    const target = this.#target(stream);
    if (target === undefined) return;
    const gone = documents(
      keys.map((values) => keyDocument(target.key, values)),
      { op: 'd', ...(stream === undefined ? {} : { stream }) },
    );
    await this.add(gone);
  }

  /**
   * Sends what was gathered, with the state that covers it. Returns when the runtime takes more. Sends nothing if `abandoned`
   * is aborted before it can begin to.
   */
  async commit(patch: JsonValue, onAcknowledged?: () => void, abandoned?: AbortSignal): Promise<void> {
    const { output } = this.#targets;
    const { index, stateKey, sourcedSchema } = this.#binding;
    await output.transaction(async (transaction) => {
      abandoned?.throwIfAborted();
      if (sourcedSchema !== undefined) transaction.sourcedSchema(index, sourcedSchema satisfies JsonSchema);
      await this.#spool.replay(transaction);
      transaction.checkpoint(bindingPatch(stateKey, patch), onAcknowledged);
    });
    this.#spool.clear();
    await output.drained();
  }

  discard(): void {
    this.#spool.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool[Symbol.asyncDispose]();
  }

  async #write(
    batch: DocumentBatch,
    rowOf: (index: number) => number,
    op: 'c' | 'u' | 'd',
    from = 0,
    to = batch.count,
  ): Promise<void> {
    const target = this.#target(batch.stream);
    if (target === undefined || from >= to) return;
    const writer = this.#writer(target);
    const { ends } = batch;
    const bytes = asBuffer(batch.bytes);
    const meta = batch.meta === undefined ? '' : members(batch.meta);
    this.#spool.turnTo(target.index);
    this.#spool.buffer.readFrom(bytes);
    let start = from === 0 ? 0 : (ends[from - 1] ?? 0);
    for (let index = from; index < to; index += 1) {
      const end = ends[index] ?? start;
      writer.write(this.#spool.buffer, bytes, start, end, op, rowOf(index), meta);
      this.#spool.added();
      start = end;
      if (this.#spool.isFull) await this.#spool.spill();
    }
  }

  #target(stream: string | undefined): ApiBinding | undefined {
    return stream === undefined ? this.#binding : this.#targets.bindings.get(stream);
  }

  #writer({ name, key }: ApiBinding): DocumentWriter {
    const { writers } = this.#targets;
    const known = writers.get(name);
    if (known !== undefined) return known;
    const writer = new DocumentWriter(name, key);
    writers.set(name, writer);
    return writer;
  }
}

/**
 * What a snapshot amounts to, whatever the batches it came in. Operations and numbers of rows are left out: two passes
 * over the same rows have the same digest.
 */
export class RowDigest {
  readonly #hash = createHash('sha256');

  add({ bytes, ends, count, meta }: DocumentBatch): void {
    if (meta === undefined) {
      this.#hash.update(bytes.subarray(0, ends[count - 1] ?? 0));
      return;
    }
    const text = members(meta);
    let start = 0;
    for (let index = 0; index < count; index += 1) {
      this.#hash.update(text).update(bytes.subarray(start, ends[index]));
      start = ends[index] ?? start;
    }
  }

  /** 128 bits. */
  take(): string {
    return this.#hash.digest('hex').slice(0, 32);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
