// The tasks of a state folder as `weir status` shows them: what the store holds of each, joined with what the last run
// said it was doing.

import type { RuntimeStatus } from '@weir/runtime';
import type { TaskPhase } from './task-progress.ts';
import type { TaskState, TaskStates } from './task-states.ts';

export interface TaskRow {
  readonly name: string;
  readonly kind: TaskState['kind'];
  /** not running: nobody owns the folder, and the last run did not end by itself, or did not include this task. */
  readonly phase: TaskPhase | 'not running';
  readonly documents: number;
  readonly bytes: number;
  readonly transactions: number;
  readonly lagBytes?: number;
  /** RFC 3339. */
  readonly lastCommit?: string;
  readonly error?: NonNullable<TaskState['error']>;
  readonly bindings: RuntimeStatus['tasks'][number]['bindings'];
  readonly askedBackfills: RuntimeStatus['tasks'][number]['askedBackfills'];
}

export function taskRows(status: RuntimeStatus, states: TaskStates | undefined): TaskRow[] {
  const stored = new Map(status.tasks.map((task) => [task.name, task]));
  const known = new Map(Object.entries(states?.tasks ?? {}));
  return [...new Set([...stored.keys(), ...known.keys()])].sort().map((name) => {
    const task = stored.get(name);
    const state = known.get(name);
    const bindings = task?.bindings ?? [];
    const error = state?.error;
    return {
      name,
      kind: task?.kind ?? state?.kind ?? 'capture',
      phase: phaseOf(status, states, state),
      documents: bindings.reduce((sum, { documents }) => sum + documents, 0),
      bytes: bindings.reduce((sum, { bytes }) => sum + bytes, 0),
      transactions: task?.transactions ?? 0,
      ...(task?.lagBytes === undefined ? {} : { lagBytes: task.lagBytes }),
      ...(task === undefined || task.lastCommitMs === 0
        ? {}
        : { lastCommit: new Date(task.lastCommitMs).toISOString() }),
      ...(error === undefined ? {} : { error }),
      bindings,
      askedBackfills: task?.askedBackfills ?? [],
    };
  });
}

function phaseOf(
  { owner }: RuntimeStatus,
  states: TaskStates | undefined,
  state: TaskState | undefined,
): TaskRow['phase'] {
  const phase = state?.phase ?? 'not running';
  if (owner === undefined) return phase === 'stopped' || phase === 'failed' ? phase : 'not running';
  // A new owner that has not told anything yet.
  return owner.pid === states?.pid ? phase : 'starting';
}
