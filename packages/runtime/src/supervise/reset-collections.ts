// A collection as its capture reads it from now on, and tables made of nothing else: rows that are gone at the source are gone
// from them too. The capture's bindings are backfilled, so are those of materializations, which empties their tables, and
// whoever begins to read the collection begins behind what is in it.

import { WeirError } from '@weir/protocol';
import { errors } from '../errors.ts';
import { systemClock } from '../host/clock.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder } from '../store/state-folder.ts';
import { StateLock } from '../store/state-lock.ts';
import type { TaskKind } from '../store/store.ts';
import { appliedBindings, backfillOf } from './request-backfill.ts';

export interface ResetBinding {
  readonly task: string;
  readonly kind: TaskKind;
  readonly resourcePath: readonly string[];
  /** The task had it when it ran last. */
  readonly isActive: boolean;
}

export interface Reset {
  /** What is backfilled: all bindings of the capture that write to one of the collections, and all that have ever materialized one. */
  readonly bindings: readonly ResetBinding[];
  /**
   * What other captures have written to the collections, which stays: those that write to them beside this one, and those that are there
   * no more, as under an earlier name of this one.
   */
  readonly kept: readonly { readonly collection: string; readonly capture: string }[];
}

/**
 * Takes effect when the tasks are built next.
 * Errors: RUNTIME_STATE_LOCKED while somebody runs, for what is captured meanwhile would be half of the one and half of the other.
 */
export function resetCollections(statePath: string, capture: string, collections: readonly string[]): Reset {
  return beginAnew(statePath, capture, collections, 'behind');
}

/**
 * Takes resets back: tables are built again from everything that the capture has ever written to the collections. The capture
 * goes on from where it is. Errors: RUNTIME_STATE_LOCKED.
 */
export function takeBackResets(statePath: string, capture: string, collections: readonly string[]): Reset {
  return beginAnew(statePath, capture, collections, 'beginning');
}

function beginAnew(
  statePath: string,
  capture: string,
  collections: readonly string[],
  first: 'behind' | 'beginning',
): Reset {
  const { path, storePath } = prepareStateFolder(statePath);
  using _lock = lock(path);
  using store = new SqliteStore(storePath);
  const chosen = new Set(collections);
  const bindings = store.tasks().flatMap((record) => {
    const { name: task, kind } = record;
    if (kind === 'capture' && (task !== capture || first === 'beginning')) return [];
    return appliedBindings(record)
      .filter(({ collection }) => chosen.has(collection.name))
      .map((binding) => ({ binding, task, kind }));
  });
  const requests = bindings.map(({ task, binding }) => backfillOf(task, binding));
  store.reset(capture, collections, requests, first);
  const kept = store
    .journals()
    .filter((journal) => chosen.has(journal.collection) && journal.task !== capture)
    .filter((journal) => journal.head > journal.first);
  return {
    bindings: bindings.map(({ task, kind, binding: { resourcePath, isActive } }) => ({
      task,
      kind,
      resourcePath,
      isActive,
    })),
    kept: kept.map(({ collection, task }) => ({ collection, capture: task })),
  };
}

function lock(path: string): StateLock {
  try {
    return StateLock.acquire(path, systemClock.nowMs());
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'RUNTIME_STATE_LOCKED') throw error;
    // Another folder, which is advised otherwise, holds other collections.
    const fix = 'Stop it, ask again, and start it.';
    throw errors.RUNTIME_STATE_LOCKED({ message: error.message, fix, cause: error });
  }
}
