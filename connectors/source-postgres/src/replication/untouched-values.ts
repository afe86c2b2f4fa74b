// An update that leaves a large value alone does not send it. As long as the row keeps its key, merging downstream keeps
// the value too. When the key changes, the document of the new key has nothing to merge with; and while a table is read
// page by page, or along columns that are not the collection's key, an updated row may go from where the scan is yet to
// come to where it was. Then the value is read from the table, under the new key, by a snapshot that sees the update.
//
// What is read may be newer than the update. Then a later change in the stream sets the same value, or takes the row
// away; so the collection is right again as soon as the stream gets to where the table was read.

import { type PgOutputChange, tupleKind, TupleView } from '@weir/pgwire';
import type { RowValue } from './row-values.ts';

/** Positions of the columns whose values the change does not have, neither in its new row nor in its old one. */
export function untouchedColumns(change: PgOutputChange): readonly number[] {
  const { newTuple, oldTuple, oldKind } = change;
  const columns: number[] = [];
  for (let column = 0; column < newTuple.count; column += 1) {
    if (newTuple.kinds[column] !== tupleKind.unchanged) continue;
    if (oldKind !== 'none' && oldTuple.kinds[column] === tupleKind.text) continue;
    columns.push(column);
  }
  return columns;
}

/** The texts of these columns of the new row, from the old one where the change left them alone; null for NULL. */
export function newTexts(change: PgOutputChange, columns: readonly number[]): readonly (string | null)[] {
  const { bytes, newTuple, oldTuple, oldKind } = change;
  return columns.map((column) => {
    const isOld = newTuple.kinds[column] === tupleKind.unchanged && oldKind !== 'none';
    const from = isOld ? oldTuple : newTuple;
    if (from.kinds[column] !== tupleKind.text) return null;
    return bytes.toString('utf8', from.starts[column], from.ends[column]);
  });
}

/** The change with these values in its new row, in bytes of its own; null for NULL, undefined for one that stays unknown. */
export function withValues(
  change: PgOutputChange,
  columns: readonly number[],
  values: readonly RowValue[],
): PgOutputChange {
  const parts: Buffer[] = [];
  let length = 0;
  const append = (part: Buffer): { readonly start: number; readonly end: number } => {
    parts.push(part);
    length += part.length;
    return { start: length - part.length, end: length };
  };
  const copy = (from: TupleView): TupleView => {
    const to = new TupleView();
    to.count = from.count;
    for (let column = 0; column < from.count; column += 1) {
      const kind = from.kinds[column] ?? 0;
      to.kinds[column] = kind;
      if (kind !== tupleKind.text) continue;
      const { start, end } = append(change.bytes.subarray(from.starts[column], from.ends[column]));
      to.starts[column] = start;
      to.ends[column] = end;
    }
    return to;
  };
  const [oldTuple, newTuple] = [copy(change.oldTuple), copy(change.newTuple)];
  for (const [index, column] of columns.entries()) {
    const value = values[index];
    if (value === undefined) continue;
    newTuple.kinds[column] = value === null ? tupleKind.null : tupleKind.text;
    if (value === null) continue;
    const { start, end } = append(Buffer.from(value));
    newTuple.starts[column] = start;
    newTuple.ends[column] = end;
  }
  const { kind, relation, oldKind } = change;
  return {
    kind,
    relation,
    oldKind,
    oldTuple,
    newTuple,
    bytes: Buffer.concat(parts),
    readTuples: () => undefined,
  };
}
