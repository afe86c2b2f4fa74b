// What tables and columns the file has. Names of tables and columns are compared ignoring the case of ASCII letters.

import type { DatabaseSync } from 'node:sqlite';
import type { ColumnDefinition } from './table-sql.ts';

export interface ExistingColumn extends ColumnDefinition {
  /** From 1 within the primary key; 0 outside it. */
  readonly keyPosition: number;
}

export function tableExists(database: DatabaseSync, table: string): boolean {
  const query = database.prepare(
    `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE`,
  );
  return query.get(table) !== undefined;
}

/** In the table's order; empty when there is no such table. Generated columns are left out. */
export function readColumns(database: DatabaseSync, table: string): ExistingColumn[] {
  const rows = database
    .prepare(`SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)`)
    .all(table) as {
    name: string;
    type: string;
    notnull: number;
    dflt_value: string | null;
    pk: number;
  }[];
  return rows.map(({ name, type, notnull, dflt_value, pk }) => ({
    name,
    type,
    notNull: notnull === 1 || pk > 0,
    defaultSql: dflt_value,
    keyPosition: pk,
  }));
}
