// The statements over the rows of one table.

import type { FieldWriter, Table } from '@weir/materialize-sql';
import { quoteIdentifier, quoteLiteral } from '@weir/pgwire';
import { documentSql } from './document-sql.ts';

export type PgTable = Table<FieldWriter>;

export type Staging = 'store' | 'delete' | 'load';

/** A temporary table with columns as the table has them: whole rows, or keys. Empty at the end of each transaction. */
export function stagingName(staging: Staging, binding: number): string {
  return `pg_temp.${quoteIdentifier(`flow_temp_${staging}_${binding}`)}`;
}

export function createStaging(staging: Staging, binding: number, table: PgTable): string {
  const columns = staging === 'store' ? table.columns : table.keys;
  const names = columns.map(({ identifier }) => identifier).join(', ');
  const name = stagingName(staging, binding);
  const create = `CREATE TEMPORARY TABLE ${name.replace('pg_temp.', '')} ON COMMIT DELETE ROWS`;
  // A pooler may lend a session of the server in which another one has left its own.
  return `DROP TABLE IF EXISTS ${name}; ${create} AS SELECT ${names} FROM ${table.identifier} WITH NO DATA`;
}

/** Into the table itself, or into what is staged for it. */
export function copyRows(target: string, columns: PgTable['columns']): string {
  return `COPY ${target} (${columns.map(({ identifier }) => identifier).join(', ')}) FROM STDIN`;
}

function matchKeys(table: PgTable, left: string, right: string): string {
  return table.keys.map(({ identifier }) => `${left}.${identifier} = ${right}.${identifier}`).join(' AND ');
}

/** Takes the staged rows over: inserts those whose key is new, and replaces the values of the others; all, with delta updates. */
export function mergeRows(binding: number, table: PgTable, hasUniqueKey: boolean): string[] {
  const staged = stagingName('store', binding);
  const names = table.columns.map(({ identifier }) => identifier).join(', ');
  const valued = table.columns.filter(({ role }) => role !== 'key');
  const insert = `INSERT INTO ${table.identifier} AS t (${names}) SELECT ${names} FROM ${staged} AS s`;
  if (table.deltaUpdates) return [insert];
  const assign = (source: string): string =>
    valued.map(({ identifier }) => `${identifier} = ${source}.${identifier}`).join(', ');
  if (hasUniqueKey) {
    const keys = table.keys.map(({ identifier }) => identifier).join(', ');
    const action = valued.length === 0 ? 'NOTHING' : `UPDATE SET ${assign('excluded')}`;
    return [`${insert} ON CONFLICT (${keys}) DO ${action}`];
  }
  const matches = matchKeys(table, 't', 's');
  return [
    `ANALYZE ${staged}`,
    ...(valued.length === 0
      ? []
      : [`UPDATE ${table.identifier} AS t SET ${assign('s')} FROM ${staged} AS s WHERE ${matches}`]),
    `${insert} WHERE NOT EXISTS (SELECT FROM ${table.identifier} AS t WHERE ${matches})`,
  ];
}

/** Whether policies decide which rows of a table the user sees. */
export function selectSecured({ identifier }: PgTable): string {
  return `SELECT row_security_active(${quoteLiteral(identifier).trim()})`;
}

/** And whether it has none that he does. */
export function selectSecuredAndEmpty(table: PgTable): string {
  return `${selectSecured(table)}, NOT EXISTS (SELECT FROM ${table.identifier})`;
}

/** Removes the rows whose keys are staged. */
export function deleteRows(binding: number, table: PgTable): string {
  const staged = stagingName('delete', binding);
  return `DELETE FROM ${table.identifier} AS t USING ${staged} AS s WHERE ${matchKeys(table, 't', 's')}`;
}

/** The documents of the keys that are staged and exist; undefined for a table that has none to give. */
export function loadDocuments(binding: number, table: PgTable): string | undefined {
  const document = table.document === undefined ? documentSql(table, 't') : `t.${table.document.identifier}`;
  if (document === undefined || table.deltaUpdates) return undefined;
  return `SELECT ${document} FROM ${stagingName('load', binding)} AS s JOIN ${table.identifier} AS t ON ${matchKeys(table, 's', 't')}`;
}
