// The records of an answer as batches, and what was around them.

import type { JsonValue } from '@weir/schema/json';
import { CsvRecordReader, type CsvOptions } from './csv-record-reader.ts';
import { JsonRecordReader, type RecordPath } from './json-record-reader.ts';
import type { RecordBatch } from './record-buffer.ts';

export type RecordFormat =
  | { readonly kind: 'json'; readonly path: RecordPath }
  | { readonly kind: 'json lines' }
  | ({ readonly kind: 'csv' } & CsvOptions);

/** A batch is handed on when it has so many bytes. */
const BATCH_BYTES = 256 << 10;

/** Returns the envelope of a JSON body, null otherwise. */
export async function* readRecords(
  body: AsyncIterable<Uint8Array>,
  format: RecordFormat,
): AsyncGenerator<RecordBatch, JsonValue, void> {
  const reader = readerOf(format);
  for await (const chunk of body) {
    reader.push(chunk);
    if (reader.records.byteLength < BATCH_BYTES) continue;
    const batch = reader.records.take();
    if (batch !== undefined) yield batch;
  }
  const envelope = reader.end();
  const rest = reader.records.take();
  if (rest !== undefined) yield rest;
  return envelope;
}

function readerOf(format: RecordFormat): JsonRecordReader | CsvRecordReader {
  switch (format.kind) {
    case 'json':
      return JsonRecordReader.at(format.path);
    case 'json lines':
      return JsonRecordReader.sequence();
    case 'csv':
      return new CsvRecordReader(format);
  }
}
