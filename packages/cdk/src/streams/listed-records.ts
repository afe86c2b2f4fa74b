// The records of a list, for streams that are written by hand.

import type { HttpClient } from '../http/http-client.ts';
import type { FixedList } from './list-options.ts';
import { readList } from './list-reader.ts';
import { baseRequest, listSource } from './list-source.ts';
import { recordsOf } from './record-batches.ts';

/** Reads all pages; hands out some records at a time, as the API wrote them. Throws as all requests do. */
export async function* listedRecords(
  client: HttpClient,
  list: FixedList,
  signal: AbortSignal,
): AsyncGenerator<readonly Buffer[], void, void> {
  for await (const event of readList(client, listSource(list), baseRequest(list), undefined, signal))
    if (!('next' in event)) yield [...recordsOf(event)];
}
