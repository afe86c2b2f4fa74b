// Batches of records, taken apart into records and put together from them.

import { isJsonObject, parseJson, stringifyJson, type JsonObject } from '@weir/schema/json';
import type { RecordBatch } from '../records/record-buffer.ts';

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

/** What becomes of a record: another one, several, or none. */
export type RecordMap = (record: JsonObject) => JsonObject | readonly JsonObject[] | undefined;

export function mapped(batch: RecordBatch, map: RecordMap): RecordBatch {
  const kept: Buffer[] = [];
  for (const record of objectsOf(batch)) {
    for (const changed of [map(record) ?? []].flat()) kept.push(Buffer.from(stringifyJson(changed)));
  }
  return batchOf(kept);
}

/** The records as values, without those that are no objects. */
export function* objectsOf(batch: RecordBatch): Generator<JsonObject, void, void> {
  for (const bytes of recordsOf(batch)) {
    const record = parseJson(bytes);
    if (isJsonObject(record)) yield record;
  }
}
