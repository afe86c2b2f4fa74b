// Runs the tasks of a catalog: each is built (its connector validates it), gets a thread, and is started again after it
// failed, as its error allows. A stop lets every task end at a transaction's border.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  captureSpecToJson,
  materializationSpecToJson,
  type CaptureSpec,
  type MaterializationSpec,
} from '@weir/protocol';
import { compileCache, type ConnectorCommand } from '../connector/connector-command.ts';
import type { OpsLog } from '../connector/ops-log.ts';
import { type Clock, type Random, systemClock, systemRandom } from '../host/clock.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder } from '../store/state-folder.ts';
import { StateLock } from '../store/state-lock.ts';
import type { Store, TaskKind } from '../store/store.ts';
import type { TaskEvent } from '../task/task-environment.ts';
import { BackOff } from './back-off.ts';
import { CaughtUp } from './caught-up.ts';
import { toTaskError } from './task-error.ts';
import { type FromTaskThread, stopRequest, type TaskError, type TaskThreadData } from './task-thread.ts';

export interface BuiltTaskBase {
  /** 16 hexadecimal digits. */
  readonly version: string;
  readonly command: ConnectorCommand;
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
  /** Builds a task's specification with what the store holds now. Called at every start of the task. */
  readonly build: (task: TaskName, store: Store) => Promise<BuiltTask>;
  /** Aborting stops every task at a transaction's border. */
  readonly signal: AbortSignal;
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** Stop when captures are idle and materializations have everything. */
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

/** How long a stopped task may take to end its transaction before its thread is taken down. */
const stopTimeoutMs = 60_000;
const caughtUpCheckMs = 50;
/** Of each task's thread. A greater one is hardly faster, and its pages are never given back. */
const youngGenerationMiB = 24;

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
    const backOff = new BackOff(this.#random);
    while (!this.#stop.signal.aborted) {
      this.#tell({ task: task.name, kind: 'starting' });
      backOff.started(this.#clock.nowMs());
      let end: 'stopped' | 'schemaChanged';
      try {
        end = await this.#runOnce(task, () => backOff.progressed());
      } catch (raw) {
        // A build that the stop has interrupted is no failure.
        if (this.#stop.signal.aborted && !(raw instanceof ThreadFailure)) break;
        const error = raw instanceof ThreadFailure ? raw.error : toTaskError(raw);
        const retryInMs = backOff.failed(error.retry, this.#clock.nowMs());
        this.#tell({ task: task.name, kind: 'failed', error, retryInMs });
        if (retryInMs === undefined) {
          this.#failed.set(task.name, error);
          this.#caughtUp.fail(task.name);
          return;
        }
        await this.#clock.sleep(retryInMs, this.#stop.signal);
        continue;
      }
      if (end === 'stopped') break;
      backOff.progressed();
      this.#tell({ task: task.name, kind: 'schemaChanged' });
    }
    this.#tell({ task: task.name, kind: 'stopped' });
  }

  async #runOnce(task: TaskName, onProgress: () => void): Promise<'stopped' | 'schemaChanged'> {
    this.#caughtUp.starting(task.name);
    // Before building, so that a change in between is seen as one.
    const versions = new Map(
      this.#store.journals().map(({ collection }) => [collection, this.#store.inferredVersion(collection)]),
    );
    const built = await this.#options.build(task, this.#store);
    if (this.#stop.signal.aborted) return 'stopped';
    this.#caughtUp.built(task.name, built);
    const data: TaskThreadData = {
      kind: built.kind,
      name: task.name,
      spec: built.kind === 'capture' ? captureSpecToJson(built.spec) : materializationSpecToJson(built.spec),
      version: built.version,
      command: built.command,
      secrets: built.secrets,
      statePath: this.#statePath,
      logLevel: this.#options.logLevel ?? 'info',
      inferredVersions:
        built.kind === 'capture'
          ? []
          : built.spec.bindings.map(({ collection }) => versions.get(collection.name) ?? 0),
    };
    return await this.#runThread(data, onProgress);
  }

  async #runThread(data: TaskThreadData, onProgress: () => void): Promise<'stopped' | 'schemaChanged'> {
    const worker = new Worker(new URL('task-worker.ts', import.meta.url), {
      workerData: data,
      name: data.name,
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache() },
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMiB },
    });
    const ended = Promise.withResolvers<'stopped' | 'schemaChanged'>();
    let timer: NodeJS.Timeout | undefined;
    const onStop = (): void => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a Worker has no target
      worker.postMessage(stopRequest);
      timer = setTimeout(() => void worker.terminate(), stopTimeoutMs);
      timer.unref();
    };
    this.#stop.signal.addEventListener('abort', onStop);
    if (this.#stop.signal.aborted) onStop();
    worker.on('message', (message: FromTaskThread) => {
      if (message.kind === 'end') ended.resolve(message.end);
      else if (message.kind === 'error') ended.reject(new ThreadFailure(message.error));
      else if (message.kind === 'log') this.#tell({ task: data.name, kind: 'log', log: message.log });
      else {
        if (message.event.kind === 'commit' && message.event.documents > 0) onProgress();
        this.#tell({ task: data.name, ...message.event });
      }
    });
    worker.on('error', (error) => ended.reject(error));
    const exited = new Promise<void>((resolve) => {
      worker.on('exit', (code) => {
        ended.reject(new Error(`the thread of ${data.name} ended with ${code}`));
        resolve();
      });
    });
    try {
      return await ended.promise;
    } finally {
      await exited;
      clearTimeout(timer);
      this.#stop.signal.removeEventListener('abort', onStop);
    }
  }

  #tell(event: SupervisorEvent): void {
    this.#caughtUp.see(event);
    this.#options.onEvent?.(event);
  }
}

class ThreadFailure extends Error {
  readonly error: TaskError;

  constructor(error: TaskError) {
    super(error.message);
    this.error = error;
  }
}
