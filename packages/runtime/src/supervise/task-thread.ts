// What the supervisor and the thread of a task say to each other. Everything is plain data; specifications travel as
// their protocol JSON.

import type { JsonText, RetryPolicy } from '@weir/protocol';
import type { ConnectorCommand } from '../connector/connector-command.ts';
import type { OpsLog } from '../connector/ops-log.ts';
import type { TaskKind } from '../store/store.ts';
import type { TaskEvent } from '../task/task-environment.ts';

export interface TaskThreadData {
  readonly kind: TaskKind;
  readonly name: string;
  readonly spec: JsonText;
  readonly version: string;
  readonly command: ConnectorCommand;
  /** What was encrypted in the endpoint's config: kept out of logs and errors, with what the config's schema marks. */
  readonly secrets: readonly string[];
  readonly statePath: string;
  readonly logLevel: string;
  /** Of materializations: see `MaterializeTaskOptions`. */
  readonly inferredVersions: readonly number[];
}

/** An error as it crosses threads. */
export interface TaskError {
  /** '' for an error without a code: a defect of the runtime. */
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly retry: RetryPolicy;
  readonly stack: string;
}

export type FromTaskThread =
  | { readonly kind: 'event'; readonly event: TaskEvent }
  | { readonly kind: 'log'; readonly log: OpsLog }
  | { readonly kind: 'end'; readonly end: 'stopped' | 'schemaChanged' }
  | { readonly kind: 'error'; readonly error: TaskError };

/** Sent to a task's thread: end at the next transaction's border. */
export const stopRequest = 'stop';
