// A materialization: Apply, then one session that lasts until it is stopped.

import { setImmediate } from 'node:timers/promises';
import {
  type Checkpoint,
  type JsonText,
  type MaterializeRequest,
  materializationSpecFromJson,
  materializationSpecToJson,
  type MaterializationSpec,
} from '@weir/protocol';
import { crashPoint } from '@weir/crash-point';
import { Combiner } from '../combine/combiner.ts';
import type { CrashPoint } from '../crash-points.ts';
import { applyUntilSettled } from './apply.ts';
import { CompiledBindings } from './compiled-bindings.ts';
import type { Connect, MaterializeConnection } from './connection.ts';
import { TaskState } from './connector-state.ts';
import type { DocumentSource } from './document-source.ts';
import { JournalSource } from './journal-source.ts';
import { type MaterializeSessionEnd, runMaterializeSession } from './materialize-session.ts';
import { type MaterializedBinding, UnreadableDocument } from './materialized-binding.ts';
import { ReusedProcess } from './reused-process.ts';
import { scratchName } from './scratch-name.ts';
import { emptyState, type OnTaskEvent, type TaskEnvironment } from './task-environment.ts';

const crash = (point: CrashPoint): void => crashPoint(point);

export interface MaterializeTaskOptions {
  readonly environment: TaskEnvironment;
  readonly materialization: MaterializationSpec;
  readonly version: string;
  readonly connect: Connect<MaterializeConnection>;
  /** Aborting ends the task at a transaction's end. */
  readonly signal: AbortSignal;
  readonly onEvent?: OnTaskEvent;
  readonly initialState?: JsonText;
  readonly maxTransactions?: number;
  readonly transactionBytes?: number;
  readonly memoryBytes?: number;
  /** Where documents come from; the journals of the environment by default. */
  readonly openSource?: (checkpoint: Checkpoint) => DocumentSource;
  /** Versions of the collections' inferred schemas when the specification was built, in the order of the bindings. */
  readonly inferredVersions?: readonly number[];
  /** Of earlier sessions. */
  readonly compiled?: CompiledBindings;
  /** The session is going to end with schemaChanged, once it has committed what it has read. */
  readonly onOutdated?: () => void;
}

export async function applyMaterialization(
  options: MaterializeTaskOptions,
  keep?: (connection: MaterializeConnection) => void,
): Promise<void> {
  const { environment, materialization, version, connect, onEvent } = options;
  const { store } = environment;
  const { name } = materialization;
  const known = store.task(name);
  const state = new TaskState(known?.state ?? options.initialState ?? emptyState);
  // The connector never sees a state that a crash could take back.
  if (known?.state === undefined) store.putState(name, 'materialization', state.text);
  const last = known?.lastApplied;
  await applyUntilSettled({
    task: name,
    connect,
    keep,
    request: (): MaterializeRequest => ({
      kind: 'apply',
      materialization,
      version,
      lastVersion: known?.lastVersion ?? '',
      state: state.text,
      ...(last === undefined ? {} : { lastMaterialization: materializationSpecFromJson(last) }),
    }),
    onState(update) {
      state.apply(update);
      store.putState(name, 'materialization', state.text);
      onEvent?.({ kind: 'state', state: update });
    },
    onApplied: (actionDescription) => onEvent?.({ kind: 'applied', actionDescription }),
  });
  crash('runtime.apply.before-persist');
  // Without its config, which may hold decrypted secrets.
  const applied = materializationSpecToJson({ ...materialization, config: emptyState });
  if (applied !== last || version !== known?.lastVersion) {
    store.putApplied(name, 'materialization', applied, version, undefined);
  }
  crash('runtime.apply.after-persist');
}

/**
 * One session of a materialization that was applied. schemaChanged: build the specification again, the collection's
 * inferred schema is newer than the one it was built with. Throws DOCUMENT_INVALID among others.
 */
export async function openMaterialization(
  options: MaterializeTaskOptions,
  bindings: readonly MaterializedBinding[] = compile(options),
): Promise<MaterializeSessionEnd> {
  const { environment, materialization, version, onEvent } = options;
  const { store, disk, clock, folder, heads } = environment;
  const combinerOf = (part: string): Combiner =>
    new Combiner({
      bindings: bindings.map(({ combine }) => combine),
      disk,
      spillPath: folder.spillPath,
      name: scratchName('materialization', materialization.name, part),
      ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
    });
  using first = combinerOf('a');
  using second = combinerOf('b');
  const readJournals = (checkpoint: Checkpoint): DocumentSource =>
    new JournalSource({ materialization, checkpoint, store, heads, disk, journalsPath: folder.journalsPath });
  const connection = await options.connect();
  try {
    return await runMaterializeSession({
      materialization,
      version,
      connection,
      bindings,
      combiners: [first, second],
      openSource: options.openSource ?? readJournals,
      store,
      state: new TaskState(store.task(materialization.name)?.state ?? emptyState),
      clock,
      signal: options.signal,
      maxTransactions: options.maxTransactions,
      isOutdated(binding) {
        const isOutdated = hasNewerSchema(options, binding);
        if (isOutdated) options.onOutdated?.();
        return isOutdated;
      },
      ...(options.transactionBytes === undefined ? {} : { transactionBytes: options.transactionBytes }),
      onOpened: () => onEvent?.({ kind: 'opened' }),
      onState: (state) => onEvent?.({ kind: 'state', state }),
      onCommit: (commit) => onEvent?.({ kind: 'commit', ...commit }),
      onCaughtUp: (positions) => onEvent?.({ kind: 'caughtUp', positions }),
    });
  } catch (error) {
    throw error instanceof UnreadableDocument ? error.explanation : error;
  } finally {
    await connection.stop();
  }
}

export async function runMaterialization(options: MaterializeTaskOptions): Promise<MaterializeSessionEnd> {
  await using process = new ReusedProcess(options.connect);
  const reusing = { ...options, connect: process.connect };
  const applied = applyMaterialization(reusing, process.keep);
  // While the connector, which has been asked by then, applies.
  const compiled = setImmediate().then(() => compile(options));
  const [bindings] = await Promise.all([compiled, applied]);
  return await openMaterialization(reusing, bindings);
}

function compile({ environment, materialization, compiled }: MaterializeTaskOptions): MaterializedBinding[] {
  return (compiled ?? new CompiledBindings(environment.store)).of(materialization.bindings);
}

function hasNewerSchema(
  { environment, materialization, inferredVersions }: MaterializeTaskOptions,
  binding: number,
): boolean {
  const collection = materialization.bindings[binding]?.collection.name;
  const built = inferredVersions?.[binding];
  if (collection === undefined || built === undefined) return false;
  return environment.store.inferredVersion(collection) !== built;
}
