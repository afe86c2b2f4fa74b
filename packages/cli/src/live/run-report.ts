// What `weir run` shows while it runs. A report is fed with the supervisor's events and asked to draw on a timer.

import type { SupervisorEvent, TaskName } from '@weir/runtime';
import { TaskProgress, type TaskSnapshot } from './task-progress.ts';

export interface RunReport {
  /** Called after `progress` has seen the event. */
  onEvent(event: SupervisorEvent, nowMs: number): void;
  /** Called several times a second. */
  draw(nowMs: number): void;
  /** A stop was asked for by a signal. */
  onStop(): void;
  /** Last figures. */
  end(nowMs: number): void;
}

/** The tasks of a run, in the order of the catalog. */
export class RunProgress {
  readonly #tasks: ReadonlyMap<string, TaskProgress>;

  constructor(tasks: readonly TaskName[], nowMs: number) {
    this.#tasks = new Map(tasks.map((task) => [task.name, new TaskProgress(task, nowMs)]));
  }

  see(event: SupervisorEvent, nowMs: number): void {
    this.#tasks.get(event.task)?.see(event, nowMs);
  }

  seeStored(
    stored: readonly {
      readonly name: string;
      readonly lagBytes: number | undefined;
      readonly lastCommitMs: number;
    }[],
  ): void {
    for (const task of stored) this.#tasks.get(task.name)?.seeStored(task);
  }

  stop(): void {
    for (const task of this.#tasks.values()) task.stop();
  }

  at(nowMs: number): TaskSnapshot[] {
    return [...this.#tasks.values()].map((task) => task.at(nowMs));
  }
}
