// The thread of one task: it owns the task's connector process, its own connection to the store, and its journals.

import { parentPort, workerData } from 'node:worker_threads';
import { captureSpecFromJson, materializationSpecFromJson } from '@weir/protocol';
import { ConnectorProcess } from '../connector/connector-process.ts';
import type { OpsLog } from '../connector/ops-log.ts';
import { runCapture } from '../task/capture-task.ts';
import { runMaterialization } from '../task/materialize-task.ts';
import { openEnvironment, type TaskEvent } from '../task/task-environment.ts';
import { toTaskError } from './task-error.ts';
import { type FromTaskThread, stopRequest, type TaskThreadData } from './task-thread.ts';

function post(message: FromTaskThread): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort has no target
  parentPort?.postMessage(message);
}

async function run(data: TaskThreadData, signal: AbortSignal): Promise<'stopped' | 'schemaChanged'> {
  using environment = openEnvironment(data.statePath);
  const { command, secrets, logLevel, version } = data;
  const onEvent = (event: TaskEvent): void => post({ kind: 'event', event });
  const onLog = (log: OpsLog): void => post({ kind: 'log', log });
  if (data.kind === 'capture') {
    const capture = captureSpecFromJson(data.spec);
    const connect = async () =>
      await ConnectorProcess.start('capture', command, { config: capture.config, secrets, logLevel, onLog });
    await runCapture({ environment, capture, version, connect, signal, onEvent });
    return 'stopped';
  }
  const materialization = materializationSpecFromJson(data.spec);
  const { inferredVersions } = data;
  const { config } = materialization;
  const connect = async () =>
    await ConnectorProcess.start('materialize', command, { config, secrets, logLevel, onLog });
  const end = await runMaterialization({
    environment,
    materialization,
    version,
    connect,
    signal,
    onEvent,
    inferredVersions,
  });
  return end === 'schemaChanged' ? end : 'stopped';
}

const stop = new AbortController();
parentPort?.on('message', (message: unknown) => {
  if (message === stopRequest) stop.abort();
});
try {
  post({ kind: 'end', end: await run(workerData as TaskThreadData, stop.signal) });
} catch (error) {
  post({ kind: 'error', error: toTaskError(error) });
} finally {
  parentPort?.close();
}
