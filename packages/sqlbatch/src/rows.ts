// The rows of one query, as a database gives them to the engine. A value goes from the server's bytes straight into the
// bytes of its document; only cursor columns become values of JavaScript.

import type { JsonBuffer } from '@weir/json-bytes';
import type { CursorValue } from './state.ts';

export interface RowSource extends AsyncDisposable {
  /** The next batch: how many rows it has; undefined after the last. The first may be empty and tells `columns`. */
  next(): Promise<number | undefined>;
  /** Names of the result's columns, known after the first `next()`. */
  readonly columns: readonly string[];
  /** Turns to a row of the batch. Rows can be turned to once, in their order. */
  select(row: number): void;
  /** Writes a value of the selected row as JSON. */
  writeValue(out: JsonBuffer, column: number): void;
  cursorValue(column: number): CursorValue;
}
