// weir status: what a state folder holds, also while a run is using it.

import { Command } from 'commander';
import { materializationSpecFromJson } from '@weir/protocol';
import { errors as runtimeErrors, readLockOwner, SqliteStore, stateFolder } from '@weir/runtime';
import type { LockOwner, Store, TaskRecord } from '@weir/runtime';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { lagBytes } from '../run/lag.ts';
import { formatAge, formatBytes, formatCount } from '../run/task-line.ts';

export interface TaskStatus {
  readonly task: string;
  readonly kind: string;
  readonly transactions: number;
  readonly documents: number;
  readonly bytes: number;
  readonly lagBytes: number | undefined;
  readonly lastCommit: string | undefined;
}

export interface CollectionStatus {
  readonly collection: string;
  readonly documents: number;
  readonly bytes: number;
}

/** Opens the store of a state folder for reading. Errors: RUNTIME_STATE_UNUSABLE. */
export function openStore(path: string): SqliteStore {
  const { storePath } = stateFolder(path);
  if (!existsSync(storePath)) {
    throw runtimeErrors.RUNTIME_STATE_UNUSABLE({
      message: `There is no state in ${path}.`,
      fix: 'Name the folder of a run with --state, or start one with `weir run`.',
    });
  }
  return new SqliteStore(storePath, { readOnly: true });
}

function taskStatus(store: Store, record: TaskRecord): TaskStatus {
  const counts = store.counts(record.name);
  const sum = (of: (count: (typeof counts)[number]) => number): number =>
    counts.reduce((total, each) => total + of(each), 0);
  const { name: task, kind, transactions, lastCommitMs, lastApplied } = record;
  const isSink = kind === 'materialization' && lastApplied !== undefined;
  return {
    task,
    kind,
    transactions,
    documents: sum((count) => count.documents),
    bytes: sum((count) => count.bytes),
    lagBytes: isSink ? lagBytes(store, materializationSpecFromJson(lastApplied)) : undefined,
    lastCommit: lastCommitMs === 0 ? undefined : new Date(lastCommitMs).toISOString(),
  };
}

export function collectionStatuses(store: Store): CollectionStatus[] {
  const collections = new Map<string, { documents: number; bytes: number }>();
  for (const { collection, documents, head } of store.journals()) {
    const known = collections.get(collection) ?? { documents: 0, bytes: 0 };
    collections.set(collection, { documents: known.documents + documents, bytes: known.bytes + head });
  }
  return [...collections]
    .map(([collection, counts]) => ({ collection, ...counts }))
    .sort((a, b) => (a.collection < b.collection ? -1 : 1));
}

function isAlive(owner: LockOwner | undefined): boolean {
  if (owner === undefined || owner.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function run(options: { readonly state: string; readonly json?: boolean }): void {
  using store = openStore(options.state);
  const owner = readLockOwner(stateFolder(options.state).path);
  const running = isAlive(owner) ? owner : undefined;
  const tasks = store.tasks().map((record) => taskStatus(store, record));
  const collections = collectionStatuses(store);
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ running, tasks, collections })}\n`);
    return;
  }
  const now = Date.now();
  process.stdout.write(
    running === undefined ? 'not running\n' : `running: process ${running.pid}, since ${running.since}\n`,
  );
  process.stdout.write(
    `\n${table([
      ['TASK', 'KIND', 'TRANSACTIONS', 'DOCUMENTS', 'LAG', 'LAST COMMIT'],
      ...tasks.map((task) => [
        task.task,
        task.kind,
        formatCount(task.transactions),
        formatCount(task.documents),
        task.lagBytes === undefined ? '' : formatBytes(task.lagBytes),
        task.lastCommit === undefined ? 'never' : `${formatAge(now - Date.parse(task.lastCommit))} ago`,
      ]),
    ])}`,
  );
  if (collections.length === 0) return;
  process.stdout.write(
    `\n${table([
      ['COLLECTION', 'DOCUMENTS', 'SIZE'],
      ...collections.map((each) => [each.collection, formatCount(each.documents), formatBytes(each.bytes)]),
    ])}`,
  );
}

export function statusCommand(): Command {
  return new Command('status')
    .description('Shows the tasks and collections of a state folder, whether a run is using it or not.')
    .option('--state <folder>', 'the state folder', '.weir')
    .option('--json', 'as one JSON object')
    .action(run);
}
