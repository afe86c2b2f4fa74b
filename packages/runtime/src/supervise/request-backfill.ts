// A backfill without editing the catalog: the store counts requests per binding, and a build adds them to the catalog's
// own backfill counters, which gives the binding a new state key.

import { stateKey } from '@weir/protocol';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder } from '../store/state-folder.ts';
import type { Store } from '../store/store.ts';

/** Takes effect when the task is built next: at its next start. */
export function requestBackfill(statePath: string, task: string, resourcePath: readonly string[]): void {
  using store = new SqliteStore(prepareStateFolder(statePath).storePath);
  store.requestBackfill(task, stateKey(resourcePath, 0));
}

/** What a build adds to a binding's backfill counter. */
export function requestedBackfills(store: Store, task: string, resourcePath: readonly string[]): number {
  return store.backfills(task).get(stateKey(resourcePath, 0)) ?? 0;
}
