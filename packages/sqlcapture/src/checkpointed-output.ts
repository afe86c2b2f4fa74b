// What leaves, and what the source may then forget. A checkpoint says what all documents before it amount to: the state
// of the tables, and the last boundary of the stream, before which every change has been emitted. Only acknowledged
// checkpoints move the source on.

import { crashPoint } from '@weir/crash-point';
import type { SqlCaptureCrashPoint } from './crash-points.ts';
import type { ByteList, Position, ReplicationStream } from './database.ts';
import type { EngineOutput } from './engine-settings.ts';
import { PendingCheckpoints } from './pending-checkpoints.ts';
import type { CaptureState } from './state.ts';

const reach: (name: SqlCaptureCrashPoint) => void = crashPoint;

/** Bytes of documents between two waits for the reader. */
const DRAIN_BYTES = 256 * 1024;
/** What a checkpoint counts for against it, about. */
const CHECKPOINT_BYTES = 64;

export class CheckpointedOutput {
  readonly #output: EngineOutput;
  readonly #state: CaptureState;
  readonly #now: () => number;
  readonly #pending = new PendingCheckpoints();
  #stream: ReplicationStream | undefined;
  #position: Position | undefined;
  #documents = 0;
  #bytes = 0;
  #undrainedBytes = 0;
  #lastCheckpointMs = 0;
  #lastCheckpointCursor: string | undefined;

  constructor(output: EngineOutput, state: CaptureState, now: () => number) {
    this.#output = output;
    this.#state = state;
    this.#now = now;
  }

  /** From here on, what is acknowledged is told to this stream, and positions are its. */
  follow(stream: ReplicationStream): void {
    this.#stream = stream;
    this.#position = stream.start;
    this.#state.cursor = stream.start.toString();
  }

  /** The last boundary of the stream: everything before it has been emitted. */
  get position(): Position | undefined {
    return this.#position;
  }

  boundary(position: Position): void {
    this.#position = position;
  }

  documents(binding: number, count: number, documents: ByteList): void {
    if (count === 0) return;
    this.#output.documents(binding, count, documents);
    const bytes = documents.ends[count - 1] ?? 0;
    this.#documents += count;
    this.#bytes += bytes;
    this.#undrainedBytes += bytes;
  }

  sourcedSchema(binding: number, schema: string): void {
    this.#output.sourcedSchema(binding, schema);
  }

  /** Documents since the last checkpoint. */
  get uncommitted(): number {
    return this.#documents;
  }

  get uncommittedBytes(): number {
    return this.#bytes;
  }

  /** So much has been emitted that `drain` is due. */
  get isFull(): boolean {
    return this.#undrainedBytes >= DRAIN_BYTES;
  }

  async drain(): Promise<void> {
    if (this.#undrainedBytes === 0) return;
    this.#undrainedBytes = 0;
    await this.#output.drained();
  }

  checkpoint(): void {
    if (this.#position !== undefined) this.#state.cursor = this.#position.toString();
    reach('sqlcapture.before-checkpoint');
    this.#pending.push(this.#position);
    this.#output.checkpoint(this.#state.takePatch());
    reach('sqlcapture.after-checkpoint');
    this.#documents = 0;
    this.#bytes = 0;
    this.#undrainedBytes += CHECKPOINT_BYTES;
    this.#lastCheckpointMs = this.#now();
    this.#lastCheckpointCursor = this.#state.cursor;
  }

  /** Whether the source has kept log for this long that no document came of. */
  isIdleFor(durationMs: number): boolean {
    return (
      this.#now() - this.#lastCheckpointMs >= durationMs &&
      this.#position?.toString() !== this.#lastCheckpointCursor
    );
  }

  /** The `count` oldest checkpoints are durable downstream. */
  acknowledged(count: number): void {
    const position = this.#pending.acknowledge(count);
    if (position === undefined) return;
    reach('sqlcapture.before-acknowledge');
    this.#stream?.acknowledge(position);
  }
}
