// What a state folder says about its tasks, read beside a running owner without disturbing it.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  decodeCheckpoint,
  EXPLICIT_ZERO_CHECKPOINT,
  materializationSpecFromJson,
  stateKey,
} from '@weir/protocol';
import { errors } from '../errors.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { stateFolder } from '../store/state-folder.ts';
import { type LockOwner, readLockOwner } from '../store/state-lock.ts';
import type { BindingCount, JournalRecord, Store, TaskKind, TaskRecord } from '../store/store.ts';
import { appliedBindings } from './request-backfill.ts';

export interface TaskStatus {
  readonly name: string;
  readonly kind: TaskKind;
  readonly transactions: number;
  /** Milliseconds since the Unix epoch; 0 before the first commit. */
  readonly lastCommitMs: number;
  /** By state key. */
  readonly bindings: readonly BindingCount[];
  /** Of a materialization: committed bytes of its collections that its last stored checkpoint does not cover. */
  readonly lagBytes: number | undefined;
  /** Resource paths of bindings whose backfill or reset was asked for, and begins when the task is started next. */
  readonly askedBackfills: readonly (readonly string[])[];
}

export interface CollectionStatus {
  readonly name: string;
  /** All that were ever committed. */
  readonly documents: number;
  readonly bytes: number;
  /** Of them, what lies before a reset: it is kept, and nobody reads it. */
  readonly bytesBeforeReset: number;
}

export interface RuntimeStatus {
  /** Who runs on the folder; undefined when nobody does. */
  readonly owner: LockOwner | undefined;
  readonly tasks: readonly TaskStatus[];
  readonly collections: readonly CollectionStatus[];
}

/** Opens the store of a state folder for looking. Throws RUNTIME_STATE_UNUSABLE when nothing ever ran there. */
export function openStoreToRead(statePath: string): Store {
  const { path, storePath } = stateFolder(statePath);
  if (!existsSync(storePath)) {
    throw errors.RUNTIME_STATE_UNUSABLE({
      message: `There is no state in ${path}.`,
      fix: 'Run the catalog once with `weir run`, or name the right folder with --state.',
    });
  }
  return new SqliteStore(storePath, { readOnly: true });
}

export function readStatus(statePath: string): RuntimeStatus {
  using store = openStoreToRead(statePath);
  const journals = store.journals();
  return {
    owner: livingOwner(statePath),
    tasks: store.tasks().map((task) => statusOf(task, store, journals)),
    collections: collectionsOf(journals),
  };
}

function livingOwner(statePath: string): LockOwner | undefined {
  const owner = readLockOwner(stateFolder(statePath).path);
  if (owner === undefined || owner.host !== hostname()) return owner;
  try {
    process.kill(owner.pid, 0);
    return owner;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? owner : undefined;
  }
}

function statusOf(task: TaskRecord, store: Store, journals: readonly JournalRecord[]): TaskStatus {
  const { name, kind, transactions, lastCommitMs } = task;
  const lagBytes = kind === 'materialization' ? lagOf(task, journals) : undefined;
  const askedBackfills = askedBackfillsOf(task, store);
  return { name, kind, transactions, lastCommitMs, bindings: store.counts(name), lagBytes, askedBackfills };
}

function askedBackfillsOf(task: TaskRecord, store: Store): (readonly string[])[] {
  const asked = store.backfills(task.name);
  return appliedBindings(task)
    .filter(({ isActive }) => isActive)
    .filter(({ resourcePath, backfill }) => (asked.get(stateKey(resourcePath, 0))?.least ?? 0) > backfill)
    .map(({ resourcePath }) => resourcePath);
}

function lagOf(task: TaskRecord, journals: readonly JournalRecord[]): number | undefined {
  if (task.lastApplied === undefined) return undefined;
  const decoded = task.checkpoint === undefined ? undefined : decodeCheckpoint(task.checkpoint);
  const sources = decoded === undefined || decoded === EXPLICIT_ZERO_CHECKPOINT ? {} : decoded.sources;
  let lag = 0;
  for (const { collection, journalReadSuffix } of materializationSpecFromJson(task.lastApplied).bindings) {
    for (const journal of journals) {
      if (journal.collection !== collection.name) continue;
      const source = sources[`${journal.name};${journalReadSuffix}`];
      lag += journal.head - Math.max(Number(source?.readThrough ?? 0), journal.first);
    }
  }
  return lag;
}

function collectionsOf(journals: readonly JournalRecord[]): CollectionStatus[] {
  return [...Map.groupBy(journals, ({ collection }) => collection)].map(([name, records]) => ({
    name,
    documents: records.reduce((sum, { documents }) => sum + documents, 0),
    bytes: records.reduce((sum, { head }) => sum + head, 0),
    bytesBeforeReset: records.reduce((sum, { first }) => sum + first, 0),
  }));
}
