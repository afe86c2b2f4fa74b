// How far a materialization is behind: committed bytes of its collections' journals that it has not read.

import { decodeCheckpoint } from '@weir/protocol';
import type { MaterializationSpec } from '@weir/protocol';
import type { Store } from '@weir/runtime';

export function lagBytes(store: Store, spec: MaterializationSpec): number {
  const stored = store.task(spec.name)?.checkpoint;
  const checkpoint = stored === undefined ? undefined : decodeCheckpoint(stored);
  const sources = typeof checkpoint === 'object' ? checkpoint.sources : {};
  let lag = 0;
  for (const { collection, journalReadSuffix } of spec.bindings) {
    for (const { name, head } of store.journals(collection.name)) {
      lag += Math.max(0, head - Number(sources[`${name};${journalReadSuffix}`]?.readThrough ?? 0n));
    }
  }
  return lag;
}
