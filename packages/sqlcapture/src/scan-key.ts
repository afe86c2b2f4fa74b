// What a keyed backfill asks of the columns it walks along. It goes on after the last key that was read, so a row that has
// the same key, or a NULL in it, would be passed over in silence: no two rows may have one key. A precise one takes a
// change or passes it over by whether the packed key of its row is greater than the last one that was read: that is right
// only when rows are read in this order.

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

/** Of a table in this state. Throws SQL_KEY_NOT_UNIQUE, SQL_PRECISE_KEY. */
export function requireScanKey(
  table: TableInfo,
  { mode, keyColumns = [] }: Pick<TableState, 'mode' | 'keyColumns'>,
): void {
  if (mode !== 'Backfill' && mode !== 'UnfilteredBackfill') return;
  requireUniqueKey(table, keyColumns);
  if (mode !== 'Backfill' || byteOrderOf(table, keyColumns) !== 'never') return;
  const unordered = columnsOf(table, keyColumns).filter(({ byteOrder }) => byteOrder === 'never');
  throw errors.SQL_PRECISE_KEY({
    message: `the rows of ${streamLabel(table)} cannot be read in the mode "Precise": only the server can compare values of ${unordered.map(({ name }) => JSON.stringify(name)).join(', ')}, which is in the key`,
  });
}

function requireUniqueKey(table: TableInfo, keyColumns: readonly string[]): void {
  const columns = columnsOf(table, keyColumns);
  if (columns.length < keyColumns.length) return;
  const names = (list: readonly string[]) => list.map((name) => JSON.stringify(name)).join(', ');
  const nullable = columns.filter((column) => column.nullable).map(({ name }) => name);
  const isUnique = table.uniqueKeys.some((unique) => unique.every((name) => keyColumns.includes(name)));
  if (isUnique && nullable.length === 0) return;
  const flaws = [
    ...(isUnique ? [] : ['no unique index is over these columns or some of them']),
    ...(nullable.length === 0 ? [] : [`${names(nullable)} may be NULL`]),
  ];
  throw errors.SQL_KEY_NOT_UNIQUE({
    message: `the rows of ${streamLabel(table)} cannot be read along ${names(keyColumns)}: ${flaws.join(', and ')}, so rows could be passed over`,
  });
}

/** Those that are gone are told of elsewhere. */
function columnsOf(table: TableInfo, names: readonly string[]): readonly ColumnInfo[] {
  return names.flatMap((name) => table.columns.find((column) => column.name === name) ?? []);
}
