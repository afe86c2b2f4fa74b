// The statements over one table and over the temporary ones beside it, through which rows and keys come in.

import type { Column, FieldWriter, Table } from '@weir/materialize-sql';
import { isEncoded } from './field-writers.ts';

type AnyTable = Table<FieldWriter>;
type AnyColumn = Column<FieldWriter>;

/** A temporary table, which only its session sees. */
export interface Stage {
  readonly name: string;
  readonly create: string;
  readonly drop: string;
}

/** Types are those of the target's columns, so that values are converted and checked once, when they come in. */
export function stageOf(
  name: string,
  columns: readonly AnyColumn[],
  typeOf: (column: AnyColumn) => string,
): Stage {
  const definitions = columns.map((column) => `${column.identifier} ${typeOf(column)}`);
  return {
    name,
    create: `CREATE TEMPORARY TABLE ${name} (\n  ${definitions.join(',\n  ')}\n) CHARACTER SET=utf8mb4 COLLATE=utf8mb4_bin`,
    drop: `DROP TEMPORARY TABLE IF EXISTS ${name}`,
  };
}

/** Takes a file as `encodeRow` writes it, which is the server's own default format. The name of the file means nothing. */
export function loadDataSql(target: string, columns: readonly AnyColumn[]): string {
  const places = columns.map((column, index) => (isEncoded(column) ? `@field_${index}` : column.identifier));
  const settings = columns.flatMap((column, index) =>
    isEncoded(column) ? [`${column.identifier} = FROM_BASE64(@field_${index})`] : [],
  );
  const set = settings.length === 0 ? '' : ` SET ${settings.join(', ')}`;
  return `LOAD DATA LOCAL INFILE 'flow' INTO TABLE ${target} CHARACTER SET utf8mb4 (${places.join(', ')})${set}`;
}

/** Inserts the staged rows, or replaces the values of the rows that have their keys; columns of others stay as they are. */
export function upsertSql(table: AnyTable, stage: string): string {
  const names = table.columns.map(({ identifier }) => identifier);
  const staged = names.map((name) => `${stage}.${name}`);
  const changed = table.columns.filter(({ role }) => role !== 'key').map(({ identifier }) => identifier);
  // A table of keys alone has nothing to replace.
  const assignments = (changed.length === 0 ? names.slice(0, 1) : changed).map(
    (name) => `${table.identifier}.${name} = ${stage}.${name}`,
  );
  return `INSERT INTO ${table.identifier} (${names.join(', ')})\nSELECT ${staged.join(', ')} FROM ${stage}\nON DUPLICATE KEY UPDATE ${assignments.join(', ')}`;
}

/**
 * The same for a table in which ON DUPLICATE KEY could find the row of another key by another index and change that one:
 * here the server refuses such a row.
 */
export function updateAndInsertSql(table: AnyTable, stage: string): string[] {
  const names = table.columns.map(({ identifier }) => identifier);
  const changed = table.columns.filter(({ role }) => role !== 'key').map(({ identifier }) => identifier);
  const assignments = changed.map((name) => `${table.identifier}.${name} = ${stage}.${name}`);
  const join = `${stage} STRAIGHT_JOIN ${table.identifier} ON ${sameKeys(table, stage)}`;
  const [key = ''] = names;
  return [
    ...(assignments.length === 0 ? [] : [`UPDATE ${join} SET ${assignments.join(', ')}`]),
    `INSERT INTO ${table.identifier} (${names.join(', ')})\nSELECT ${names.map((name) => `${stage}.${name}`).join(', ')} FROM ${stage}
LEFT JOIN ${table.identifier} ON ${sameKeys(table, stage)} WHERE ${table.identifier}.${key} IS NULL`,
  ];
}

export function deleteSql(table: AnyTable, stage: string): string {
  return `DELETE ${table.identifier} FROM ${stage} STRAIGHT_JOIN ${table.identifier} ON ${sameKeys(table, stage)}`;
}

/** What stands in `columns` of the rows whose keys are staged; the small table is read first, whatever the server guesses. */
export function loadSql(table: AnyTable, columns: readonly AnyColumn[], stage: string): string {
  const wanted = columns.map(({ identifier }) => `${table.identifier}.${identifier}`).join(', ');
  return `SELECT ${wanted} FROM ${stage} STRAIGHT_JOIN ${table.identifier} ON ${sameKeys(table, stage)}`;
}

function sameKeys(table: AnyTable, stage: string): string {
  return table.keys
    .map(({ identifier }) => `${stage}.${identifier} = ${table.identifier}.${identifier}`)
    .join(' AND ');
}

export function widenSql(table: AnyTable, column: AnyColumn, definition: string): string {
  return `ALTER TABLE ${table.identifier} MODIFY COLUMN ${column.identifier} ${definition}`;
}

export type StagePurpose = 'load' | 'update' | 'delete';

/** The name of the temporary table of a binding: no table of a task may have one such, which it would hide. */
export function stageName(purpose: StagePurpose, binding: number): string {
  return `flow_temp_${purpose}_table_${binding}`;
}

export function isStageName(name: string): boolean {
  return /^flow_temp_(?:load|update|delete)_table_\d+$/i.test(name);
}
