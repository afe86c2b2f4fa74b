// `tasks.json` in the state folder: what the tasks of the last run are or were doing, for `weir status`. Replaced as a
// whole at every change of a phase. It is only news, never needed to run; a full disk may leave it behind the facts.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TaskPhase, TaskSnapshot } from './task-progress.ts';

export interface TaskState {
  readonly kind: TaskSnapshot['kind'];
  readonly phase: TaskPhase;
  readonly error?: { readonly code: string; readonly message: string; readonly fix: string };
}

export interface TaskStates {
  /** Of the process that wrote it. */
  readonly pid: number;
  readonly tasks: Readonly<Record<string, TaskState>>;
}

export class TaskStatesFile {
  readonly #path: string;
  #written = '';

  constructor(statePath: string) {
    this.#path = join(resolve(statePath), 'tasks.json');
  }

  write(tasks: readonly TaskSnapshot[]): void {
    const states: TaskStates = {
      pid: process.pid,
      tasks: Object.fromEntries(tasks.map((task) => [task.name, stateOf(task)])),
    };
    const text = `${JSON.stringify(states)}\n`;
    if (text === this.#written) return;
    try {
      writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
      this.#written = text;
    } catch {
      // Told by whoever needs the disk for data.
    }
  }
}

function stateOf({ kind, phase, error }: TaskSnapshot): TaskState {
  if (error === undefined) return { kind, phase };
  const { code, message, fix } = error;
  return { kind, phase, error: { code, message, fix } };
}

export function readTaskStates(statePath: string): TaskStates | undefined {
  try {
    return JSON.parse(readFileSync(join(resolve(statePath), 'tasks.json'), 'utf8')) as TaskStates;
  } catch {
    return undefined;
  }
}
