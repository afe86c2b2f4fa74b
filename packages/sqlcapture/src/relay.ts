// Relays the change stream: events in, documents out, until a boundary of the stream meets a goal. A boundary is where
// no transaction is open; only there a checkpoint may be written. A chunk may be read beside it, and has a say in what
// becomes of the changes of its table, and in whether there may be a checkpoint.

import { crashPoint } from '@weir/crash-point';
import type { BoundTables } from './bound-tables.ts';
import type { CheckpointedOutput } from './checkpointed-output.ts';
import type { ChunkInFlight } from './chunk-in-flight.ts';
import type { SqlCaptureCrashPoint } from './crash-points.ts';
import type { Position, ReplicationStream, WantedChanges } from './database.ts';
import type { EngineSurroundings } from './engine-settings.ts';

const reach: (name: SqlCaptureCrashPoint) => void = crashPoint;

/** Of documents that commits may leave to the next checkpoint. */
const CHECKPOINT_BYTES = 256 * 1024;
const LONGEST_WAIT_MS = 1000;
const FIRST_NUDGE_MS = 5;
const SLOWEST_NUDGE_MS = 500;

export interface RelayGoal {
  /** Stop at the first boundary at or past this position. */
  readonly fence?: Position;
  /** Stop at the first boundary at which this holds. */
  readonly until?: () => boolean;
  /** When `until` may come to hold while nothing arrives. */
  readonly untilMs?: number;
  /** Stop at the first boundary at which this chunk is over. */
  readonly chunk?: ChunkInFlight;
  /** Commits become checkpoints, those that arrive together one; otherwise the caller writes one. */
  readonly checkpoints: boolean;
}

/** What else happens on the way. */
export interface RelayListener {
  checkpoint(): void;
  tableChanged(table: number): void;
  truncated(table: number): void;
  /** Nothing has arrived: there is time for other things. */
  idle(): Promise<void>;
}

export class Relay {
  readonly #stream: ReplicationStream;
  readonly #tables: BoundTables;
  readonly #output: CheckpointedOutput;
  readonly #idleCheckpointMs: number;
  readonly #around: Pick<EngineSurroundings, 'signal' | 'now'>;
  readonly #listener: RelayListener;
  #atBoundary = true;
  /** Documents were committed that no checkpoint covers yet. */
  #isCheckpointDue = false;
  #woken = Promise.withResolvers<void>();
  #isWoken = false;

  constructor(
    stream: ReplicationStream,
    tables: BoundTables,
    output: CheckpointedOutput,
    idleCheckpointMs: number,
    around: Pick<EngineSurroundings, 'signal' | 'now'>,
    listener: RelayListener,
  ) {
    this.#stream = stream;
    this.#tables = tables;
    this.#output = output;
    this.#idleCheckpointMs = idleCheckpointMs;
    this.#around = around;
    this.#listener = listener;
    around.signal.addEventListener('abort', () => this.wake());
  }

  /** There is something to look at besides the stream. */
  wake(): void {
    this.#isWoken = true;
    this.#woken.resolve();
    this.#stream.interrupt();
  }

  /**
   * Relays events until a boundary of the stream meets the goal. False when the signal was aborted before: then part
   * of a transaction may have been emitted, and nothing may be checkpointed any more. Throws what the chunk failed with.
   */
  async run(goal: RelayGoal): Promise<boolean> {
    const nudges = new Nudges(this.#idleCheckpointMs, this.#around.now());
    if (goal.fence !== undefined) nudges.hasten(this.#around.now() + FIRST_NUDGE_MS);
    for (;;) {
      if (this.#atBoundary && this.#meets(goal)) {
        this.#checkpointIfDue(goal);
        return true;
      }
      const isHeldUp = goal.chunk?.isOver === false && goal.chunk.isFull;
      if (isHeldUp) goal.chunk?.giveWay();
      else if (await this.#next(goal)) continue;
      this.#checkpointIfDue(goal);
      await this.#output.drain();
      if (this.#around.signal.aborted) return false;
      await this.#listener.idle();
      if (goal.chunk?.awaitsStream === true) nudges.hasten(this.#around.now());
      await this.#pause(goal, nudges, isHeldUp);
    }
  }

  /** Until something arrives, a nudge is due, or somebody wakes the relay. */
  async #pause(goal: RelayGoal, nudges: Nudges, isHeldUp: boolean): Promise<void> {
    const now = this.#around.now();
    if (nudges.isDue(now)) this.#stream.nudge();
    const until = Math.min(nudges.dueAtMs, goal.untilMs ?? Infinity) - now;
    if (!this.#isWoken) {
      if (isHeldUp) await this.#woken.promise;
      else await this.#stream.wait(Math.min(Math.max(until, 0), LONGEST_WAIT_MS));
    }
    this.#isWoken = false;
    this.#woken = Promise.withResolvers<void>();
  }

  /** False when no event has arrived. */
  async #next(goal: RelayGoal): Promise<boolean> {
    const event = this.#stream.next((table) => this.#wantedOf(table, goal.chunk));
    switch (event?.kind) {
      case undefined:
        return false;
      case 'changes':
        this.#atBoundary = false;
        if (isOf(goal.chunk, event.table)) goal.chunk.changes(event);
        else this.#output.documents(this.#tables.binding(event.table).index, event.count, event.documents);
        reach('sqlcapture.mid-transaction');
        if (this.#output.isFull) await this.#output.drain();
        return true;
      case 'commit':
        this.#boundary(event.position, goal);
        this.#isCheckpointDue ||= this.#output.uncommitted > 0;
        if (!event.isFollowed || this.#output.uncommittedBytes >= CHECKPOINT_BYTES)
          this.#checkpointIfDue(goal);
        return true;
      case 'keepalive':
        this.#boundary(event.position, goal);
        if (this.#output.isIdleFor(this.#idleCheckpointMs)) this.#checkpoint(goal);
        return true;
      case 'tableChanged':
        this.#listener.tableChanged(event.table);
        return true;
      case 'truncated':
        this.#atBoundary = false;
        this.#listener.truncated(event.table);
        return true;
      default:
        return true;
    }
  }

  #boundary(position: Position, goal: RelayGoal): void {
    this.#atBoundary = true;
    this.#output.boundary(position);
    goal.chunk?.boundary(position);
  }

  #checkpoint(goal: RelayGoal): void {
    if (!goal.checkpoints || goal.chunk?.mayCheckpoint() === false) return;
    this.#isCheckpointDue = false;
    this.#listener.checkpoint();
  }

  #meets(goal: RelayGoal): boolean {
    if (goal.fence !== undefined && this.#output.position?.atLeast(goal.fence) === true) return true;
    return goal.chunk?.isOver === true || goal.until?.() === true;
  }

  /** What was committed and has not left yet, because of the chunk or of commits that followed; or much of the chunk. */
  #checkpointIfDue(goal: RelayGoal): void {
    const isDue = (this.#isCheckpointDue && this.#output.uncommitted > 0) || goal.chunk?.isCheckpointDue;
    if (this.#atBoundary && isDue === true) this.#checkpoint(goal);
  }

  /** A precise backfill meets rows past its last key later; their changes are passed over until then. */
  #wantedOf(table: number, chunk: ChunkInFlight | undefined): WantedChanges {
    if (isOf(chunk, table)) return chunk.wantedChanges;
    const { mode, scanned } = this.#tables.state(table);
    switch (mode) {
      case 'Active':
      case 'UnfilteredBackfill':
      case 'KeylessBackfill':
        return 'all';
      case 'Backfill':
        return scanned ?? 'none';
      case 'Pending':
      case 'Ignore':
      case 'Missing':
        return 'none';
      default:
        return 'none';
    }
  }
}

/** Whether the chunk has a say in what becomes of the table's changes. */
function isOf(chunk: ChunkInFlight | undefined, table: number): chunk is ChunkInFlight {
  return chunk?.table === table && !chunk.isOver;
}

/** When the source is asked how far it is: at a steady pace, or more and more rarely from when it is wanted to hurry. */
class Nudges {
  readonly #steadyMs: number;
  /** Undefined at the steady pace. */
  #delayMs: number | undefined;
  dueAtMs: number;

  constructor(steadyMs: number, nowMs: number) {
    this.#steadyMs = steadyMs;
    this.dueAtMs = nowMs + steadyMs;
  }

  hasten(dueAtMs: number): void {
    if (this.#delayMs !== undefined) return;
    this.#delayMs = FIRST_NUDGE_MS;
    this.dueAtMs = dueAtMs;
  }

  isDue(nowMs: number): boolean {
    if (nowMs < this.dueAtMs) return false;
    if (this.#delayMs !== undefined) this.#delayMs = Math.min(this.#delayMs * 2, SLOWEST_NUDGE_MS);
    this.dueAtMs = nowMs + (this.#delayMs ?? this.#steadyMs);
    return true;
  }
}
