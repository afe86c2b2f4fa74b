// Rows that say themselves that they are deleted: they leave as deletions, in their place among the others.

import { isJsonObject, parseJson, type JsonObject } from '@weir/schema/json';
import type { DocumentBatch } from '../engine/stream.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import { asDocuments } from './list-reader.ts';
import { batchOf, recordsOf } from './record-batches.ts';

export type IsDeleted = (record: JsonObject) => boolean;

export function* documentsOf(
  batch: RecordBatch,
  isDeleted: IsDeleted | undefined,
): Generator<DocumentBatch, void, void> {
  if (batch.count === 0) return;
  if (isDeleted === undefined) {
    yield asDocuments(batch);
    return;
  }
  let run: Buffer[] = [];
  let isGone = false;
  for (const record of recordsOf(batch)) {
    const value = parseJson(record);
    const gone = isJsonObject(value) && isDeleted(value);
    if (gone !== isGone && run.length > 0) {
      yield runOf(run, isGone);
      run = [];
    }
    isGone = gone;
    run.push(record);
  }
  yield runOf(run, isGone);
}

function runOf(run: readonly Buffer[], isGone: boolean): DocumentBatch {
  const batch = asDocuments(batchOf(run));
  return isGone ? { ...batch, op: 'd' } : batch;
}
