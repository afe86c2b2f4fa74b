// Runs the tasks of a catalog: each is built (its connector validates it), gets a thread, and is started again after it
// failed, as its error allows. A stop lets every task end at a transaction's border.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  captureSpecToJson,
  materializationSpecToJson,
  type CaptureSpec,
  type JsonText,
  type MaterializationSpec,
} from '@weir/protocol';
import type { Validate } from '../build/build-options.ts';
import type { ConnectorCommand } from '../connector/connector-command.ts';
import type { OpsLog } from '../connector/ops-log.ts';
import { type Clock, type Random, systemClock, systemRandom } from '../host/clock.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder } from '../store/state-folder.ts';
import { StateLock } from '../store/state-lock.ts';
import type { Store, TaskKind } from '../store/store.ts';
import type { TaskEvent } from '../task/task-environment.ts';
import { BackOff } from './back-off.ts';
import { CaughtUp } from './caught-up.ts';
import { RunningThread, ThreadFailure } from './running-thread.ts';
import { toTaskError } from './task-error.ts';
import type { TaskError, TaskRun } from './task-thread.ts';

export interface BuiltTaskBase {
  /** 16 hexadecimal digits. */
  readonly version: string;
  readonly command: ConnectorCommand;
  /** The catalog's own configuration of the endpoint, which the specification's may be a renewed form of. */
  readonly catalogConfig: JsonText;
  /** What was encrypted in the endpoint's config. */
  readonly secrets: readonly string[];
}

export type BuiltTask =
  | (BuiltTaskBase & { readonly kind: 'capture'; readonly spec: CaptureSpec })
  | (BuiltTaskBase & { readonly kind: 'materialization'; readonly spec: MaterializationSpec });

export interface TaskName {
  readonly name: string;
  readonly kind: TaskKind;
}

export type SupervisorEvent = { readonly task: string } & (
  | TaskEvent
  | { readonly kind: 'starting' }
  | { readonly kind: 'log'; readonly log: OpsLog }
  /** The collection's inferred schema outgrew the specification, which is built again. */
  | { readonly kind: 'schemaChanged' }
  /** `retryInMs` undefined: it is not tried again. */
  | { readonly kind: 'failed'; readonly error: TaskError; readonly retryInMs: number | undefined }
  | { readonly kind: 'stopped' }
);

export interface SupervisorOptions {
  readonly statePath: string;
  readonly tasks: readonly TaskName[];
  /**
   * Builds a task's specification with what the store holds now, at every start of the task and when a schema has grown.
   * `validate` asks the connector by a process that the task then goes on with.
   */
  readonly build: (task: TaskName, store: Store, validate: Validate) => Promise<BuiltTask>;
  /** Aborting stops every task at a transaction's border. */
  readonly signal: AbortSignal;
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** Stop when captures are idle and materializations have everything, or when a task has failed too often (back-off.ts). */
  readonly untilCaughtUp?: boolean;
  /** A capture without documents for so long is idle. Default 3 s. */
  readonly idleMs?: number;
  readonly logLevel?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface SupervisorResult {
  /** Tasks that failed for good, and why. */
  readonly failed: ReadonlyMap<string, TaskError>;
}

const caughtUpCheckMs = 50;

/** Errors: RUNTIME_STATE_LOCKED, RUNTIME_STATE_UNUSABLE, RUNTIME_STATE_VERSION; tasks' own failures are events. */
export async function supervise(options: SupervisorOptions): Promise<SupervisorResult> {
  const clock = options.clock ?? systemClock;
  const folder = prepareStateFolder(options.statePath);
  using _lock = StateLock.acquire(folder.path, clock.nowMs());
  // Scratch files of a run that was killed; with the lock held nobody uses them.
  for (const name of readdirSync(folder.spillPath)) rmSync(join(folder.spillPath, name), { force: true });
  using store = new SqliteStore(folder.storePath);
  const supervisor = new Supervisor(options, folder.path, store, clock);
  return await supervisor.run();
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #statePath: string;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #caughtUp: CaughtUp;
  readonly #failed = new Map<string, TaskError>();

  constructor(options: SupervisorOptions, statePath: string, store: Store, clock: Clock) {
    this.#options = options;
    this.#statePath = statePath;
    this.#store = store;
    this.#clock = clock;
    this.#random = options.random ?? systemRandom;
    this.#caughtUp = new CaughtUp(options.tasks, store, clock, options.idleMs ?? 3000);
  }

  async run(): Promise<SupervisorResult> {
    const { signal, tasks } = this.#options;
    const onAbort = (): void => this.#stop.abort();
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const watching = this.#options.untilCaughtUp === true ? this.#stopWhenCaughtUp() : Promise.resolve();
    try {
      await Promise.all(tasks.map(async (task) => await this.#keepRunning(task)));
    } finally {
      this.#stop.abort();
      signal.removeEventListener('abort', onAbort);
      await watching;
    }
    return { failed: this.#failed };
  }

  async #stopWhenCaughtUp(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#caughtUp.check()) this.#stop.abort();
      else await this.#clock.sleep(caughtUpCheckMs, this.#stop.signal);
    }
  }

  /** Until the supervisor stops, or the task fails for good. Never rejects. */
  async #keepRunning(task: TaskName): Promise<void> {
    const backOff = new BackOff(this.#random, this.#options.untilCaughtUp !== true);
    while (!this.#stop.signal.aborted) {
      this.#tell({ task: task.name, kind: 'starting' });
      backOff.started(this.#clock.nowMs());
      try {
        await this.#run(task, backOff);
        break;
      } catch (raw) {
        // A build that the stop has interrupted is no failure.
        if (this.#stop.signal.aborted && !(raw instanceof ThreadFailure)) break;
        const failure = raw instanceof ThreadFailure ? raw.error : toTaskError(raw);
        if (this.#caughtUp.wasIdle(task.name)) backOff.caughtUp();
        const retryInMs = backOff.failed(failure.retry, this.#clock.nowMs());
        const isGivenUp = retryInMs === undefined && failure.retry !== 'never';
        const error = isGivenUp ? givenUp(failure, backOff.fruitless) : failure;
        this.#tell({ task: task.name, kind: 'failed', error, retryInMs });
        if (retryInMs === undefined) {
          this.#failed.set(task.name, error);
          this.#caughtUp.fail(task.name);
          return;
        }
        await this.#clock.sleep(retryInMs, this.#stop.signal);
      }
    }
    this.#tell({ task: task.name, kind: 'stopped' });
  }

  /** Until the task is stopped. Throws what it failed with. */
  async #run(task: TaskName, backOff: BackOff): Promise<void> {
    let prepared: Promise<TaskRun> | undefined;
    await using thread = new RunningThread({
      name: task.name,
      data: { kind: task.kind, statePath: this.#statePath },
      signal: this.#stop.signal,
      onMessage: (message) => {
        if (message.kind === 'log') {
          this.#tell({ task: task.name, kind: 'log', log: message.log });
        } else if (message.kind === 'event') {
          const { event } = message;
          if (event.kind === 'commit' && event.documents > 0) backOff.progressed();
          this.#tell({ task: task.name, ...event });
        } else {
          // While the session commits what it has read.
          prepared = this.#build(task, thread);
          prepared.catch(() => {});
        }
      },
    });
    for (;;) {
      if (this.#stop.signal.aborted) return;
      const run = await (prepared ?? this.#build(task, thread));
      prepared = undefined;
      if (this.#stop.signal.aborted) return;
      backOff.started(this.#clock.nowMs());
      const end = await thread.run(run);
      if (end === 'stopped') return;
      if (end === 'configChanged') {
        await this.#pauseForNewConfig(task, backOff);
        continue;
      }
      backOff.progressed();
      this.#tell({ task: task.name, kind: 'schemaChanged' });
    }
  }

  /** A new configuration is used at once, unless one follows another and nothing is committed: each may cost a token. */
  async #pauseForNewConfig({ name }: TaskName, backOff: BackOff): Promise<void> {
    const waitMs = backOff.pauseMs(this.#clock.nowMs());
    if (waitMs === 0) return;
    this.#caughtUp.starting(name);
    const ts = new Date(this.#clock.nowMs()).toISOString();
    const message =
      'the connector has renewed its configuration again before it had committed anything, and waits until it is started again';
    this.#tell({ task: name, kind: 'log', log: { ts, level: 'warn', message, fields: { waitMs } } });
    await this.#clock.sleep(waitMs, this.#stop.signal);
  }

  async #build(task: TaskName, thread: RunningThread): Promise<TaskRun> {
    this.#caughtUp.starting(task.name);
    // Before building, so that a change in between is seen as one.
    const versions = new Map(
      this.#store.journals().map(({ collection }) => [collection, this.#store.inferredVersion(collection)]),
    );
    const built = await this.#options.build(task, this.#store, async (protocol, endpoint, request) => {
      return await thread.validate(protocol, endpoint, request);
    });
    this.#caughtUp.built(task.name, built);
    const { spec, version, command, catalogConfig, secrets } = built;
    const logLevel = this.#options.logLevel ?? 'info';
    return {
      connector: { task: task.name, command, config: spec.config, catalogConfig, secrets, logLevel },
      spec: built.kind === 'capture' ? captureSpecToJson(built.spec) : materializationSpecToJson(built.spec),
      version,
      inferredVersions:
        built.kind === 'capture'
          ? []
          : built.spec.bindings.map(({ collection }) => versions.get(collection.name) ?? 0),
    };
  }

  #tell(event: SupervisorEvent): void {
    this.#caughtUp.see(event);
    this.#options.onEvent?.(event);
  }
}

function givenUp(error: TaskError, failures: number): TaskError {
  const message = `${error.message} It failed ${failures} times in a row, with nothing committed in between: a run that ends when it is caught up tries no more.`;
  return { ...error, message };
}
