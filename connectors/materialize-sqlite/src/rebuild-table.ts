// SQLite cannot drop NOT NULL from a column. What it can do is make the table again beside the old one, copy, and
// take its name, all in one transaction; a user's own columns, indexes and triggers come along.

import type { DatabaseSync } from 'node:sqlite';
import { sqlite } from './dialect.ts';
import { readColumns } from './info-schema.ts';
import { createTableSql } from './table-sql.ts';

/** Must run inside a transaction. Columns named in `nullable` lose NOT NULL. */
export function rebuildTable(database: DatabaseSync, tableName: string, nullable: ReadonlySet<string>): void {
  const columns = readColumns(database, tableName);
  const belongings = database
    .prepare(
      `SELECT sql FROM sqlite_schema WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL`,
    )
    .all(tableName) as { sql: string }[];
  const temporary = `${tableName}_flowtmp1`;
  const identifier = sqlite.quoteIdentifier(tableName);
  const temporaryIdentifier = sqlite.quoteIdentifier(temporary);
  const names = columns.map(({ name }) => sqlite.quoteIdentifier(name)).join(', ');
  const definitions = columns.map((column) => ({
    ...column,
    notNull: column.notNull && !nullable.has(column.name),
  }));
  const primaryKey = columns
    .filter(({ keyPosition }) => keyPosition > 0)
    .sort((a, b) => a.keyPosition - b.keyPosition)
    .map(({ name }) => name);
  database.exec(`DROP TABLE IF EXISTS ${temporaryIdentifier}`);
  database.exec(createTableSql(temporaryIdentifier, definitions, primaryKey));
  database.exec(`INSERT INTO ${temporaryIdentifier} (${names}) SELECT ${names} FROM ${identifier}`);
  database.exec(`DROP TABLE ${identifier}`);
  database.exec(`ALTER TABLE ${temporaryIdentifier} RENAME TO ${identifier}`);
  for (const { sql } of belongings) database.exec(sql);
}
