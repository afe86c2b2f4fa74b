// How a failed command ends: one line `task: CODE: what happened`, what to do, exit status 1, and no stack trace. With
// --log-json it is a log like the others, {"ts","level":"error","message","fields":{"task","code"}}.

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

let asJson = false;

/** For a command that was asked for JSON logs. */
export function reportFailuresAsJson(): void {
  asJson = true;
}

export function failureJson(error: unknown, now: Date): string {
  const task = typeof error === 'object' && error !== null ? tasks.get(error) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const fields = {
    ...(task === undefined ? {} : { task }),
    ...(error instanceof WeirError ? { code: error.code, fix: error.fix } : {}),
  };
  return JSON.stringify({ ts: now.toISOString(), level: 'error', message, fields });
}

export function reportFailure(error: unknown): void {
  process.stderr.write(`${asJson ? failureJson(error, new Date()) : failureText(error)}\n`);
  if (!(error instanceof WeirError) && error instanceof Error && process.env['WEIR_STACK'] === '1') {
    process.stderr.write(`${error.stack}\n`);
  }
}
