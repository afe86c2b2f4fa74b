// A chunk of one table that is being read while the stream goes on. Rows and changes leave as they come, and so do
// checkpoints, because two things hold all the time:
//
// * The first row waits until the stream has got to where the chunk's snapshot was taken. So no row that was emitted is
//   newer than the position of any checkpoint after it.
// * The snapshot does not see what is streamed from its request on. A change of a row that the chunk may still deliver
//   is held until that row has passed, since the row, which is older, would undo it.
//
// Whether a checkpoint may leave while changes are held depends on what the state says of them. A precise chunk holds
// the changes of rows after its last key: for the state these are rows not reached yet, which a later chunk will read
// as they are then, so a checkpoint forgets nothing. Of a table without such an order every change counts from the
// moment it is passed; while any is held, or rows lie behind the last place where a later scan could go on, there is no
// checkpoint. The chunk is told how much that was in the way of others, and the next one is shorter.
//
// A precise chunk may therefore be of any length: it asks for a checkpoint of its own as often as enough has been emitted,
// and what is read after that checkpoint would be read as well by a later chunk, with a later snapshot.

import { crashPoint } from '@weir/crash-point';
import type { BoundTables } from './bound-tables.ts';
import type { CheckpointedOutput } from './checkpointed-output.ts';
import type { SqlCaptureCrashPoint } from './crash-points.ts';
import type { ByteList, ChangesEvent, Position, RowSink, WantedChanges } from './database.ts';
import type { EngineSettings } from './engine-settings.ts';
import { errors } from './errors.ts';
import { HeldChanges } from './held-changes.ts';
import { KeyOrder } from './key-order.ts';
import type { TableState } from './state.ts';

const reach: (name: SqlCaptureCrashPoint) => void = crashPoint;

type Phase = 'awaiting the stream' | 'reading' | 'over';

export class ChunkInFlight implements RowSink {
  readonly table: number;
  readonly #tables: BoundTables;
  readonly #output: CheckpointedOutput;
  readonly #settings: Pick<EngineSettings, 'mostHeldBytes' | 'chunkCheckpointBytes'>;
  readonly #onProgress: () => void;
  readonly #isPrecise: boolean;
  readonly #order: KeyOrder;
  readonly #held = new HeldChanges();
  readonly #stop = new AbortController();
  #phase: Phase = 'awaiting the stream';
  /** As of the last place that was reached. */
  #state: TableState;
  #rowsSincePlace = 0;
  #fence: Position | undefined;
  #passed = Promise.withResolvers<void>();
  #isComplete = false;
  #failure: { readonly error: unknown } | undefined;
  #wasInTheWay = false;

  /** `onProgress`: whoever relays the stream has something to look at here. */
  constructor(
    table: number,
    tables: BoundTables,
    output: CheckpointedOutput,
    settings: Pick<EngineSettings, 'mostHeldBytes' | 'chunkCheckpointBytes'>,
    onProgress: () => void,
  ) {
    this.table = table;
    this.#tables = tables;
    this.#output = output;
    this.#settings = settings;
    this.#onProgress = onProgress;
    this.#state = tables.state(table);
    this.#isPrecise = this.#state.mode === 'Backfill';
    const scanned = this.#isPrecise ? this.#state.scanned : undefined;
    this.#order = new KeyOrder(scanned, (last, key) => keyOrderError(tables.label(table), last, key));
  }

  // --- The scan ----------------------------------------------------------------------------------------------------

  /** Aborted when the rows are not wanted any more. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  async began(seen: Position): Promise<void> {
    this.#fence = seen;
    if (this.#output.position !== undefined) this.boundary(this.#output.position);
    this.#onProgress();
    await this.#passed.promise;
  }

  rows(count: number, documents: ByteList, keys: ByteList | undefined): void {
    if (this.isOver) return;
    if (keys !== undefined) this.#order.check(count, keys);
    this.#output.documents(this.#tables.binding(this.table).index, count, documents);
    this.#rowsSincePlace += count;
  }

  reached(scanned: Buffer): void {
    if (this.isOver) return;
    this.#update({ scanned, backfilled: this.#state.backfilled + this.#rowsSincePlace });
    this.#rowsSincePlace = 0;
    if (!this.#isPrecise) return;
    const wasFull = this.isFull;
    this.#wasInTheWay ||= wasFull;
    this.#held.releaseThrough(scanned, this.#emit);
    if (wasFull || this.isCheckpointDue) this.#onProgress();
  }

  async drained(): Promise<void> {
    reach('sqlcapture.mid-chunk');
    await this.#output.drain();
  }

  /** The scan has delivered everything. */
  end(isComplete: boolean): void {
    if (this.isOver) return;
    const backfilled = this.#state.backfilled + this.#rowsSincePlace;
    this.#isComplete = isComplete;
    if (isComplete) this.#update({ mode: 'Active', scanned: undefined, backfilled });
    if (isComplete || !this.#isPrecise) this.#held.release(this.#emit);
    else this.#held.drop();
    this.#finish();
  }

  /** The scan has failed; nothing comes of it if it was not wanted any more. */
  fail(error: unknown): void {
    if (this.isOver) return;
    this.#failure = { error };
    this.#finish();
  }

  // --- The stream --------------------------------------------------------------------------------------------------

  /** From then on the changes of the table go by its state again. Throws when the scan has failed. */
  get isOver(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#phase === 'over';
  }

  /** The table has been read to its end. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Of its table. */
  get wantedChanges(): WantedChanges {
    return this.#isPrecise ? 'keyed' : 'all';
  }

  changes({ count, documents, keys }: ChangesEvent): void {
    const { scanned } = this.#state;
    for (let index = 0; index < count; index += 1) {
      const document = item(documents, index);
      const key = keys === undefined ? undefined : item(keys, index);
      const isPassed = key !== undefined && scanned !== undefined && Buffer.compare(key, scanned) <= 0;
      if (isPassed) this.#emit(document);
      else this.#held.hold(key, document);
    }
  }

  /** Whether the stream is wanted to get somewhere before the first row can leave. */
  get awaitsStream(): boolean {
    return this.#phase === 'awaiting the stream' && this.#fence !== undefined;
  }

  /** The stream is at this boundary. */
  boundary(position: Position): void {
    if (!this.awaitsStream || this.#fence === undefined || !position.atLeast(this.#fence)) return;
    this.#phase = 'reading';
    this.#passed.resolve();
  }

  /** At a boundary of the stream. */
  mayCheckpoint(): boolean {
    if (this.isOver) return true;
    const may = this.#rowsSincePlace === 0 && (this.#isPrecise || this.#held.isEmpty);
    this.#wasInTheWay ||= !may;
    return may;
  }

  /** Much has been emitted since the last checkpoint, and a later scan can go on from here. */
  get isCheckpointDue(): boolean {
    if (this.isOver || !this.#isPrecise || this.#rowsSincePlace > 0) return false;
    return this.#output.uncommittedBytes >= this.#settings.chunkCheckpointBytes;
  }

  /** Whether a checkpoint, or the stream, had to wait for this chunk. */
  get wasInTheWay(): boolean {
    return this.#wasInTheWay;
  }

  /** Nothing more can be held. The stream has to wait for the scan, or the scan to give way to the stream. */
  get isFull(): boolean {
    return this.#held.bytes >= this.#settings.mostHeldBytes;
  }

  /** Before the first row, when it is the scan that waits for the stream: a later chunk begins where this one did. */
  giveWay(): void {
    if (this.#phase === 'awaiting the stream') this.end(false);
  }

  /** The table is read from the beginning again: what the scan still delivers is of no use, and every change counts. */
  void(): void {
    if (this.isOver) return;
    this.#held.release(this.#emit);
    this.#finish();
  }

  /** Nobody waits for the scan any more. */
  abandon(): void {
    this.#phase = 'over';
    this.#stop.abort();
    this.#passed.resolve();
  }

  #finish(): void {
    this.abandon();
    this.#onProgress();
  }

  readonly #emit = (document: Buffer): void => {
    const documents = { bytes: document, ends: [document.length] };
    this.#output.documents(this.#tables.binding(this.table).index, 1, documents);
  };

  #update(change: Partial<TableState>): void {
    this.#tables.update(this.table, change);
    this.#state = this.#tables.state(this.table);
  }
}

function item({ bytes, ends }: ByteList, index: number): Buffer {
  return bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
}

function keyOrderError(label: string, last: Buffer, key: Buffer) {
  return errors.SQL_KEY_ORDER({
    message: `the backfill of ${label} met the key ${key.toString('hex')} after ${last.toString('hex')}, which is greater`,
  });
}
