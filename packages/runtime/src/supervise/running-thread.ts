// The supervisor's side of a task's thread. Disposing it ends the thread and the connector processes that it holds.

import { Worker } from 'node:worker_threads';
import type { ConnectorProtocol } from '../connector/connector-command.ts';
import { compileCache } from '../connector/connector-command.ts';
import type { RequestOf, ResponseOf } from '../connector/connector-process.ts';
import { createDecoder, createEncoder } from '@weir/protocol';
import type {
  FromTaskThread,
  TaskConnector,
  TaskEnd,
  TaskError,
  TaskRun,
  TaskThreadData,
  ToTaskThread,
} from './task-thread.ts';

/** How long a stopped task may take to end its transaction before its thread is taken down. */
const stopTimeoutMs = 60_000;
/** A greater one is hardly faster, and its pages are never given back. */
const youngGenerationMiB = 24;

/** What a task failed with in its thread. */
export class ThreadFailure extends Error {
  readonly error: TaskError;

  constructor(error: TaskError) {
    super(error.message);
    this.error = error;
  }
}

export interface RunningThreadOptions {
  readonly name: string;
  readonly data: TaskThreadData;
  /** Aborting ends a run at its next transaction's border, and a Validate at once. */
  readonly signal: AbortSignal;
  readonly onMessage: (message: Extract<FromTaskThread, { kind: 'event' | 'log' | 'outdated' }>) => void;
}

export class RunningThread implements AsyncDisposable {
  readonly #options: RunningThreadOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #onStop: () => void;
  #validated: PromiseWithResolvers<Uint8Array> | undefined;
  #ended: PromiseWithResolvers<TaskEnd> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RunningThreadOptions) {
    const { name, data, signal } = options;
    this.#options = options;
    this.#worker = new Worker(new URL('task-worker-start.ts', import.meta.url), {
      workerData: data,
      name,
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache() },
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMiB },
    });
    this.#worker.on('message', (message: FromTaskThread) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail(new Error(`the thread of ${name} ended with ${code}`));
        resolve();
      });
    });
    this.#onStop = () => {
      this.#post({ kind: 'stop' });
      this.#timer = setTimeout(() => void this.#worker.terminate(), stopTimeoutMs);
      this.#timer.unref();
    };
    signal.addEventListener('abort', this.#onStop);
    if (signal.aborted) this.#onStop();
  }

  /** Asks the task's connector, by a process that the next run goes on with. Throws ThreadFailure. */
  async validate<P extends ConnectorProtocol>(
    protocol: P,
    connector: TaskConnector,
    request: RequestOf<P>,
  ): Promise<Extract<ResponseOf<P>, { kind: 'validated' }>> {
    const { signal } = this.#options;
    const encoder = createEncoder<`${P}.Request`>(`${protocol}.Request`, 'proto');
    encoder.write(request);
    const validated = Promise.withResolvers<Uint8Array>();
    this.#validated = validated;
    const onStop = (): void => validated.reject(signal.reason);
    signal.addEventListener('abort', onStop);
    if (signal.aborted) onStop();
    this.#post({ kind: 'validate', connector, request: encoder.take() });
    try {
      const { buffer, byteOffset, byteLength } = await validated.promise;
      const decoder = createDecoder<`${P}.Response`>(`${protocol}.Response`, 'proto');
      decoder.push(Buffer.from(buffer, byteOffset, byteLength));
      return decoder.next() as Extract<ResponseOf<P>, { kind: 'validated' }>;
    } finally {
      signal.removeEventListener('abort', onStop);
    }
  }

  /** Throws ThreadFailure. */
  async run(run: TaskRun): Promise<TaskEnd> {
    this.#ended = Promise.withResolvers<TaskEnd>();
    this.#post({ kind: 'run', run });
    return await this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#post({ kind: 'close' });
    await this.#exited;
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener('abort', this.#onStop);
  }

  #fail(error: Error): void {
    this.#validated?.reject(error);
    this.#ended?.reject(error);
  }

  #post(message: ToTaskThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a Worker has no target
    this.#worker.postMessage(message);
  }

  #take(message: FromTaskThread): void {
    switch (message.kind) {
      case 'validated':
        this.#validated?.resolve(message.response);
        return;
      case 'refused':
        this.#validated?.reject(new ThreadFailure(message.error));
        return;
      case 'end':
        this.#ended?.resolve(message.end);
        return;
      case 'error':
        this.#ended?.reject(new ThreadFailure(message.error));
        return;
      default:
        this.#options.onMessage(message);
    }
  }
}
