// How a failed command ends: one line `task: CODE: what happened`, what to do, exit status 1, and no stack trace.

import { WeirError } from '@weir/protocol';

const tasks = new WeakMap<object, string>();

/** Runs something on behalf of a task, whose name then stands before what goes wrong. */
export async function forTask<T>(task: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (typeof error === 'object' && error !== null && !tasks.has(error)) tasks.set(error, task);
    throw error;
  }
}

export function failureText(error: unknown): string {
  const task = typeof error === 'object' && error !== null ? tasks.get(error) : undefined;
  const name = task === undefined ? 'weir' : task;
  if (error instanceof WeirError) return `${name}: ${error.explain()}`;
  return `${name}: ${error instanceof Error ? error.message : String(error)}`;
}

export function reportFailure(error: unknown): void {
  process.stderr.write(`${failureText(error)}\n`);
  if (!(error instanceof WeirError) && error instanceof Error && process.env['WEIR_STACK'] === '1') {
    process.stderr.write(`${error.stack}\n`);
  }
}
