// A capture: Apply, then sessions. A connector that ends cleanly is opened again when the capture's interval has passed
// since it was last opened; a streaming one never ends.

import {
  type CaptureRequest,
  type CaptureSpec,
  captureSpecFromJson,
  captureSpecToJson,
  type JsonText,
} from '@weir/protocol';
import { crashPoint } from '@weir/crash-point';
import type { CrashPoint } from '../crash-points.ts';
import { applyUntilSettled } from './apply.ts';
import { CaptureCommitter } from './capture-committer.ts';
import { type CaptureSessionEnd, runCaptureSession } from './capture-session.ts';
import { CaptureTransaction } from './capture-transaction.ts';
import { CapturedBinding } from './captured-binding.ts';
import type { CaptureConnection, Connect } from './connection.ts';
import { TaskState } from './connector-state.ts';
import { ReusedProcess } from './reused-process.ts';
import { scratchName } from './scratch-name.ts';
import { emptyState, type OnTaskEvent, type TaskEnvironment } from './task-environment.ts';

const crash = (point: CrashPoint): void => crashPoint(point);

export interface CaptureTaskOptions {
  readonly environment: TaskEnvironment;
  readonly capture: CaptureSpec;
  readonly version: string;
  readonly connect: Connect<CaptureConnection>;
  /** Aborting ends the task after the last whole checkpoint is committed. */
  readonly signal: AbortSignal;
  readonly onEvent?: OnTaskEvent;
  /** Sees every document as it is appended. */
  readonly onDocument?: (collection: string, document: Buffer) => void;
  /** The state of a task that has none yet. Default `{}`. */
  readonly initialState?: JsonText;
  /** The session ends after so many transactions. */
  readonly maxTransactions?: number;
  /** The pause between two transactions. Default 0. */
  readonly delayMs?: number;
  readonly transactionBytes?: number;
  readonly segmentBytes?: number;
  /** Asked when the connector has ended cleanly: whether it is to be opened with another configuration. */
  readonly hasNewConfig?: () => boolean;
}

/** Apply until the connector has nothing more to do, and remember what was applied. */
export async function applyCapture(
  options: CaptureTaskOptions,
  keep?: (connection: CaptureConnection) => void,
): Promise<void> {
  const { environment, capture, version, connect, onEvent } = options;
  const { store } = environment;
  const known = store.task(capture.name);
  const state = new TaskState(known?.state ?? options.initialState ?? emptyState);
  // The connector never sees a state that a crash could take back.
  if (known?.state === undefined) store.putState(capture.name, 'capture', state.text);
  const last = known?.lastApplied;
  await applyUntilSettled({
    task: capture.name,
    connect,
    keep,
    request: (): CaptureRequest => ({
      kind: 'apply',
      capture,
      version,
      lastVersion: known?.lastVersion ?? '',
      state: state.text,
      ...(last === undefined ? {} : { lastCapture: captureSpecFromJson(last) }),
    }),
    onState(update) {
      state.apply(update);
      store.putState(capture.name, 'capture', state.text);
      onEvent?.({ kind: 'state', state: update });
    },
    onApplied: (actionDescription) => onEvent?.({ kind: 'applied', actionDescription }),
  });
  crash('runtime.apply.before-persist');
  // Without its config, which may hold decrypted secrets.
  const applied = captureSpecToJson({ ...capture, config: emptyState });
  if (applied !== last || version !== known?.lastVersion) {
    store.putApplied(capture.name, 'capture', applied, version, undefined);
  }
  crash('runtime.apply.after-persist');
}

/** One session of a capture that was applied. */
export async function openCapture(options: CaptureTaskOptions): Promise<CaptureSessionEnd> {
  const { environment, capture, version, onEvent } = options;
  const { store, disk, clock, folder, heads } = environment;
  const inferred = (collection: string, stateKey: string): JsonText | undefined =>
    store
      .inferredSchemas(collection)
      .find((entry) => entry.task === capture.name && entry.stateKey === stateKey)?.schema;
  const bindings = capture.bindings.map(
    (spec, index) =>
      new CapturedBinding(index, spec, inferred(spec.collection.name, spec.stateKey), capture.redactSalt),
  );
  const transaction = (part: string): CaptureTransaction =>
    new CaptureTransaction({
      bindings: bindings.map(({ combine }) => combine),
      disk,
      spillPath: folder.spillPath,
      name: scratchName('capture', capture.name, part),
    });
  using committer = new CaptureCommitter({
    capture,
    bindings,
    store,
    heads,
    disk,
    clock,
    journalsPath: folder.journalsPath,
    onDocument: options.onDocument,
    ...(options.segmentBytes === undefined ? {} : { journal: { segmentBytes: options.segmentBytes } }),
  });
  const connection = await options.connect();
  try {
    return await runCaptureSession({
      capture,
      version,
      connection,
      bindings,
      committer,
      transactions: [transaction('a'), transaction('b')],
      state: new TaskState(store.task(capture.name)?.state ?? emptyState),
      clock,
      signal: options.signal,
      maxTransactions: options.maxTransactions,
      delayMs: options.delayMs ?? 0,
      ...(options.transactionBytes === undefined ? {} : { transactionBytes: options.transactionBytes }),
      onOpened: () => onEvent?.({ kind: 'opened' }),
      onState: (state) => onEvent?.({ kind: 'state', state }),
      onReceiving: (isReceiving) => onEvent?.({ kind: 'receiving', isReceiving }),
      onCommit: ({ documents, bytes }) => onEvent?.({ kind: 'commit', documents, bytes, stored: documents }),
    });
  } finally {
    await connection.stop();
  }
}

/** configChanged: the connector ended to be opened with the configuration that it has renewed. */
export type CaptureEnd = 'stopped' | 'configChanged';

/** Runs a capture until it is stopped. Throws what its connector, its documents or the disk failed with. */
export async function runCapture(options: CaptureTaskOptions): Promise<CaptureEnd> {
  const { capture, signal, environment, onEvent } = options;
  await using process = new ReusedProcess(options.connect);
  const reusing = { ...options, connect: process.connect };
  while (!signal.aborted) {
    // Before each Open, as Flow does.
    await applyCapture(reusing, process.keep);
    const openedMs = environment.clock.nowMs();
    const end = await openCapture(reusing);
    if (end !== 'exited') return 'stopped';
    if (options.hasNewConfig?.() === true) return 'configChanged';
    onEvent?.({ kind: 'caughtUp', positions: {} });
    const waitMs = openedMs + capture.intervalSeconds * 1000 - environment.clock.nowMs();
    if (waitMs > 0) await environment.clock.sleep(waitMs, signal);
  }
  return 'stopped';
}
