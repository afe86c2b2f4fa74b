// A journal whose fold shows whatever was lost or done twice: each transaction adds one to the counts of some keys, on
// top of what is loaded, and appends an event for each. A stand-in for the runtime takes it from the destination's
// checkpoint on. Binding 0 has the key `id` and the value `count`; binding 1 appends rows of the key `n`. Deletes are hard.

import type { Authoritative } from '@weir/materialize';
import type { Checkpoint, EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import type { SampleStore } from './materialization-spec.ts';
import { loadAll, transact } from './transactions.ts';

export interface CountedRows {
  /** `id=count`, by id. */
  readonly ledger: readonly string[];
  /** Each `n`, sorted. */
  readonly events: readonly string[];
}

/** The keys of a transaction: some that were there before, one that is new, one that comes and goes. */
export function keysOf(transaction: number): number[] {
  return [0, 1 + (transaction % 3), 100 + transaction, 50 + (transaction % 2)];
}

export function offsetOf(checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT): number {
  const [source] =
    typeof checkpoint === 'object' && 'sources' in checkpoint ? Object.values(checkpoint.sources) : [];
  return Number(source?.readThrough ?? 0);
}

/** What the transaction behind `offset` stores, where this was loaded: counts by id. */
export function storesOf(offset: number, loaded: ReadonlyMap<number, number>): SampleStore[] {
  const keys = keysOf(offset);
  const counted = keys
    .toSorted((a, b) => a - b)
    .map((id) => {
      const found = loaded.get(id);
      const count = (found ?? 0) + 1;
      // The key 50 or 51 is removed in every second transaction that has it.
      const isDelete = (id === 50 || id === 51) && found !== undefined;
      return {
        key: [id],
        values: [count],
        doc: JSON.stringify({ id, count }),
        exists: found !== undefined,
        delete: isDelete,
      };
    });
  const events = keys.map(() => ({ binding: 1, key: [offset], values: [], doc: '{}' }));
  return [...counted, ...events];
}

/** The transaction behind `offset`, as a runtime does it. */
export async function takeTransaction(session: Authoritative, offset: number): Promise<void> {
  const keys = keysOf(offset).map((id) => [id]);
  const loaded = new Map(
    (await loadAll(session, keys)).map((text) => {
      const { id, count } = JSON.parse(text) as { readonly id: number; readonly count: number };
      return [id, count];
    }),
  );
  await transact(session, offset + 1, storesOf(offset, loaded));
}

/** What the tables have to be after so many transactions. */
export function foldOf(transactions: number): CountedRows {
  const counts = new Map<number, number>();
  const events: string[] = [];
  for (let offset = 0; offset < transactions; offset += 1) {
    for (const id of keysOf(offset)) {
      const found = counts.get(id);
      if ((id === 50 || id === 51) && found !== undefined) counts.delete(id);
      else counts.set(id, (found ?? 0) + 1);
      events.push(String(offset));
    }
  }
  const ledger = [...counts].sort(([a], [b]) => a - b).map(([id, count]) => `${id}=${count}`);
  return { ledger, events };
}
