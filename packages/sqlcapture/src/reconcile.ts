// At every start the stored state meets the bindings of the catalog. New state keys begin as Pending, orphaned ones
// are told to be ignored, and when not one binding was live before, the change stream starts over: that is how
// "backfill everything" recovers from a lost slot.

import type { SqlBinding } from './binding.ts';
import { isBackfilling } from './backfill-mode.ts';
import type { BoundTables } from './bound-tables.ts';
import { isFallbackKey, pointerToColumn } from './key-pointer.ts';
import { pendingTable, type CaptureState } from './state.ts';

export function reconcileState(state: CaptureState, bindings: readonly SqlBinding[]): void {
  const bound = new Set(bindings.map((binding) => binding.stateKey));
  let live = 0;
  for (const binding of bindings) {
    const table = state.get(binding.stateKey);
    if (table === undefined || table.mode === 'Ignore') {
      state.set(binding.stateKey, pendingTable);
      continue;
    }
    live += 1;
    if (
      table.mode === 'Active' &&
      table.keyColumns === undefined &&
      binding.resource.mode === 'Only Changes'
    ) {
      const keyColumns = configuredKeyColumns(binding);
      if (keyColumns !== undefined) state.update(binding.stateKey, { keyColumns });
    }
  }
  for (const key of state.keys()) {
    if (bound.has(key) || state.get(key)?.mode === 'Ignore') continue;
    state.set(key, { ...pendingTable, mode: 'Ignore' });
  }
  if (live === 0) state.cursor = undefined;
}

/** The resource's own key, else the collection's; undefined when the collection is keyed by position. */
export function configuredKeyColumns(
  binding: Pick<SqlBinding, 'resource' | 'collectionKey'>,
): readonly string[] | undefined {
  const override = binding.resource.primary_key;
  if (override !== undefined && override.length > 0) return override;
  if (isFallbackKey(binding.collectionKey)) return undefined;
  return binding.collectionKey.map(pointerToColumn);
}

/** A backfill in progress is given up when the configuration says that the table is not to be backfilled. */
export function skipBackfills(tables: BoundTables, isSkipped: (binding: SqlBinding) => boolean): void {
  for (const [table, binding] of tables.bindings.entries()) {
    if (!isBackfilling(tables.state(table).mode) || !isSkipped(binding)) continue;
    tables.update(table, { mode: 'Active', scanned: undefined });
  }
}
