// Commits one transaction of a capture. The order is the guarantee: documents are appended and synced, then one
// transaction of the store moves the journals' heads together with the connector's state, and only then does anyone
// (readers, the connector) hear of it. Whatever fails before the store's commit leaves no trace.

import { crashPoint } from '@weir/crash-point';
import { type CaptureSpec, UUID_FLAGS, UuidStamper } from '@weir/protocol';
import { ByteRange } from '../combine/byte-range.ts';
import type { CrashPoint } from '../crash-points.ts';
import type { Clock } from '../host/clock.ts';
import type { Disk } from '../host/disk.ts';
import type { HeadChannel } from '../journal/head-channel.ts';
import { JournalWriter, type JournalWriterOptions } from '../journal/journal-writer.ts';
import type { BindingCount, JournalHead, Store } from '../store/store.ts';
import type { CaptureTransaction } from './capture-transaction.ts';
import type { CapturedBinding } from './captured-binding.ts';
import type { TaskState } from './connector-state.ts';
import { clockOfTime } from './document-times.ts';
import { stampDocument } from './stamp.ts';

const crash = (point: CrashPoint): void => crashPoint(point);

export interface CaptureCommitterOptions {
  readonly capture: CaptureSpec;
  readonly bindings: readonly CapturedBinding[];
  readonly store: Store;
  readonly heads: HeadChannel;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly journalsPath: string;
  readonly journal?: JournalWriterOptions;
  /** Sees every document as it is appended, without its line break; for previews. */
  readonly onDocument?: ((collection: string, document: Buffer) => void) | undefined;
}

export interface CommitResult {
  readonly documents: number;
  readonly bytes: number;
  readonly checkpoints: number;
}

export class CaptureCommitter implements Disposable {
  readonly #options: CaptureCommitterOptions;
  /** Stamps stand outside of transactions: a document is committed by the head that covers it, and needs no acknowledgement. */
  readonly #stamper: UuidStamper;
  /** By collection: bindings may share one. */
  readonly #writers = new Map<string, JournalWriter>();

  constructor(options: CaptureCommitterOptions) {
    this.#options = options;
    const { store, capture } = options;
    let last = 0n;
    for (const { collection } of capture.bindings) {
      if (this.#writers.has(collection.name)) continue;
      const record = store.openJournal(collection.name, capture.name);
      if (record.clock > last) last = record.clock;
      this.#writers.set(
        collection.name,
        new JournalWriter(options.disk, options.journalsPath, record, options.journal),
      );
    }
    this.#stamper = new UuidStamper(store.producerId, last, UUID_FLAGS.outsideTransaction);
  }

  [Symbol.dispose](): void {
    for (const writer of this.#writers.values()) writer[Symbol.dispose]();
  }

  /** Commits the transaction, with `state` as it is after its checkpoints. */
  async commit(transaction: CaptureTransaction, state: TaskState): Promise<CommitResult> {
    try {
      return await this.#commit(transaction, state);
    } catch (error) {
      for (const writer of this.#writers.values()) writer.rollback();
      throw error;
    }
  }

  async #commit(transaction: CaptureTransaction, state: TaskState): Promise<CommitResult> {
    const { capture, store, heads, clock, bindings } = this.#options;
    crash('runtime.capture.before-append');
    const counts = this.#append(transaction);
    crash('runtime.capture.after-append');
    const dirty = [...this.#writers.values()].filter((writer) => writer.isDirty);
    const moved = await Promise.all(dirty.map((writer) => writer.sync(this.#stamper.clock)));
    crash('runtime.capture.after-sync');
    const inferred = bindings
      .map((binding) => binding.takeInferred())
      .filter((schema) => schema !== undefined);
    const nowMs = clock.nowMs();
    store.commitCapture({ task: capture.name, state: state.text, heads: moved, inferred, counts, nowMs });
    crash('runtime.capture.after-commit');
    for (const [index, writer] of dirty.entries()) writer.committed(moved[index] as JournalHead);
    heads.publish(
      dirty.map(({ name, collection }, index) => {
        const { head, documents } = moved[index] as JournalHead;
        return { journal: name, collection, head, documents };
      }),
    );
    const total = (of: (count: BindingCount) => number): number =>
      counts.reduce((sum, count) => sum + of(count), 0);
    return {
      documents: total(({ documents }) => documents),
      bytes: total(({ bytes }) => bytes),
      checkpoints: transaction.checkpoints,
    };
  }

  #append(transaction: CaptureTransaction): BindingCount[] {
    const { bindings, onDocument } = this.#options;
    const counts = bindings.map(({ spec }) => ({ stateKey: spec.stateKey, documents: 0, bytes: 0 }));
    const nowMs = this.#options.clock.nowMs();
    this.#stamper.advanceTo(clockOfTime(nowMs));
    let last = -1;
    let writer: JournalWriter | undefined;
    let collection = '';
    const document = new ByteRange();
    for (const { binding, bytes, documentStart, noteStart } of transaction.combiner.drain()) {
      const captured = bindings[binding];
      if (binding !== last) {
        last = binding;
        collection = captured?.spec.collection.name ?? '';
        writer = this.#writers.get(collection);
      }
      const count = counts[binding];
      if (captured === undefined || writer === undefined || count === undefined)
        throw new RangeError(`no binding ${binding}`);
      captured.finish(document.set(bytes, documentStart, noteStart));
      const { from, to, replacement } = stampDocument(document, this.#stamper);
      count.bytes += writer.append(document, from, to, replacement);
      count.documents += 1;
      if (onDocument === undefined) continue;
      const { start, end } = document;
      const stamped = [document.bytes.subarray(start, from), replacement, document.bytes.subarray(to, end)];
      onDocument(collection, Buffer.concat(stamped));
    }
    return counts.filter(({ documents }) => documents > 0);
  }
}
