// The SQL of one chunk. COPY prints values exactly as replication does, and is the fastest way out of the server.

import { quoteIdentifier, quoteLiteral } from '@weir/pgwire';

export interface ChunkTable {
  /** What to select from, in SQL. */
  readonly from: string;
  /** In the order in which the rows are read. */
  readonly columns: readonly string[];
  readonly filter: string | undefined;
  /** What else the rows have to satisfy, in SQL. */
  readonly conditions: readonly string[];
}

export interface KeyColumn {
  readonly name: string;
  /** Compare and order by bytes: for texts of a precise backfill. */
  readonly collateC: boolean;
}

/**
 * Rows after the key `after` (texts of its columns), in key order; from the first one when undefined. With `until` they
 * end with that key, else after `limit` rows.
 */
export function keyedChunkQuery(
  table: ChunkTable,
  key: readonly KeyColumn[],
  after: readonly (string | null)[] | undefined,
  limit: number,
  until?: readonly (string | null)[],
): string {
  const columns = keyList(key);
  const conditions = [...table.conditions];
  if (after !== undefined) conditions.push(`(${columns}) > ${keyValues(after)}`);
  if (until === undefined) return copy(table, conditions, ` ORDER BY ${columns} LIMIT ${limit}`);
  return copy(table, [...conditions, `(${columns}) <= ${keyValues(until)}`], ` ORDER BY ${columns}`);
}

/** The row that is the `limit`th after the key `after`, whatever else rows have to satisfy; none when there are fewer. */
export function chunkEndQuery(
  table: ChunkTable,
  key: readonly KeyColumn[],
  after: readonly (string | null)[] | undefined,
  limit: number,
): string {
  const columns = keyList(key);
  const conditions = after === undefined ? [] : [`(${columns}) > ${keyValues(after)}`];
  const order = ` ORDER BY ${columns} OFFSET ${limit - 1} LIMIT 1`;
  return copy({ ...table, filter: undefined }, conditions, order);
}

/** Holds for rows last written by the transaction `min` or a later one that a snapshot with this `xmax` may see. */
export function writtenSince(min: number, xmax: number): readonly string[] {
  const xmin = 'xmin::text::bigint';
  // Ids are a circle: of two, the one that is less than half of it ahead is the later one.
  return [
    `${xmin} >= 3`,
    `((${xmin} - ${min}) & 4294967295) < 2147483648`,
    `((${xmax % 2 ** 32} - ${xmin}) & 4294967295) < 2147483648`,
  ];
}

function keyList(key: readonly KeyColumn[]): string {
  return key.map(({ name, collateC }) => quoteIdentifier(name) + (collateC ? ' COLLATE "C"' : '')).join(', ');
}

function keyValues(values: readonly (string | null)[]): string {
  return `(${values.map((value) => (value === null ? 'NULL' : quoteLiteral(value).trim())).join(', ')})`;
}

/** Rows on the pages after `low` and before `high`, both as `(page,0)` tuple ids. */
export function pagesChunkQuery(table: ChunkTable, low: string, high: string): string {
  return copy(table, [`ctid > '${low}'`, `ctid <= '${high}'`, ...table.conditions], '');
}

function copy(table: ChunkTable, conditions: readonly string[], order: string): string {
  const columns = table.columns.map(quoteIdentifier).join(', ');
  const all = table.filter === undefined ? conditions : [...conditions, `(${table.filter}\n)`];
  const where = all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
  return `COPY (SELECT ${columns} FROM ${table.from}${where}${order}) TO STDOUT`;
}
