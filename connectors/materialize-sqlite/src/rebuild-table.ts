// SQLite cannot drop NOT NULL from a column, change its type or drop a primary key. What it can do is make the table
// again beside the old one, copy, and take its name, all in one transaction; a user's own columns, indexes and
// triggers come along.

import type { DatabaseSync } from 'node:sqlite';
import { sqlite } from './dialect.ts';
import { readColumns } from './info-schema.ts';
import { createTableSql } from './table-sql.ts';

export interface TableRebuild {
  /** Names of columns that lose NOT NULL. */
  readonly nullable: ReadonlySet<string>;
  /** New types by the name of the column. */
  readonly types: ReadonlyMap<string, string>;
  readonly dropPrimaryKey: boolean;
}

/** Must run inside a transaction. */
export function rebuildTable(database: DatabaseSync, tableName: string, rebuild: TableRebuild): void {
  const columns = readColumns(database, tableName);
  const belongings = database
    .prepare(
      `SELECT sql FROM sqlite_schema
       WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL`,
    )
    .all(tableName) as { sql: string }[];
  const identifier = sqlite.quoteIdentifier(tableName);
  const temporary = sqlite.quoteIdentifier(`${tableName}_flowtmp1`);
  const definitions = columns.map((column) => ({
    ...column,
    type: rebuild.types.get(column.name) ?? column.type,
    notNull: column.notNull && !rebuild.nullable.has(column.name),
  }));
  const primaryKey = columns
    .filter(({ keyPosition }) => keyPosition > 0 && !rebuild.dropPrimaryKey)
    .sort((a, b) => a.keyPosition - b.keyPosition)
    .map(({ name }) => name);
  const names = columns.map(({ name }) => sqlite.quoteIdentifier(name)).join(', ');
  const values = columns.map(({ name }) => {
    const type = rebuild.types.get(name);
    const column = sqlite.quoteIdentifier(name);
    return type === undefined || type === 'ANY' ? column : `CAST(${column} AS ${type})`;
  });
  database.exec(`DROP TABLE IF EXISTS ${temporary}`);
  database.exec(createTableSql(temporary, definitions, primaryKey));
  database.exec(`INSERT INTO ${temporary} (${names}) SELECT ${values.join(', ')} FROM ${identifier}`);
  database.exec(`DROP TABLE ${identifier}`);
  database.exec(`ALTER TABLE ${temporary} RENAME TO ${identifier}`);
  for (const { sql } of belongings) database.exec(sql);
}
