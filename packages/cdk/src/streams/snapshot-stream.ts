// A snapshot of a list, in an order that stays.

import { parsePointer, resolvePointer } from '@weir/schema';
import { compareJson, parseJson, type JsonValue } from '@weir/schema/json';
import type { DocumentBatch, SnapshotStream } from '../engine/stream.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { SnapshotOptions } from './definition.ts';
import { type FixedList, fixedList } from './list-options.ts';
import { knownIn, type RowIdentity, type StreamContext } from './stream-options.ts';
import { asDocuments, readList } from './list-reader.ts';
import { batchOf, recordsOf } from './record-batches.ts';
import { baseRequest, listSource } from './list-source.ts';

export function snapshotStream(options: SnapshotOptions, context: StreamContext): SnapshotStream {
  const list = () => fixedList(options, knownIn(context), context.query);
  return {
    fetchSnapshot: ({ signal }) => inOrder(context.client, list(), options, signal),
    ...keyOf(options),
    ...(options.tombstone === undefined ? {} : { tombstone: options.tombstone }),
  };
}

/** What rows are known by, if not by their numbers. */
export function keyOf(options: RowIdentity): Pick<SnapshotStream, 'key'> {
  return 'key' in options ? { key: options.key } : {};
}

/** The rows of one list, in their order. */
export async function* inOrder(
  client: HttpClient,
  list: FixedList,
  identity: RowIdentity,
  signal: AbortSignal,
): AsyncGenerator<DocumentBatch, void, void> {
  const batches = documentsOf(readList(client, listSource(list), baseRequest(list), undefined, signal));
  if ('key' in identity || identity.order === 'as listed') yield* batches;
  else yield await sorted(batches, identity.order.by);
}

async function* documentsOf(list: ReturnType<typeof readList>): AsyncGenerator<DocumentBatch, void, void> {
  for await (const event of list) if (!('next' in event)) yield asDocuments(event);
}

async function sorted(batches: AsyncIterable<DocumentBatch>, by: string): Promise<DocumentBatch> {
  const pointer = parsePointer(by);
  const rows: { readonly bytes: Buffer; readonly value: JsonValue }[] = [];
  for await (const { bytes, ends, count } of batches) {
    for (const record of recordsOf({ bytes: Buffer.from(bytes), ends: Array.from(ends), count })) {
      rows.push({ bytes: record, value: resolvePointer(parseJson(record), pointer) ?? null });
    }
  }
  rows.sort((left, right) => compareJson(left.value, right.value) || Buffer.compare(left.bytes, right.bytes));
  return asDocuments(batchOf(rows.map(({ bytes }) => bytes)));
}
