// Rows of one table out of the frames that stored documents come in.

import { type StoreFrame, TupleCursor } from '@weir/protocol';
import { errors } from '../errors.ts';
import type { Column, Table } from '../table.ts';
import type { FieldWriter } from './field-writer.ts';
import type { RowBuffer } from './row-buffer.ts';

const cursor = new TupleCursor();

/** Keys, values and document, in the order of the table's columns. */
export function encodeRow(table: Table<FieldWriter>, store: StoreFrame, rows: RowBuffer): void {
  const { bytes } = store;
  writeFields(table.keys, cursor.reset(bytes, store.keyStart, store.keyEnd), rows);
  writeFields(table.values, cursor.reset(bytes, store.valuesStart, store.valuesEnd), rows);
  if (table.document !== undefined) {
    cursor.asBytes(bytes, store.docStart, store.docEnd);
    table.document.type.convert(cursor, rows);
    rows.endField();
  }
  rows.endRow();
}

/** The key alone. */
export function encodeKey(
  table: Table<FieldWriter>,
  packed: Buffer,
  start: number,
  end: number,
  rows: RowBuffer,
): void {
  writeFields(table.keys, cursor.reset(packed, start, end), rows);
  rows.endRow();
}

function writeFields(columns: readonly Column<FieldWriter>[], element: TupleCursor, rows: RowBuffer): void {
  for (const column of columns) {
    if (!element.next() || element.kind === 'null') rows.null();
    else writeField(column, element, rows);
    rows.endField();
  }
}

function writeField(column: Column<FieldWriter>, element: TupleCursor, rows: RowBuffer): void {
  try {
    column.type.convert(element, rows);
  } catch (cause) {
    throw unsupported(column, cause);
  }
}

/** Of a value that its column cannot hold. */
export function unsupported({ type, field }: Column<unknown>, cause: unknown): Error {
  return errors.SQL_VALUE_UNSUPPORTED({
    message: `A value of the field ${field} cannot be a ${type.ddl}: ${(cause as Error).message}`,
    cause,
  });
}
