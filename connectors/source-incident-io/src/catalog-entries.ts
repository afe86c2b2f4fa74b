// The entries of the catalog, which are listed by their type and have no filter by time: all of them are read each time, and
// those that have not changed since are left out.

import {
  asDocuments,
  batchOf,
  type ChangeStream,
  type Cursor,
  horizon,
  idAbove,
  Instant,
  listedRecords,
  type Paging,
  reached,
  type StreamContext,
  type Timestamp,
} from '@weir/cdk';
import { type JsonValue, parseJson, resolvePointer } from '@weir/schema/json';

export function catalogEntries(
  { client }: StreamContext,
  paging: Paging,
  times: Timestamp,
): ChangeStream<Cursor> {
  const list = (name: string, query = {}) => ({ path: `/v3/${name}`, records: name, paging, query });
  return {
    initial: () => ({ cursor: new Instant(0n) }),
    lagMs: times.lagMs,
    async *fetchChanges({ cursor: seen, nowMs, signal }) {
      const end = horizon(nowMs, times.tickNs, times.lagMs);
      if (!(seen instanceof Instant) || !end.isAfter(seen)) return;
      const ids: JsonValue[] = [];
      for await (const types of listedRecords(client, list('catalog_types'), signal))
        ids.push(...types.map((type) => idAbove('catalog_entries', parseJson(type), '/id')));
      for (const id of ids) {
        const ofType = list('catalog_entries', { catalog_type_id: id, page_size: 250 });
        for await (const entries of listedRecords(client, ofType, signal)) {
          const changed = entries.filter((entry) => {
            const time = times.read(resolvePointer(parseJson(entry), ['updated_at']));
            // One without a time, or of the tick that was claimed last, may be new.
            return time === undefined || !seen.isAfter(time);
          });
          if (changed.length > 0) yield asDocuments(batchOf(changed));
        }
      }
      yield reached<Cursor>(end);
    },
  };
}
