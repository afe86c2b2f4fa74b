// What a keyed backfill asks of the columns it walks along. A precise one takes a change or passes it over by whether the
// packed key of its row is greater than the last one that was read: that is right only when rows are read in this order.

import { errors } from './errors.ts';
import type { TableState } from './state.ts';
import { streamLabel } from './stream-id.ts';
import type { ByteOrder, ColumnInfo, TableInfo } from './table-info.ts';

/** Of a key of these columns. */
export function byteOrderOf(table: TableInfo, keyColumns: readonly string[]): ByteOrder {
  const orders = columnsOf(table, keyColumns).map(({ byteOrder }) => byteOrder);
  if (orders.includes('never')) return 'never';
  return orders.includes('when precise') ? 'when precise' : 'always';
}

/** Of a table in this state. Throws SQL_PRECISE_KEY. */
export function requireScanKey(
  table: TableInfo,
  { mode, keyColumns = [] }: Pick<TableState, 'mode' | 'keyColumns'>,
): void {
  if (mode !== 'Backfill' || byteOrderOf(table, keyColumns) !== 'never') return;
  const unordered = columnsOf(table, keyColumns).filter(({ byteOrder }) => byteOrder === 'never');
  throw errors.SQL_PRECISE_KEY({
    message: `the rows of ${streamLabel(table)} cannot be read in the mode "Precise": only the server can compare values of ${unordered.map(({ name }) => JSON.stringify(name)).join(', ')}, which is in the key`,
  });
}

/** Those that are gone are told of elsewhere. */
function columnsOf(table: TableInfo, names: readonly string[]): readonly ColumnInfo[] {
  return names.flatMap((name) => table.columns.find((column) => column.name === name) ?? []);
}
