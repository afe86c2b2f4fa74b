// The records of an answer as batches, and what was around them.

import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { zstdFrames } from '../http/compressed-parts.ts';
import { CsvRecordReader, type CsvOptions } from './csv-record-reader.ts';
import { JsonRecordReader, type RecordPath } from './json-record-reader.ts';
import type { RecordBatch } from './record-buffer.ts';
import { XmlRecordReader, type XmlOptions } from './xml-record-reader.ts';
import { zipEntries } from './zip-entries.ts';

/** Of a body, or of what it is once it is decompressed. */
export type PlainFormat =
  | { readonly kind: 'json'; readonly path: RecordPath }
  | { readonly kind: 'json lines' }
  | ({ readonly kind: 'csv' } & CsvOptions)
  | ({ readonly kind: 'xml' } & XmlOptions);

export type RecordFormat =
  | PlainFormat
  /** A file that is compressed by itself, whatever the encoding of the answer. */
  | { readonly kind: 'gzip' | 'zstd'; readonly of: PlainFormat }
  /** The records of every entry, or of those whose names fit, one entry after another. */
  | { readonly kind: 'zip'; readonly entries?: RegExp; readonly of: PlainFormat };

/** A batch is handed on when it has so many bytes. */
const BATCH_BYTES = 256 << 10;
/** A chunk that comes of a decompression may be many times larger than the one that went in. */
const PUSHED_BYTES = 64 << 10;

/** Returns what was around the records of a JSON or XML body, null otherwise. */
export async function* readRecords(
  body: AsyncIterable<Uint8Array>,
  format: RecordFormat,
): AsyncGenerator<RecordBatch, JsonValue, void> {
  switch (format.kind) {
    case 'gzip':
      return yield* readPlain(gunzipped(body), format.of);
    case 'zstd':
      return yield* readPlain(zstdFrames(body), format.of);
    case 'zip':
      for await (const { name, content } of zipEntries(body)) {
        if (!name.endsWith('/') && format.entries?.test(name) !== false) yield* readPlain(content, format.of);
        else await drained(content);
      }
      return null;
    default:
      return yield* readPlain(body, format);
  }
}

async function* readPlain(
  body: AsyncIterable<Uint8Array>,
  format: PlainFormat,
): AsyncGenerator<RecordBatch, JsonValue, void> {
  const reader = readerOf(format);
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += PUSHED_BYTES) {
      reader.push(chunk.subarray(at, at + PUSHED_BYTES));
      if (reader.records.byteLength < BATCH_BYTES) continue;
      const batch = reader.records.take();
      if (batch !== undefined) yield batch;
    }
  }
  const envelope = reader.end();
  const rest = reader.records.take();
  if (rest !== undefined) yield rest;
  return envelope;
}

async function* gunzipped(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const stage = createGunzip();
  const source = Readable.from(copied(body));
  // A failure of the network is the body's own, and not one of its format.
  let failure: unknown;
  source.on('error', (error) => {
    failure = error;
    stage.destroy(error);
  });
  try {
    yield* source.pipe(stage) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (failure !== undefined) throw failure;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw errors.CDK_BODY_INVALID({
      message: `A compressed body is damaged or was cut off: ${reason}.`,
      cause,
    });
  } finally {
    source.destroy();
    stage.destroy();
  }
}

/** A transport may use its buffer again while the decompression still reads it. */
async function* copied(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of body) yield Buffer.from(chunk);
}

async function drained(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of content);
}

function readerOf(format: PlainFormat): JsonRecordReader | CsvRecordReader | XmlRecordReader {
  switch (format.kind) {
    case 'json':
      return JsonRecordReader.at(format.path);
    case 'json lines':
      return JsonRecordReader.sequence();
    case 'csv':
      return new CsvRecordReader(format);
    case 'xml':
      return new XmlRecordReader(format);
  }
}
