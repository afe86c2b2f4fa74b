// SQLite cannot drop NOT NULL from a column, change its type or drop a primary key. What it can do is make the table
// again beside the old one, copy, and take its name, all in one transaction. What users have added comes along: columns with
// all that they are defined by, constraints, indexes, triggers; views and other tables' triggers and references stay.

import type { DatabaseSync } from 'node:sqlite';
import { withoutNotNull, withoutPrimaryKey, withType } from './definition-text.ts';
import { sqlite } from './dialect.ts';
import { readColumns } from './info-schema.ts';
import { tableText } from './table-text.ts';

export interface TableRebuild {
  /** Names of columns that lose NOT NULL. */
  readonly nullable: ReadonlySet<string>;
  /** New types by the name of the column. */
  readonly types: ReadonlyMap<string, string>;
  readonly dropPrimaryKey: boolean;
}

/** Must run inside a transaction. */
export function rebuildTable(database: DatabaseSync, tableName: string, rebuild: TableRebuild): void {
  const parts = database
    .prepare(
      `SELECT type, sql FROM sqlite_schema
       WHERE tbl_name = ? COLLATE NOCASE AND type IN ('table', 'index', 'trigger') AND sql IS NOT NULL`,
    )
    .all(tableName) as { type: string; sql: string }[];
  const made = parts.find(({ type }) => type === 'table')?.sql ?? '';
  const identifier = sqlite.quoteIdentifier(tableName);
  const temporary = sqlite.quoteIdentifier(`${tableName}_flowtmp1`);
  const columns = readColumns(database, tableName);
  const names = columns.map(({ name }) => sqlite.quoteIdentifier(name)).join(', ');
  const values = columns.map(({ name }) => {
    const type = rebuild.types.get(name);
    const column = sqlite.quoteIdentifier(name);
    return type === undefined || type === 'ANY' ? column : `CAST(${column} AS ${type})`;
  });
  database.exec(`DROP TABLE IF EXISTS ${temporary}`);
  database.exec(`CREATE TABLE ${temporary} ${rebuiltText(made, columns, rebuild)}`);
  database.exec(`INSERT INTO ${temporary} (${names}) SELECT ${values.join(', ')} FROM ${identifier}`);
  database.exec(`DROP TABLE ${identifier}`);
  // The new one takes the name as it is. Else SQLite would look at views and triggers that name the table, and find none.
  database.exec('PRAGMA legacy_alter_table = ON');
  try {
    database.exec(`ALTER TABLE ${temporary} RENAME TO ${identifier}`);
  } finally {
    database.exec('PRAGMA legacy_alter_table = OFF');
  }
  for (const { type, sql } of parts) if (type !== 'table') database.exec(sql);
}

/** What follows the name in the statement that makes the table again. */
function rebuiltText(made: string, columns: ReturnType<typeof readColumns>, rebuild: TableRebuild): string {
  const { definitions, options } = tableText(made);
  const lines = definitions.flatMap(({ name, sql }) => {
    let text = rebuild.dropPrimaryKey ? withoutPrimaryKey(sql) : sql;
    if (text === '') return [];
    if (!columns.some((column) => column.name === name)) return [text];
    if (rebuild.nullable.has(name)) text = withoutNotNull(text);
    const type = rebuild.types.get(name);
    return [type === undefined ? text : withType(text, type)];
  });
  // A table of that kind is ordered by its key.
  const kept = rebuild.dropPrimaryKey
    ? options.split(',').filter((option) => !/^\s*WITHOUT\s+ROWID\s*$/i.test(option))
    : [options];
  // A comment at the end of a line must not take the comma behind it.
  const ended = lines.map((line) => (line.includes('--') ? `${line}\n` : line));
  return `(\n  ${ended.join(',\n  ')}\n)${kept.join(',')}`;
}
