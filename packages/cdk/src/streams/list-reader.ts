// Reads a list page by page: the loop that every stream of an API is made of.

import { stringifyJson, isJsonObject, parseJson, type JsonObject, type JsonValue } from '@weir/schema/json';
import type { DocumentBatch } from '../engine/stream.ts';
import { errors } from '../errors.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ResponseHeaders } from '../http/transport.ts';
import type { ListPosition, Paging } from '../paging/paging.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import { readRecords, type RecordFormat } from '../records/read-records.ts';

export interface ListSource {
  readonly paging: Paging;
  readonly format: RecordFormat;
  /** Changes a record, or leaves it out. Without it records keep their bytes. */
  readonly map?: ((record: JsonObject) => JsonObject | undefined) | undefined;
  /** Throws when what is around the records says that they are not all, or that something failed. */
  readonly check?: ((envelope: JsonValue) => void) | undefined;
}

/** `next`: where the list goes on, behind the last batch of each page. */
export type ListEvent = RecordBatch | { readonly next: ListPosition };

/** A list that comes back to one of so many pages goes in a circle. */
const REMEMBERED_PAGES = 1000;

/** What a page was, once all of it has been read. */
export interface PageRead {
  readonly headers: ResponseHeaders;
  readonly envelope: JsonValue;
  readonly count: number;
  readonly last: Buffer | undefined;
  /** The rules of the request say that there is nothing. */
  readonly isEmpty: boolean;
}

/** The records of one answer. */
export async function* readPage(
  client: HttpClient,
  source: Omit<ListSource, 'paging'>,
  request: ApiRequest,
  signal: AbortSignal,
): AsyncGenerator<RecordBatch, PageRead, void> {
  const { headers, isEmpty, body } = await client.open(request, signal);
  if (isEmpty) return { headers, envelope: null, count: 0, last: undefined, isEmpty };
  const records = readRecords(body, source.format);
  let count = 0;
  let last: Buffer | undefined;
  let step = await records.next();
  for (; step.done !== true; step = await records.next()) {
    count += step.value.count;
    last = lastOf(step.value);
    const batch = source.map === undefined ? step.value : mapped(step.value, source.map);
    if (batch.count > 0) yield batch;
  }
  source.check?.(step.value);
  return { headers, envelope: step.value, count, last, isEmpty };
}

export async function* readList(
  client: HttpClient,
  source: ListSource,
  base: ApiRequest,
  from: ListPosition | undefined,
  signal: AbortSignal,
): AsyncGenerator<ListEvent, void, void> {
  const seen = new Set<string>();
  let position = from;
  for (;;) {
    const page = yield* readPage(client, source, source.paging.request(base, position), signal);
    if (page.isEmpty) return;
    const next = source.paging.next({ ...page, position });
    if (next === undefined) return;
    const name = JSON.stringify(next);
    if (seen.has(name) || (position !== undefined && name === JSON.stringify(position))) {
      throw errors.CDK_PAGING_LOOP({
        message: `The pages of ${base.url} lead back to one that was read already (${source.paging.name}).`,
      });
    }
    if (seen.size === REMEMBERED_PAGES) seen.clear();
    seen.add(name);
    position = next;
    yield { next };
  }
}

export function asDocuments(batch: RecordBatch): DocumentBatch {
  return { kind: 'documents', ...batch };
}

/** The records of a batch, each as its own bytes. */
export function* recordsOf({ bytes, ends, count }: RecordBatch): Generator<Buffer, void, void> {
  let start = 0;
  for (let index = 0; index < count; index += 1) {
    const end = ends[index] ?? start;
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** A batch of these records. */
export function batchOf(records: readonly Uint8Array[]): RecordBatch {
  const ends: number[] = [];
  let end = 0;
  for (const record of records) ends.push((end += record.length));
  return { bytes: Buffer.concat(records), ends, count: ends.length };
}

function mapped(batch: RecordBatch, map: (record: JsonObject) => JsonObject | undefined): RecordBatch {
  const kept: Buffer[] = [];
  for (const bytes of recordsOf(batch)) {
    const record = parseJson(bytes);
    const changed = isJsonObject(record) ? map(record) : undefined;
    if (changed !== undefined) kept.push(Buffer.from(stringifyJson(changed)));
  }
  return batchOf(kept);
}

function lastOf({ bytes, ends, count }: RecordBatch): Buffer {
  return bytes.subarray(count > 1 ? ends[count - 2] : 0, ends[count - 1]);
}
