// A snapshot by a generator of rows: of several lists put together, or of answers that are no lists.

import { type JsonObject, type JsonValue, parseJson } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import type { HttpClient } from '../http/http-client.ts';
import { rawSnapshot } from './define-stream.ts';
import type { RawSnapshotDefinition } from './definition.ts';
import { type FixedList, fixedList, type ListOptions } from './list-options.ts';
import { knownIn, type StreamOptions } from './stream-options.ts';
import { readList } from './list-reader.ts';
import { recordsOf } from './record-batches.ts';
import { baseRequest, listSource } from './list-source.ts';

/** The rows of a list. A row that is no object is given as it is, unless the list has a `map`. */
export type ReadRows = (list: ListOptions) => AsyncGenerator<JsonValue, void, void>;
export type Rows = AsyncGenerator<JsonObject, void, void>;

export interface RowSnapshotOptions extends StreamOptions {
  /** Always in the same order. No answer should stay open while others are asked for. */
  readonly rows: (read: ReadRows) => Rows;
}

const BATCH_ROWS = 500;

export function rowSnapshot({ rows, ...options }: RowSnapshotOptions): RawSnapshotDefinition {
  return rawSnapshot({
    ...options,
    open: (context) => ({
      async *fetchSnapshot({ signal }) {
        let batch: JsonObject[] = [];
        for await (const row of rows((list) =>
          readRows(context.client, fixedList(list, knownIn(context)), signal),
        )) {
          if (batch.push(row) < BATCH_ROWS) continue;
          yield documents(batch);
          batch = [];
        }
        yield documents(batch);
      },
    }),
  });
}

async function* readRows(
  client: HttpClient,
  list: FixedList,
  signal: AbortSignal,
): AsyncGenerator<JsonValue, void, void> {
  for await (const event of readList(client, listSource(list), baseRequest(list), undefined, signal)) {
    if ('next' in event) continue;
    for (const record of recordsOf(event)) yield parseJson(record);
  }
}
