// The thread of one task: it owns the task's connector processes, its own connection to the store, and its journals. The
// process that answered Validate is the one that is applied and opened.

import { parentPort, workerData } from 'node:worker_threads';
import {
  captureSpecFromJson,
  createDecoder,
  createEncoder,
  materializationSpecFromJson,
  type MaterializationSpec,
} from '@weir/protocol';
import { INFERRED_SCHEMA } from '@weir/schema';
import type { ConnectorProtocol } from '../connector/connector-command.ts';
import { ConnectorProcess, type RequestOf } from '../connector/connector-process.ts';
import type { OpsLog } from '../connector/ops-log.ts';
import { KeptConfigs } from '../store/kept-configs.ts';
import { runCapture } from '../task/capture-task.ts';
import { CompiledBindings } from '../task/compiled-bindings.ts';
import { runMaterialization } from '../task/materialize-task.ts';
import { ReusedProcess } from '../task/reused-process.ts';
import { type OpenEnvironment, openEnvironment, type TaskEvent } from '../task/task-environment.ts';
import { toTaskError } from './task-error.ts';
import type {
  FromTaskThread,
  TaskConnector,
  TaskEnd,
  TaskRun,
  TaskThreadData,
  ToTaskThread,
} from './task-thread.ts';

/** For so long after a session was opened, its successor stands by: schemas grow most while they are young. */
const standByMs = 60_000;

const { kind, statePath } = workerData as TaskThreadData;
const keptConfigs = new KeptConfigs(statePath);
const stop = new AbortController();
const closing = new AbortController();

function post(message: FromTaskThread): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort has no target
  parentPort?.postMessage(message);
}

const onEvent = (event: TaskEvent): void => post({ kind: 'event', event });
const onLog = (log: OpsLog): void => post({ kind: 'log', log });

class TaskProcesses<P extends ConnectorProtocol> {
  readonly #protocol: P;
  /** Of what was asked for last: the catalog of a run does not change. */
  #connector: TaskConnector | undefined;
  /** The connector that runs now has renewed its configuration. */
  hasNewConfig = false;
  readonly reused = new ReusedProcess<ConnectorProcess<P>>(async () => await this.#start());

  constructor(protocol: P) {
    this.#protocol = protocol;
  }

  use(connector: TaskConnector): void {
    this.#connector = connector;
    this.hasNewConfig = false;
  }

  async validate(frame: Uint8Array): Promise<Uint8Array> {
    const decoder = createDecoder<`${P}.Request`>(`${this.#protocol}.Request`, 'proto');
    decoder.push(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));
    const request = decoder.next() as RequestOf<P>;
    const connection = await this.reused.connect();
    try {
      const response = await connection.call(request, 'validated');
      const encoder = createEncoder<`${P}.Response`>(`${this.#protocol}.Response`, 'proto');
      encoder.write(response);
      this.reused.keep(connection);
      return encoder.take();
    } catch (error) {
      await connection.kill();
      throw error;
    }
  }

  async #start(): Promise<ConnectorProcess<P>> {
    if (this.#connector === undefined) throw new Error('no connector is known yet');
    const { task, command, catalogConfig, ...options } = this.#connector;
    const { signal } = closing;
    const onConfigUpdate = (config: string): void => {
      keptConfigs.keep(task, catalogConfig, config);
      this.hasNewConfig = true;
    };
    return await ConnectorProcess.start(this.#protocol, command, {
      ...options,
      onLog,
      onConfigUpdate,
      signal,
    });
  }
}

const captures = new TaskProcesses('capture');
const materializations = new TaskProcesses('materialize');
const processes = kind === 'capture' ? captures : materializations;

let opened: { readonly environment: OpenEnvironment; readonly compiled: CompiledBindings } | undefined;

function open(): NonNullable<typeof opened> {
  const environment = openEnvironment(statePath);
  return { environment, compiled: new CompiledBindings(environment.store) };
}

async function run({ spec, version, inferredVersions }: TaskRun): Promise<TaskEnd> {
  opened ??= open();
  const { environment, compiled } = opened;
  const { signal } = stop;
  if (kind === 'capture') {
    const capture = captureSpecFromJson(spec);
    const { connect } = captures.reused;
    const hasNewConfig = (): boolean => captures.hasNewConfig;
    return await runCapture({ environment, capture, version, connect, signal, onEvent, hasNewConfig });
  }
  const materialization = materializationSpecFromJson(spec);
  const { reused } = materializations;
  const end = await runMaterialization({
    environment,
    materialization,
    version,
    connect: reused.connect,
    signal,
    inferredVersions,
    compiled,
    onOutdated: () => post({ kind: 'outdated' }),
    onEvent(event) {
      if (event.kind === 'opened' && infersSchemas(materialization)) reused.standBy(standByMs);
      onEvent(event);
    },
  });
  return end === 'schemaChanged' ? end : 'stopped';
}

function infersSchemas({ bindings }: MaterializationSpec): boolean {
  return bindings.some(({ collection }) => collection.readSchema?.includes(INFERRED_SCHEMA) === true);
}

async function answer(message: ToTaskThread): Promise<void> {
  switch (message.kind) {
    case 'validate':
      processes.use(message.connector);
      try {
        post({ kind: 'validated', response: await processes.validate(message.request) });
      } catch (error) {
        post({ kind: 'refused', error: toTaskError(error) });
      }
      return;
    case 'run':
      processes.use(message.run.connector);
      try {
        post({ kind: 'end', end: await run(message.run) });
      } catch (error) {
        post({ kind: 'error', error: toTaskError(error) });
      }
      return;
    case 'stop':
      stop.abort();
      return;
    case 'close':
      // What still lives stands by or validates: a run has ended its own.
      closing.abort(new Error('the task is stopped'));
      opened?.environment[Symbol.dispose]();
      parentPort?.close();
  }
}

parentPort?.on('message', (message: ToTaskThread) => void answer(message));
