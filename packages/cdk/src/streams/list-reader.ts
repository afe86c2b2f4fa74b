// Reads a list page by page: the loop that every stream of an API is made of.

import { stringifyJson, isJsonObject, parseJson, type JsonObject } from '@weir/schema/json';
import type { DocumentBatch } from '../engine/stream.ts';
import { errors } from '../errors.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ListPosition, Paging } from '../paging/paging.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import { readRecords, type RecordFormat } from '../records/read-records.ts';

export interface ListSource {
  readonly paging: Paging;
  readonly format: RecordFormat;
  /** Changes a record, or leaves it out. Without it records keep their bytes. */
  readonly map?: ((record: JsonObject) => JsonObject | undefined) | undefined;
}

/** `next`: where the list goes on, behind the last batch of each page. */
export type ListEvent = RecordBatch | { readonly next: ListPosition };

/** A list that comes back to one of so many pages goes in a circle. */
const REMEMBERED_PAGES = 1000;

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
    const answer = await client.open(source.paging.request(base, position), signal);
    if (answer.isEmpty) return;
    const records = readRecords(answer.body, source.format);
    let count = 0;
    let last: Buffer | undefined;
    let step = await records.next();
    for (; step.done !== true; step = await records.next()) {
      count += step.value.count;
      last = lastOf(step.value);
      const batch = source.map === undefined ? step.value : mapped(step.value, source.map);
      if (batch.count > 0) yield batch;
    }
    const next = source.paging.next({ headers: answer.headers, envelope: step.value, count, last, position });
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
