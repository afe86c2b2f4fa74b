// Polls a query. Without cursor columns each poll reads everything: rows are numbered from 0, and numbers that an earlier
// poll gave and this one does not are marked as deleted. With cursor columns a poll reads what lies after the last row.
//
// Invariant: a checkpoint's cursor lies before every row that is not captured yet. Rows of one cursor value are never
// divided between checkpoints, because the next query begins after that value.

import { errors } from './errors.ts';
import { DocumentLayout } from './document-layout.ts';
import type { Poll } from './poll.ts';
import type { RowSource } from './rows.ts';
import type { CursorValue } from './state.ts';

/** Runs the query of a binding. `after`: the cursor values of the last row captured; undefined for the first query. */
export type RunQuery = (after: readonly CursorValue[] | undefined) => Promise<RowSource>;

export async function pollQuery(poll: Poll, run: RunQuery): Promise<void> {
  const { binding, polled } = poll;
  const before = poll.state;
  // A null in front was stored by an earlier version: nothing lies after it.
  const after = before.cursorValues?.[0] === null ? undefined : before.cursorValues;
  const isWhole = after === undefined;
  let rowId = isWhole ? 0 : before.documentCount;
  let cursor = after;
  await using rows = await run(after);
  let layout = new DocumentLayout([], binding.source);
  let cursorColumns: readonly number[] = [];
  let isKnown = false;
  for (let count = await rows.next(); count !== undefined; count = await rows.next()) {
    if (!isKnown) {
      isKnown = true;
      layout = new DocumentLayout(rows.columns, binding.source);
      cursorColumns = columnsOf(binding.cursor, rows.columns, binding.resource.name);
    }
    for (let row = 0; row < count; row += 1) {
      rows.select(row);
      if (cursorColumns.length > 0) {
        const values = cursorColumns.map((column) => rows.cursorValue(column));
        if (!sameValues(values, cursor)) {
          if (poll.wantsCheckpoint) {
            await poll.checkpoint({
              cursorValues: cursor,
              documentCount: progress(isWhole, rowId, before.documentCount),
            });
          }
          // Rows with a null in front are in no order that a next query could go on from.
          if (values[0] !== null) cursor = values;
        }
      } else if (poll.wantsCheckpoint) {
        await poll.checkpoint({ documentCount: progress(isWhole, rowId, before.documentCount) });
      }
      poll.row(layout, rows, rowId, rowId < before.documentCount ? 'u' : 'c');
      rowId += 1;
      if (poll.isFull && cursorColumns.length > 0) await poll.flush();
    }
  }
  if (isWhole && binding.hasRowIdKey) {
    for (let gone = rowId; gone < before.documentCount; gone += 1) {
      poll.deleted(layout, gone);
      if (poll.isFull) await poll.flush();
    }
  }
  await poll.checkpoint({ cursorValues: cursor, documentCount: rowId, lastPolled: polled });
}

/** In the middle of reading everything, the rows of the pass before are still there. */
function progress(isWhole: boolean, rowId: number, before: number): number {
  return isWhole ? Math.max(rowId, before) : rowId;
}

function columnsOf(
  cursor: readonly string[],
  columns: readonly string[],
  resource: string,
): readonly number[] {
  return cursor.map((name) => {
    const index = columns.lastIndexOf(name);
    if (index >= 0) return index;
    throw errors.SQLBATCH_CURSOR_MISSING({
      message: `the result of ${JSON.stringify(resource)} has no column ${JSON.stringify(name)}, which is one of its cursor columns; it has ${columns.join(', ')}`,
    });
  });
}

function sameValues(values: readonly CursorValue[], cursor: readonly CursorValue[] | undefined): boolean {
  return (
    cursor !== undefined &&
    values.length === cursor.length &&
    values.every((value, index) => value === cursor[index])
  );
}
