// Reads the journals of a materialization's collections, from a checkpoint on. A checkpoint's keys are
// `<journal>;<read suffix>`: the suffix holds the binding's state key, so that a new backfill counter reads from the
// beginning, or from where the collection was reset last, and a destination that keeps the checkpoint itself brings its own positions back.
//
// With its offset a checkpoint keeps the mark of the document that was read last, so that a state folder in which the
// journal went on differently is noticed.
//
// Bindings of higher priority are drained first; among equals the one whose next documents are oldest.

import type { Checkpoint, CheckpointSource, MaterializationSpec, ProducerState } from '@weir/protocol';
import { errors } from '../errors.ts';
import type { Disk } from '../host/disk.ts';
import { documentBefore } from '../journal/document-before.ts';
import type { HeadChannel } from '../journal/head-channel.ts';
import { type JournalBatch, JournalReader } from '../journal/journal-reader.ts';
import type { JournalRecord, Store } from '../store/store.ts';
import type { DocumentSource, SourceBatch } from './document-source.ts';
import { isSameMark, markOf, uuidOf } from './journal-mark.ts';

export interface JournalSourceOptions {
  readonly materialization: MaterializationSpec;
  readonly checkpoint: Checkpoint;
  readonly store: Store;
  readonly heads: HeadChannel;
  readonly disk: Disk;
  readonly journalsPath: string;
  /** Default 256 KiB. */
  readonly batchBytes?: number;
}

interface Stream {
  readonly binding: number;
  readonly priority: number;
  readonly journal: string;
  readonly sourceKey: string;
  readonly reader: JournalReader;
  head: number;
  /** Offset up to which `next` has given documents. */
  given: number;
  /** The batch that was given last, of the stream that it was given of; and the mark of what lies before it. */
  last: JournalBatch | undefined;
  markBefore: readonly ProducerState[];
  /** Read ahead, to know its clock. */
  batch: JournalBatch | undefined;
  batchClock: bigint;
}

const newline = 0x0a;

/** One is worked on, and one is read ahead of each of a few streams. */
const keptBuffers = 4;

export class JournalSource implements DocumentSource {
  readonly #options: JournalSourceOptions;
  readonly #batchBytes: number;
  readonly #streams = new Map<string, Stream>();
  readonly #unsubscribe: () => void;
  readonly #listeners = new Set<() => void>();
  /** Buffers to read into again. */
  readonly #spare: Buffer[] = [];
  /** Of the batch that was given last. */
  #last: Stream | undefined;
  /** A journal that has come up cannot be followed. */
  #failure: { readonly error: unknown } | undefined;

  constructor(options: JournalSourceOptions) {
    this.#options = options;
    this.#batchBytes = options.batchBytes ?? 256 << 10;
    // Before looking at the store, so that no head is missed in between.
    this.#unsubscribe = options.heads.subscribe((moved) => {
      let relevant = false;
      for (const { collection } of moved) relevant ||= this.#reads(collection);
      if (!relevant) return;
      // Whoever tells of the heads has nothing to do with it.
      try {
        this.#refresh();
      } catch (error) {
        this.#failure = { error };
      }
      for (const listener of this.#listeners) listener();
    });
    try {
      this.#refresh();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#listeners.clear();
    for (const { reader } of this.#streams.values()) reader[Symbol.dispose]();
  }

  next(): SourceBatch | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    let best: Stream | undefined;
    for (const stream of this.#streams.values()) {
      if (!this.#fill(stream)) continue;
      if (best === undefined || precedes(stream, best)) best = stream;
    }
    if (best?.batch === undefined) return undefined;
    this.#settleLast();
    const { binding, batch } = best;
    best.last = batch;
    best.given = batch.to;
    best.batch = undefined;
    this.#last = best;
    return { binding, bytes: batch.bytes };
  }

  /** Notes how far its stream has got, so that the buffer of the batch that was given last can be read into again. */
  #settleLast(): void {
    const stream = this.#last;
    if (stream?.last === undefined) return;
    stream.markBefore = markAt(stream);
    const buffer = Buffer.from(stream.last.bytes.buffer);
    if (this.#spare.length < keptBuffers && buffer.length <= 2 * this.#batchBytes) this.#spare.push(buffer);
    stream.last = undefined;
  }

  readonly #allocate = (byteLength: number): Buffer => {
    const index = this.#spare.findIndex(({ length }) => length >= byteLength);
    const [spare] = index === -1 ? [] : this.#spare.splice(index, 1);
    return spare ?? Buffer.allocUnsafeSlow(Math.max(byteLength, this.#batchBytes));
  };

  giveBack(bytes: number): void {
    if (this.#last !== undefined) this.#last.given -= bytes;
  }

  checkpoint(): Checkpoint {
    const sources: Record<string, CheckpointSource> = { ...this.#options.checkpoint.sources };
    for (const stream of this.#streams.values()) {
      const { sourceKey, given } = stream;
      if (given > 0 || sourceKey in sources)
        sources[sourceKey] = { readThrough: BigInt(given), producers: markAt(stream) };
    }
    return { sources, ackIntents: {} };
  }

  onMore(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  lagBytes(): number {
    let lag = 0;
    for (const { head, given } of this.#streams.values()) lag += head - given;
    return lag;
  }

  #reads(collection: string): boolean {
    return this.#options.materialization.bindings.some((binding) => binding.collection.name === collection);
  }

  /** Looks up all heads in the store. */
  #refresh(): void {
    const { materialization, store } = this.#options;
    const journals = new Map<string, JournalRecord[]>();
    for (const [index, binding] of materialization.bindings.entries()) {
      const { name } = binding.collection;
      let records = journals.get(name);
      if (records === undefined) {
        records = store.journals(name);
        journals.set(name, records);
      }
      for (const record of records) this.#follow(index, record);
    }
  }

  #follow(index: number, record: JournalRecord): void {
    const { materialization, checkpoint, disk, journalsPath } = this.#options;
    const binding = materialization.bindings[index];
    if (binding === undefined) return;
    const sourceKey = `${record.name};${binding.journalReadSuffix}`;
    const known = this.#streams.get(sourceKey);
    if (known !== undefined) {
      known.head = record.head;
      return;
    }
    const start: CheckpointSource = { readThrough: BigInt(record.first), producers: [] };
    const { readThrough, producers } = checkpoint.sources[sourceKey] ?? start;
    const read = Number(readThrough);
    if (read > record.head) {
      throw errors.CHECKPOINT_AHEAD({
        message: `The checkpoint of ${materialization.name} has read ${read} bytes of ${record.name}, which holds ${record.head}.`,
      });
    }
    if (read > 0 && producers.length > 0) {
      const last = documentBefore(disk, journalsPath, record.folder, read);
      if (last === undefined || !isSameMark(markOf(last), producers)) {
        throw errors.CHECKPOINT_DIVERGED({
          message: `The checkpoint of ${materialization.name} has read ${read} bytes of ${record.name}, and in this state folder another document ends there.`,
        });
      }
    }
    // A binding that read another collection meanwhile may have a checkpoint of before a reset.
    const from = Math.max(read, record.first);
    this.#streams.set(sourceKey, {
      binding: index,
      priority: binding.priority,
      journal: record.name,
      sourceKey,
      reader: new JournalReader(disk, journalsPath, record.folder, from, this.#allocate),
      head: record.head,
      given: from,
      last: undefined,
      markBefore: from === read ? producers : [],
      batch: undefined,
      batchClock: 0n,
    });
  }

  #fill(stream: Stream): boolean {
    if (stream.batch !== undefined) return true;
    const batch = stream.reader.next(stream.head, this.#batchBytes);
    if (batch === undefined) return false;
    stream.batch = batch;
    const first = batch.bytes.subarray(0, batch.bytes.indexOf(newline));
    stream.batchClock = this.#streams.size > 1 ? (uuidOf(first)?.clock ?? 0n) : 0n;
    return true;
  }
}

function precedes(left: Stream, right: Stream): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  return left.batchClock < right.batchClock;
}

/** Of the document that ends where `next` has given documents up to. */
function markAt({ last, given, markBefore }: Stream): readonly ProducerState[] {
  if (last === undefined || given <= last.from) return markBefore;
  const end = given - last.from - 1;
  return markOf(last.bytes.subarray(end === 0 ? 0 : last.bytes.lastIndexOf(newline, end - 1) + 1, end));
}
