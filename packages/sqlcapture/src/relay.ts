// Relays the change stream: events in, documents out, until a boundary of the stream meets a goal. A boundary is where
// no transaction is open; only there a checkpoint may be written.

import { crashPoint } from '@weir/crash-point';
import type { BoundTables } from './bound-tables.ts';
import type { CheckpointedOutput } from './checkpointed-output.ts';
import type { SqlCaptureCrashPoint } from './crash-points.ts';
import type { ChangeEvent, Position, ReplicationStream } from './database.ts';
import type { EngineSurroundings } from './engine-settings.ts';

const reach: (name: SqlCaptureCrashPoint) => void = crashPoint;

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
  /** Every commit becomes a checkpoint; otherwise the caller writes one. */
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
  }

  /**
   * Relays events until a boundary of the stream meets the goal. False when the signal was aborted before: then part
   * of a transaction may have been emitted, and nothing may be checkpointed any more.
   */
  async run(goal: RelayGoal): Promise<boolean> {
    const nudge = new Nudges(
      goal.fence === undefined ? this.#idleCheckpointMs : undefined,
      this.#around.now(),
    );
    for (;;) {
      if (this.#atBoundary && this.#meets(goal)) return true;
      if (await this.#next(goal)) continue;
      await this.#output.drain();
      if (this.#around.signal.aborted) return false;
      await this.#listener.idle();
      const now = this.#around.now();
      if (nudge.isDue(now)) this.#stream.nudge();
      const until = Math.min(nudge.dueAtMs, goal.untilMs ?? Infinity) - now;
      await this.#stream.wait(Math.min(Math.max(until, 0), LONGEST_WAIT_MS));
    }
  }

  /** False when no event has arrived. */
  async #next(goal: RelayGoal): Promise<boolean> {
    const event = this.#stream.next();
    switch (event?.kind) {
      case undefined:
        return false;
      case 'change':
        this.#atBoundary = false;
        if (this.#wants(event))
          this.#output.document(this.#tables.binding(event.table).index, event.document());
        reach('sqlcapture.mid-transaction');
        if (this.#output.isFull) await this.#output.drain();
        return true;
      case 'commit':
        this.#boundary(event.position);
        if (goal.checkpoints && this.#output.uncommitted > 0) this.#listener.checkpoint();
        return true;
      case 'keepalive':
        this.#boundary(event.position);
        if (goal.checkpoints && this.#output.isIdleFor(this.#idleCheckpointMs)) this.#listener.checkpoint();
        return true;
      case 'tableChanged':
        this.#listener.tableChanged(event.table);
        return true;
      case 'truncated':
        this.#listener.truncated(event.table);
        return true;
      default:
        return true;
    }
  }

  #boundary(position: Position): void {
    this.#atBoundary = true;
    this.#output.boundary(position);
  }

  #meets(goal: RelayGoal): boolean {
    if (goal.fence !== undefined && this.#output.position?.atLeast(goal.fence) === true) return true;
    return goal.until?.() === true;
  }

  /** A precise backfill meets rows past its last key later; their changes are passed over until then. */
  #wants(event: ChangeEvent): boolean {
    const state = this.#tables.state(event.table);
    switch (state.mode) {
      case 'Active':
      case 'UnfilteredBackfill':
      case 'KeylessBackfill':
        return true;
      case 'Backfill':
        return state.scanned !== undefined && Buffer.compare(event.key(), state.scanned) <= 0;
      case 'Pending':
      case 'Ignore':
      case 'Missing':
        return false;
      default:
        return false;
    }
  }
}

/** When the source is asked how far it is: more and more rarely before a fence, else at a steady pace. */
class Nudges {
  readonly #steadyMs: number | undefined;
  #delayMs: number;
  dueAtMs: number;

  constructor(steadyMs: number | undefined, nowMs: number) {
    this.#steadyMs = steadyMs;
    this.#delayMs = steadyMs ?? FIRST_NUDGE_MS;
    this.dueAtMs = nowMs + this.#delayMs;
  }

  isDue(nowMs: number): boolean {
    if (nowMs < this.dueAtMs) return false;
    this.#delayMs = this.#steadyMs ?? Math.min(this.#delayMs * 2, SLOWEST_NUDGE_MS);
    this.dueAtMs = nowMs + this.#delayMs;
    return true;
  }
}
