// Reads the journals of a materialization's collections, from a checkpoint on. A checkpoint's keys are
// `<journal>;<read suffix>`: the suffix holds the binding's state key, so that a new backfill counter reads from the
// beginning, and a destination that keeps the checkpoint itself brings its own positions back.
//
// Bindings of higher priority are drained first; among equals the one whose next documents are oldest.

import type { Checkpoint, CheckpointSource, MaterializationSpec } from '@weir/protocol';
import { errors } from '../errors.ts';
import type { Disk } from '../host/disk.ts';
import type { HeadChannel } from '../journal/head-channel.ts';
import { type JournalBatch, JournalReader } from '../journal/journal-reader.ts';
import type { JournalRecord, Store } from '../store/store.ts';
import { clockOfUuid } from './document-times.ts';
import type { DocumentSource, SourceBatch } from './document-source.ts';

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
  /** Read ahead, to know its clock. */
  batch: JournalBatch | undefined;
  batchClock: bigint;
}

const newline = 0x0a;

export class JournalSource implements DocumentSource {
  readonly #options: JournalSourceOptions;
  readonly #streams = new Map<string, Stream>();
  readonly #unsubscribe: () => void;
  readonly #listeners = new Set<() => void>();
  /** Of the batch that was given last. */
  #last: Stream | undefined;

  constructor(options: JournalSourceOptions) {
    this.#options = options;
    // Before looking at the store, so that no head is missed in between.
    this.#unsubscribe = options.heads.subscribe((moved) => {
      let relevant = false;
      for (const { collection } of moved) relevant ||= this.#reads(collection);
      if (!relevant) return;
      this.#refresh();
      for (const listener of this.#listeners) listener();
    });
    this.#refresh();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#listeners.clear();
    for (const { reader } of this.#streams.values()) reader[Symbol.dispose]();
  }

  next(): SourceBatch | undefined {
    let best: Stream | undefined;
    for (const stream of this.#streams.values()) {
      if (!this.#fill(stream)) continue;
      if (best === undefined || precedes(stream, best)) best = stream;
    }
    if (best?.batch === undefined) return undefined;
    const { binding, batch } = best;
    best.given = batch.to;
    best.batch = undefined;
    this.#last = best;
    return { binding, bytes: batch.bytes };
  }

  giveBack(bytes: number): void {
    if (this.#last !== undefined) this.#last.given -= bytes;
  }

  checkpoint(): Checkpoint {
    const sources: Record<string, CheckpointSource> = { ...this.#options.checkpoint.sources };
    for (const { sourceKey, given } of this.#streams.values()) {
      if (given > 0 || sourceKey in sources)
        sources[sourceKey] = { readThrough: BigInt(given), producers: [] };
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
    const from = Number(checkpoint.sources[sourceKey]?.readThrough ?? 0n);
    if (from > record.head) {
      throw errors.CHECKPOINT_AHEAD({
        message: `The checkpoint of ${materialization.name} has read ${from} bytes of ${record.name}, which holds ${record.head}.`,
      });
    }
    this.#streams.set(sourceKey, {
      binding: index,
      priority: binding.priority,
      journal: record.name,
      sourceKey,
      reader: new JournalReader(disk, journalsPath, record.folder, from),
      head: record.head,
      given: from,
      batch: undefined,
      batchClock: 0n,
    });
  }

  #fill(stream: Stream): boolean {
    if (stream.batch !== undefined) return true;
    const batch = stream.reader.next(stream.head, this.#options.batchBytes ?? 256 << 10);
    if (batch === undefined) return false;
    stream.batch = batch;
    stream.batchClock = this.#streams.size > 1 ? clockOfFirst(batch.bytes) : 0n;
    return true;
  }
}

function precedes(left: Stream, right: Stream): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  return left.batchClock < right.batchClock;
}

const uuidMember = Buffer.from('"uuid":"');

/** The clock of the first document; a guess by its bytes is enough, because it only decides an order. */
function clockOfFirst(bytes: Buffer): bigint {
  const line = bytes.subarray(0, bytes.indexOf(newline));
  for (let at = line.indexOf(uuidMember); at !== -1; at = line.indexOf(uuidMember, at + 1)) {
    const start = at + uuidMember.length;
    const clock = clockOfUuid(line.toString('latin1', start, start + 36));
    if (clock !== undefined) return clock;
  }
  return 0n;
}
