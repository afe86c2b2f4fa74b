// Batches of documents made from values, or from objects of which each is bytes of its own.

import { stringifyJson, type JsonObject } from '@weir/schema/json';
import type { DocumentBatch } from '../engine/stream.ts';

export type BatchOptions = Omit<DocumentBatch, 'kind' | 'bytes' | 'ends' | 'count'>;

export function documents(values: Iterable<JsonObject>, options: BatchOptions = {}): DocumentBatch {
  return documentBatch(
    Array.from(values, (value) => Buffer.from(stringifyJson(value))),
    options,
  );
}

/** Of objects that are bytes already. */
export function documentBatch(records: readonly Uint8Array[], options: BatchOptions = {}): DocumentBatch {
  const ends: number[] = [];
  let end = 0;
  for (const record of records) ends.push((end += record.length));
  return { kind: 'documents', bytes: Buffer.concat(records), ends, count: ends.length, ...options };
}
