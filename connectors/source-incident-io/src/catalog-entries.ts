// The entries of the catalog, which are listed by their type and have no filter by time: all of them are read each time, and
// those that have not changed since are left out.

import {
  asDocuments,
  batchOf,
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  cursor,
  errors,
  type Cursor,
  horizon,
  Instant,
  reached,
  readList,
  recordsOf,
  type StreamContext,
  type Timestamp,
} from '@weir/cdk';
import { getProperty, isJsonObject, type JsonObject, parseJson } from '@weir/schema/json';

const PAGE_ROWS = 250;
const after = cursor({ at: '/pagination_meta/after', param: 'after' });
const entries = { paging: after, format: { kind: 'json', path: ['catalog_entries'] } } as const;
const types = { paging: after, format: { kind: 'json', path: ['catalog_types'] } } as const;

export function catalogEntries({ client }: StreamContext, times: Timestamp): ChangeStream<Cursor> {
  async function* records(
    source: typeof entries | typeof types,
    url: string,
    query: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Buffer[], void, void> {
    for await (const event of readList(client, source, { url, query }, undefined, signal)) {
      if (!('next' in event)) yield [...recordsOf(event)];
    }
  }

  async function* fetchChanges({
    cursor: seen,
    nowMs,
    signal,
  }: ChangesCall<Cursor>): AsyncGenerator<ChangeEvent<Cursor>, void, void> {
    const end = horizon(nowMs, times.tickNs, times.lagMs);
    if (!(seen instanceof Instant) || !end.isAfter(seen)) return;
    const ids: string[] = [];
    for await (const found of records(types, '/v3/catalog_types', {}, signal)) {
      for (const type of found) ids.push(idOf(objectOf(type)));
    }
    for (const id of ids) {
      const query = { catalog_type_id: id, page_size: PAGE_ROWS };
      for await (const found of records(entries, '/v3/catalog_entries', query, signal)) {
        const changed = found.filter((entry) => {
          const time = times.read(getProperty(objectOf(entry), 'updated_at'));
          // One without a time, or of the tick that was claimed last, may be new.
          return time === undefined || !seen.isAfter(time);
        });
        if (changed.length > 0) yield asDocuments(batchOf(changed));
      }
    }
    yield reached<Cursor>(end);
  }

  return { initial: () => ({ cursor: new Instant(0n) }), lagMs: times.lagMs, fetchChanges };
}

/** An empty one would ask for the entries of no type. */
function idOf(type: JsonObject): string {
  const id = getProperty(type, 'id');
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'number') return String(id);
  throw errors.CDK_STREAM_DEFECT({ message: 'A type of the catalog has no id.' });
}

function objectOf(record: Buffer): JsonObject {
  const value = parseJson(record);
  return isJsonObject(value) ? value : {};
}
