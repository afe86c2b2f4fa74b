// What tables and columns the file has. Names of tables and columns are compared ignoring the case of ASCII letters.

import { InfoSchema } from '@weir/materialize';
import { endpointNaming } from '@weir/materialize-sql';
import type { DatabaseSync } from 'node:sqlite';
import { sqlite } from './dialect.ts';

export interface ExistingColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** SQL of the default, as the schema has it. */
  readonly defaultSql: string | null;
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
    .all(table) as { name: string; type: string; notnull: number; dflt_value: string | null; pk: number }[];
  return rows.map((row) => ({
    name: row.name,
    type: row.type,
    notNull: row.notnull === 1 || row.pk > 0,
    defaultSql: row.dflt_value,
    keyPosition: row.pk,
  }));
}

/** The file's tables as validation and planning look at them. */
export function readInfoSchema(database: DatabaseSync | undefined): InfoSchema {
  const tables = (database?.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all() ?? []) as {
    name: string;
  }[];
  const resources = tables.map(({ name }) => ({
    location: [name],
    fields: (database === undefined ? [] : readColumns(database, name)).map((column) => ({
      name: column.name,
      nullable: !column.notNull,
      type: column.type,
      characterMaxLength: 0,
      hasDefault: column.defaultSql !== null,
    })),
  }));
  return new InfoSchema(endpointNaming(sqlite), { resources });
}
