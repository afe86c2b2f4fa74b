// A snapshot by a generator of rows: of several lists put together, or of answers that are no lists.

import { type JsonObject, type JsonValue, parseJson } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import type { HttpClient } from '../http/http-client.ts';
import { rawSnapshot } from './define-stream.ts';
import type { ListOptions, RawSnapshotDefinition, StreamOptions } from './definition.ts';
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
    open: ({ client }) => ({
      async *fetchSnapshot({ signal }) {
        let batch: JsonObject[] = [];
        for await (const row of rows((list) => readRows(client, list, signal))) {
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
  list: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<JsonValue, void, void> {
  for await (const event of readList(client, listSource(list), baseRequest(list), undefined, signal)) {
    if ('next' in event) continue;
    for (const record of recordsOf(event)) yield parseJson(record);
  }
}
