// Drives a report: hands it the supervisor's events, has it drawn five times a second at most, and looks up lag in the
// state folder about once a second.

import { type Clock, readStatus, type SupervisorEvent } from '@weir/runtime';
import { LastWords } from './last-words.ts';
import type { RunProgress, RunReport } from './run-report.ts';
import { TaskStatesFile } from './task-states.ts';

const drawIntervalMs = 200;
const lagIntervalMs = 1000;
/** Looking up lag may take at most this part of the time. */
const lagShare = 0.02;

export interface LiveRunOptions {
  readonly statePath: string;
  readonly progress: RunProgress;
  readonly report: RunReport;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Aborted when a signal asks for a stop. */
  readonly stop: AbortSignal;
}

export class LiveRun implements Disposable {
  readonly #options: LiveRunOptions;
  readonly #states: TaskStatesFile;
  readonly #words: LastWords;
  readonly #timer: NodeJS.Timeout;
  #nextLagMs = 0;

  constructor(options: LiveRunOptions) {
    this.#options = options;
    this.#states = new TaskStatesFile(options.statePath);
    this.#words = new LastWords((event, nowMs) => options.report.onEvent(event, nowMs));
    options.stop.addEventListener('abort', this.#onStop);
    this.#timer = setInterval(() => this.#tick(), drawIntervalMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#options.stop.removeEventListener('abort', this.#onStop);
  }

  onEvent(event: SupervisorEvent): void {
    const { progress, clock } = this.#options;
    const nowMs = clock.nowMs();
    progress.see(event, nowMs);
    this.#words.onEvent(event, nowMs);
    if (event.kind !== 'commit' && event.kind !== 'state' && event.kind !== 'log') {
      this.#states.write(progress.at(nowMs));
    }
  }

  /** Last figures, after the supervisor has ended. */
  end(): void {
    const { progress, report, clock } = this.#options;
    this.#readLag();
    const nowMs = clock.nowMs();
    this.#words.release(nowMs, true);
    report.end(nowMs);
    this.#states.write(progress.at(nowMs));
  }

  readonly #onStop = (): void => {
    this.#options.progress.stop();
    this.#options.report.onStop();
  };

  #tick(): void {
    const { clock, report } = this.#options;
    if (clock.nowMs() >= this.#nextLagMs) this.#readLag();
    this.#words.release(clock.nowMs());
    report.draw(clock.nowMs());
  }

  #readLag(): void {
    const { statePath, progress, clock } = this.#options;
    const startedMs = performance.now();
    try {
      progress.seeStored(readStatus(statePath).tasks);
    } catch {
      // There is no state yet.
    }
    const tookMs = performance.now() - startedMs;
    this.#nextLagMs = clock.nowMs() + Math.max(lagIntervalMs, tookMs / lagShare);
  }
}
