// The statements over one table. Parameters stand in the order of the table's columns: keys, values, document. They have
// no numbers, because binding one by its number is a search through the statement's names.

import {
  columnDefinition,
  createTable as createTableStatements,
  type Column,
  type Table,
  type TableWords,
} from '@weir/materialize-sql';
import { sqlite, type SqliteConvert } from './dialect.ts';

export const words: TableWords = { create: 'CREATE TABLE', tail: ' STRICT', comments: 'none' };

export function createTable(table: Table<SqliteConvert>): string {
  return createTableStatements(table, sqlite, words, '').join('; ');
}

export function addColumn(table: Table<SqliteConvert>, column: Column<SqliteConvert>): string {
  return `ALTER TABLE ${table.identifier} ADD COLUMN ${columnDefinition(column, sqlite, words, false)}`;
}

function matchKeys(table: Table<SqliteConvert>): string {
  return table.keys.map(({ identifier }) => `${identifier} = ?`).join(' AND ');
}

/**
 * Inserts rows; with standard updates, replaces the values of the row that has a row's key. The document may be
 * bound as text, or as bytes in the encoding of the file, which a cast takes for text as they are.
 */
export function storeSql(table: Table<SqliteConvert>, rows: number): string {
  const names = table.columns.map(({ identifier }) => identifier).join(', ');
  const parameters = table.columns
    .map(({ role }) => (role === 'document' ? 'CAST(? AS TEXT)' : '?'))
    .join(', ');
  const lists = Array.from({ length: rows }, () => `(${parameters})`).join(', ');
  const insert = `INSERT INTO ${table.identifier} (${names}) VALUES ${lists}`;
  if (table.deltaUpdates) return insert;
  const assignments = table.columns
    .filter(({ role }) => role !== 'key')
    .map(({ identifier }) => `${identifier} = excluded.${identifier}`);
  const keys = table.keys.map(({ identifier }) => identifier).join(', ');
  const action = assignments.length === 0 ? 'NOTHING' : `UPDATE SET ${assignments.join(', ')}`;
  return `${insert} ON CONFLICT (${keys}) DO ${action}`;
}

export function deleteSql(table: Table<SqliteConvert>): string {
  return `DELETE FROM ${table.identifier} WHERE ${matchKeys(table)}`;
}

/** Whether documents can be looked up by key. */
export function isLoadable(table: Table<SqliteConvert>): boolean {
  return table.document !== undefined && !table.deltaUpdates;
}

/** The stored documents of so many keys, of a table that is loadable. */
export function loadSql(table: Table<SqliteConvert>, keys: number): string {
  const document = table.document?.identifier ?? 'NULL';
  if (keys === 1) return `SELECT ${document} FROM ${table.identifier} WHERE ${matchKeys(table)}`;
  const names = table.keys.map((_, index) => `key_${index}`);
  const lists = Array.from({ length: keys }, () => `(${names.map(() => '?').join(', ')})`).join(', ');
  const matches = table.keys.map(({ identifier }, index) => `stored.${identifier} = wanted.key_${index}`);
  // Of the file's own table, also when that is called like the list of keys; which is read first.
  return `WITH wanted (${names.join(', ')}) AS (VALUES ${lists})
    SELECT stored.${document} FROM wanted CROSS JOIN main.${table.identifier} AS stored ON ${matches.join(' AND ')}`;
}
