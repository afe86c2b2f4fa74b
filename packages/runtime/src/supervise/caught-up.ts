// Decides when there is nothing left to do: no capture has anything to send, and every materialization has committed
// its journals up to their heads.

import type { MaterializationSpec } from '@weir/protocol';
import type { Clock } from '../host/clock.ts';
import type { Store } from '../store/store.ts';
import type { BuiltTask, SupervisorEvent, TaskName } from './supervisor.ts';

interface CaptureProgress {
  /** The connector ended cleanly, and waits for its interval. */
  hasEnded: boolean;
  /** Of the open session; undefined while there is none. */
  openedMs: number | undefined;
  /** Something that it sent is not committed yet. */
  isReceiving: boolean;
  /** What the connector says of itself; undefined when it says nothing about it. */
  saysCaughtUp: boolean | undefined;
  hasDocuments: boolean;
  /** When it committed documents, or said that it has caught up. */
  lastActivityMs: number;
}

/** A capture that neither sent a document nor says that it has caught up is given more time: it may still be starting. */
const silentFactor = 3;

export class CaughtUp {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #captures = new Map<string, CaptureProgress>();
  readonly #sinks = new Map<
    string,
    { spec?: MaterializationSpec; positions: Readonly<Record<string, number>> }
  >();
  /** Tasks that had nothing left to do at some time since they were started. */
  readonly #wereIdle = new Set<string>();

  constructor(tasks: readonly TaskName[], store: Store, clock: Clock, idleMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#idleMs = idleMs;
    for (const { name, kind } of tasks) {
      if (kind === 'capture') this.starting(name, true);
      else this.#sinks.set(name, { positions: {} });
    }
  }

  /** A failed task has nothing more to do. */
  fail(task: string): void {
    this.#captures.delete(task);
    this.#sinks.delete(task);
  }

  starting(task: string, isCapture = this.#captures.has(task)): void {
    if (!isCapture) return;
    this.#captures.set(task, {
      hasEnded: false,
      openedMs: undefined,
      isReceiving: false,
      saysCaughtUp: undefined,
      hasDocuments: false,
      lastActivityMs: 0,
    });
  }

  built(task: string, built: BuiltTask): void {
    if (built.kind === 'materialization') this.#sinks.set(task, { spec: built.spec, positions: {} });
  }

  see(event: SupervisorEvent): void {
    if (event.kind === 'starting') this.#wereIdle.delete(event.task);
    if (event.kind === 'caughtUp') this.#wereIdle.add(event.task);
    const sink = this.#sinks.get(event.task);
    if (sink !== undefined && event.kind === 'caughtUp') sink.positions = event.positions;
    const capture = this.#captures.get(event.task);
    if (capture === undefined) return;
    const nowMs = this.#clock.nowMs();
    switch (event.kind) {
      case 'opened':
        capture.openedMs = nowMs;
        break;
      case 'receiving':
        capture.isReceiving = event.isReceiving;
        break;
      case 'commit':
        if (event.documents === 0) break;
        capture.hasDocuments = true;
        capture.lastActivityMs = nowMs;
        break;
      case 'log': {
        const { eventType, caughtUp } = event.log.fields;
        if (eventType !== 'connectorStatus' || typeof caughtUp !== 'boolean') break;
        capture.saysCaughtUp = caughtUp;
        capture.lastActivityMs = nowMs;
        break;
      }
      case 'caughtUp':
        capture.hasEnded = true;
        break;
      case 'failed':
        capture.openedMs = undefined;
        break;
      case 'starting':
      case 'applied':
      case 'state':
      case 'schemaChanged':
      case 'stopped':
        break;
    }
  }

  /** Whether it had nothing left to do at some time since it was started, as far as `check` has looked. */
  wasIdle(task: string): boolean {
    return this.#wereIdle.has(task);
  }

  check(): boolean {
    const nowMs = this.#clock.nowMs();
    const idle = [...this.#captures].filter(([, capture]) => this.#isIdle(capture, nowMs));
    for (const [name] of idle) this.#wereIdle.add(name);
    if (idle.length < this.#captures.size) return false;
    for (const { spec, positions } of this.#sinks.values()) {
      if (spec === undefined || !this.#hasEverything(spec, positions)) return false;
    }
    return true;
  }

  #isIdle(capture: CaptureProgress, nowMs: number): boolean {
    const { hasEnded, openedMs, isReceiving, saysCaughtUp, hasDocuments, lastActivityMs } = capture;
    if (hasEnded) return true;
    if (openedMs === undefined || isReceiving || saysCaughtUp === false) return false;
    const quietMs = nowMs - Math.max(openedMs, lastActivityMs);
    return quietMs >= this.#idleMs * (saysCaughtUp === true || hasDocuments ? 1 : silentFactor);
  }

  #hasEverything(spec: MaterializationSpec, positions: Readonly<Record<string, number>>): boolean {
    return spec.bindings.every(({ collection, journalReadSuffix }) =>
      this.#store
        .journals(collection.name)
        .every(({ name, head }) => head === 0 || (positions[`${name};${journalReadSuffix}`] ?? 0) >= head),
    );
  }
}
