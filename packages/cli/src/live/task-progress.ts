// What is known of a running task: its phase, what it has moved since this run began, and how fast. Fed by the events
// of the supervisor, and by what the state folder says of lag.

import type { SupervisorEvent, TaskError, TaskName } from '@weir/runtime';
import { Rate } from './rate.ts';

export type TaskPhase =
  | 'starting'
  | 'running'
  | 'caught up'
  /** A capture's connector ended, and starts again after its interval. */
  | 'waiting'
  | 'retrying'
  | 'stopping'
  | 'stopped'
  | 'failed';

/** A task at one moment. */
export interface TaskSnapshot {
  readonly name: string;
  readonly kind: TaskName['kind'];
  readonly phase: TaskPhase;
  /** Since this run began. */
  readonly documents: number;
  readonly bytes: number;
  readonly documentsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Committed bytes of its collections that a materialization has not committed; undefined for captures. */
  readonly lagBytes: number | undefined;
  /** Milliseconds since the Unix epoch; 0 when it never committed. */
  readonly lastCommitMs: number;
  /** What it failed with last, while that is why it is not running. */
  readonly error: TaskError | undefined;
  /** When a failed task is started again; milliseconds since the Unix epoch. */
  readonly retryAtMs: number | undefined;
}

export class TaskProgress {
  readonly #task: TaskName;
  readonly #documentRate: Rate;
  readonly #byteRate: Rate;
  #phase: TaskPhase = 'starting';
  #stopping = false;
  #documents = 0;
  #bytes = 0;
  #lagBytes: number | undefined;
  #lastCommitMs = 0;
  #error: TaskError | undefined;
  #retryAtMs: number | undefined;

  constructor(task: TaskName, nowMs: number) {
    this.#task = task;
    this.#documentRate = new Rate(nowMs);
    this.#byteRate = new Rate(nowMs);
  }

  see(event: SupervisorEvent, nowMs: number): void {
    switch (event.kind) {
      case 'starting':
        this.#phase = 'starting';
        return;
      case 'opened':
        this.#recovered();
        return;
      case 'commit':
        this.#recovered();
        this.#documents += event.documents;
        this.#bytes += event.bytes;
        this.#documentRate.add(event.documents, nowMs);
        this.#byteRate.add(event.bytes, nowMs);
        this.#lastCommitMs = nowMs;
        return;
      case 'caughtUp':
        this.#recovered();
        this.#phase = this.#task.kind === 'capture' ? 'waiting' : 'caught up';
        return;
      case 'failed':
        this.#phase = event.retryInMs === undefined ? 'failed' : 'retrying';
        this.#error = event.error;
        this.#retryAtMs = event.retryInMs === undefined ? undefined : nowMs + event.retryInMs;
        return;
      case 'stopped':
        this.#phase = 'stopped';
        return;
      case 'schemaChanged':
      case 'applied':
      case 'receiving':
      case 'state':
      case 'log':
        return;
    }
  }

  /** A stop was asked for. */
  stop(): void {
    this.#stopping = true;
  }

  /** From the state folder. */
  seeStored(stored: { readonly lagBytes: number | undefined; readonly lastCommitMs: number }): void {
    this.#lagBytes = stored.lagBytes;
    this.#lastCommitMs = Math.max(this.#lastCommitMs, stored.lastCommitMs);
  }

  at(nowMs: number): TaskSnapshot {
    const ended = this.#phase === 'stopped' || this.#phase === 'failed';
    return {
      name: this.#task.name,
      kind: this.#task.kind,
      phase: this.#stopping && !ended ? 'stopping' : this.#phase,
      documents: this.#documents,
      bytes: this.#bytes,
      documentsPerSecond: ended ? 0 : this.#documentRate.perSecond(nowMs),
      bytesPerSecond: ended ? 0 : this.#byteRate.perSecond(nowMs),
      lagBytes: this.#lagBytes,
      lastCommitMs: this.#lastCommitMs,
      error: this.#error,
      retryAtMs: this.#retryAtMs,
    };
  }

  #recovered(): void {
    this.#phase = 'running';
    this.#error = undefined;
    this.#retryAtMs = undefined;
  }
}
