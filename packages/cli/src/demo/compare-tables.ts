// The demo's verdict: every row of a source table against every row of its copy, column by column, through one
// canonical text per value (the server's zone is UTC). It goes the long way round on purpose, sharing no code with the connectors.

import { type PgConnection, quoteIdentifier, quoteLiteral } from '@weir/pgwire';
import type { DatabaseSync } from 'node:sqlite';

export interface TableComparison {
  readonly table: string;
  readonly sourceRows: number;
  readonly copyRows: number;
  /** A few of the rows that only one side has, as text. */
  readonly onlyInSource: readonly string[];
  readonly onlyInCopy: readonly string[];
}

export function isEqual(comparison: TableComparison): boolean {
  return comparison.onlyInSource.length === 0 && comparison.onlyInCopy.length === 0;
}

interface Column {
  readonly name: string;
  readonly type: string;
}

async function columnsOf(source: PgConnection, table: string): Promise<Column[]> {
  const { rows } = await source.query(
    `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
     WHERE attrelid = ${quoteLiteral(quoteIdentifier(table))}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  return rows.map(([name, type]) => ({ name: name ?? '', type: type ?? '' }));
}

function sortedJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedJson);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sortedJson(member)]),
  );
}

/** What both sides' spelling of a value of this type comes down to. */
function canonical(type: string, text: string | null): string {
  if (text === null) return 'NULL';
  if (type.endsWith('[]') || type === 'jsonb' || type === 'json')
    return JSON.stringify(sortedJson(JSON.parse(text)));
  if (type.startsWith('timestamp')) return text.replace(' ', 'T').replace(/(?:\+00|Z)?$/, 'Z');
  // Trailing zeros are the scale's, not the value's.
  if (type.startsWith('numeric') && text.includes('.')) return text.replace(/\.?0+$/, '');
  if (type === 'boolean') return text === 't' || text === 'true' || text === '1' ? 'true' : 'false';
  if (type.startsWith('numeric')) return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  if (type === 'real' || type === 'double precision') return String(Number(text));
  return text;
}

async function sourceRows(
  source: PgConnection,
  table: string,
  columns: readonly Column[],
): Promise<string[]> {
  const list = columns.map(({ name, type }) =>
    type.endsWith('[]') ? `to_jsonb(${quoteIdentifier(name)})::text` : `${quoteIdentifier(name)}::text`,
  );
  const { rows } = await source.query(`SELECT ${list.join(', ')} FROM ${quoteIdentifier(table)}`);
  return rows.map((row) => row.map((value, i) => canonical(columns[i]?.type ?? '', value)).join(' | '));
}

/** A field is a JSON pointer without its first slash: `~` and `/` of a name are escaped in it. */
function fieldOf(column: string): string {
  return column.replaceAll('~', '~0').replaceAll('/', '~1');
}

function copyRows(copy: DatabaseSync, table: string, columns: readonly Column[]): string[] {
  const exists = copy.prepare(`SELECT 1 FROM sqlite_master WHERE name = ?`).get(table);
  if (exists === undefined) return [];
  const statement = copy.prepare(
    `SELECT ${columns.map(({ name }) => quoteIdentifier(fieldOf(name))).join(', ')} FROM ${quoteIdentifier(table)}`,
  );
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  const rows = statement.all() as unknown as (string | bigint | number | null)[][];
  return rows.map((row) =>
    row
      .map((value, i) => canonical(columns[i]?.type ?? '', value === null ? null : String(value)))
      .join(' | '),
  );
}

/** Rows of `left` that `right` has not, counting how often each occurs. */
function missing(left: readonly string[], right: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const row of right) counts.set(row, (counts.get(row) ?? 0) + 1);
  return left.filter((row) => {
    const count = counts.get(row) ?? 0;
    counts.set(row, count - 1);
    return count <= 0;
  });
}

export async function compareTable(
  source: PgConnection,
  copy: DatabaseSync,
  table: string,
): Promise<TableComparison> {
  const columns = await columnsOf(source, table);
  const expected = await sourceRows(source, table, columns);
  const actual = copyRows(copy, table, columns);
  return {
    table,
    sourceRows: expected.length,
    copyRows: actual.length,
    onlyInSource: missing(expected, actual).slice(0, 3),
    onlyInCopy: missing(actual, expected).slice(0, 3),
  };
}
