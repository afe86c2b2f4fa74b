// Batches of documents made from values, for what did not come as bytes.

import { stringifyJson, type JsonObject } from '@weir/schema/json';
import type { DocumentBatch } from '../engine/stream.ts';

export type BatchOptions = Omit<DocumentBatch, 'kind' | 'bytes' | 'ends' | 'count'>;

export function documents(values: Iterable<JsonObject>, options: BatchOptions = {}): DocumentBatch {
  const texts = Array.from(values, (value) => Buffer.from(stringifyJson(value)));
  const ends: number[] = [];
  let end = 0;
  for (const text of texts) ends.push((end += text.length));
  return { kind: 'documents', bytes: Buffer.concat(texts), ends, count: ends.length, ...options };
}
