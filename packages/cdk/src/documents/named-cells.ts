// Rows of a table as a spreadsheet has it: cells by their places, which a header names or the letters of their columns.

import { setProperty, type JsonObject, type JsonValue } from '@weir/schema/json';

/** A column without a name in the header has that of its letters: A, …, Z, AA. */
export function columnName(header: string | undefined, index: number): string {
  if (header !== undefined && header !== '') return header;
  const letter = String.fromCodePoint(65 + (index % 26));
  return index < 26 ? letter : `${columnName(undefined, Math.floor(index / 26) - 1)}${letter}`;
}

/** Cells that are undefined are left out. Of two columns with one name the last one is taken. */
export function namedCells(cells: readonly (JsonValue | undefined)[], header: readonly string[]): JsonObject {
  const row: JsonObject = {};
  for (const [index, cell] of cells.entries())
    if (cell !== undefined) setProperty(row, columnName(header[index], index), cell);
  return row;
}
