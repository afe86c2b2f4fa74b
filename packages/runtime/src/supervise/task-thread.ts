// What the supervisor and the thread of a task say to each other. Everything is plain data; specifications travel as
// their protocol JSON, requests and responses as frames of the protocol.
//
// The supervisor asks for `validate`, answered by `validated` or `refused`, and for `run`, answered by `end` or `error`:
// one of each at a time. A Validate during a run prepares the next run.

import type { JsonText, RetryPolicy } from '@weir/protocol';
import type { ConnectorCommand } from '../connector/connector-command.ts';
import type { OpsLog } from '../connector/ops-log.ts';
import type { TaskKind } from '../store/store.ts';
import type { TaskEvent } from '../task/task-environment.ts';

export interface TaskThreadData {
  readonly kind: TaskKind;
  readonly statePath: string;
}

/** Where and how the task's connector is started. */
export interface TaskConnector {
  readonly task: string;
  readonly command: ConnectorCommand;
  readonly config: JsonText;
  /** The catalog's own configuration, which `config` may be a renewed form of. */
  readonly catalogConfig: JsonText;
  /** What was encrypted in the endpoint's config: kept out of logs and errors, with what the config's schema marks. */
  readonly secrets: readonly string[];
  readonly logLevel: string;
}

export interface TaskRun {
  readonly connector: TaskConnector;
  readonly spec: JsonText;
  readonly version: string;
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

export type ToTaskThread =
  | { readonly kind: 'validate'; readonly connector: TaskConnector; readonly request: Uint8Array }
  | { readonly kind: 'run'; readonly run: TaskRun }
  /** End the run at the next transaction's border. */
  | { readonly kind: 'stop' }
  /** Stop every process, and end. */
  | { readonly kind: 'close' };

/** The other ends: run the task again with a specification that is built anew. */
export type TaskEnd = 'stopped' | 'schemaChanged' | 'configChanged';

export type FromTaskThread =
  | { readonly kind: 'event'; readonly event: TaskEvent }
  | { readonly kind: 'log'; readonly log: OpsLog }
  /** The run is about to end with schemaChanged. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'validated'; readonly response: Uint8Array }
  | { readonly kind: 'refused'; readonly error: TaskError }
  | { readonly kind: 'end'; readonly end: TaskEnd }
  | { readonly kind: 'error'; readonly error: TaskError };
