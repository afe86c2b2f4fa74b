// A collection as its capture reads it from now on, and tables made of nothing else: rows that are gone at the source are gone
// from them too. The capture's bindings are backfilled, so are those of materializations, which empties their tables, and
// whoever begins to read the collection begins behind what is in it.

import { captureSpecFromJson, materializationSpecFromJson, stateKey } from '@weir/protocol';
import { systemClock } from '../host/clock.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder } from '../store/state-folder.ts';
import { StateLock } from '../store/state-lock.ts';
import type { Store, TaskKind } from '../store/store.ts';

export interface ResetBinding {
  readonly task: string;
  readonly kind: TaskKind;
  readonly resourcePath: readonly string[];
}

/**
 * Takes effect when the tasks are built next. Returns the bindings that are backfilled: all of the capture that write to one
 * of the collections, and all that have ever materialized one.
 * Errors: RUNTIME_STATE_LOCKED while somebody runs, for what is captured meanwhile would be half of the one and half of the other.
 */
export function resetCollections(
  statePath: string,
  capture: string,
  collections: readonly string[],
): readonly ResetBinding[] {
  const { path, storePath } = prepareStateFolder(statePath);
  using _lock = StateLock.acquire(path, systemClock.nowMs());
  using store = new SqliteStore(storePath);
  const bindings = bindingsOf(store, capture, new Set(collections));
  store.reset(
    capture,
    collections,
    bindings.map(({ task, resourcePath }) => ({ task, binding: stateKey(resourcePath, 0) })),
  );
  return bindings;
}

function bindingsOf(store: Store, capture: string, collections: ReadonlySet<string>): ResetBinding[] {
  return store.tasks().flatMap(({ name: task, kind, lastApplied }) => {
    if (lastApplied === undefined || (kind === 'capture' && task !== capture)) return [];
    const parse = kind === 'capture' ? captureSpecFromJson : materializationSpecFromJson;
    // Inactive ones, too: a binding that comes back goes on from where it was.
    const { bindings, inactiveBindings } = parse(lastApplied);
    return [...bindings, ...inactiveBindings]
      .filter(({ collection }) => collections.has(collection.name))
      .map(({ resourcePath }) => ({ task, kind, resourcePath }));
  });
}
