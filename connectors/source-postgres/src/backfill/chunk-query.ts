// The SQL of one chunk. COPY prints values exactly as replication does, and is the fastest way out of the server.

import { quoteIdentifier, quoteLiteral } from '@weir/pgwire';
import { bareOperators, type TypeOperators } from '@weir/postgres';

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
  /** Bare when absent. */
  readonly operators?: TypeOperators;
}

/** The texts of the columns of a key. */
export type KeyTexts = readonly (string | null)[];

export interface KeyRange {
  /** Rows have greater keys; from the first one when undefined. */
  readonly after: KeyTexts | undefined;
  /** The last key; to the last row when undefined. */
  readonly until?: KeyTexts | undefined;
  /** No more than so many rows. */
  readonly limit?: number;
}

/** In the order of the key. */
export function keyedChunkQuery(table: ChunkTable, key: readonly KeyColumn[], range: KeyRange): string {
  const columns = keyList(key);
  const { after, until, limit } = range;
  const conditions = [...table.conditions];
  if (after !== undefined) conditions.push(comparison(key, '>', after));
  if (until !== undefined) conditions.push(comparison(key, '<=', until));
  return copy(table, conditions, ` ORDER BY ${columns}${limit === undefined ? '' : ` LIMIT ${limit}`}`);
}

/**
 * The keys at which ranges of `rows` rows end, at most `count` of them, after the key `after`; whatever else rows have to
 * satisfy. Fewer when the table ends before. An index on the key alone can tell them.
 */
export function rangeEndsQuery(
  table: ChunkTable,
  key: readonly KeyColumn[],
  after: KeyTexts | undefined,
  rows: number,
  count: number,
): string {
  const names = key.map(({ name }) => quoteIdentifier(name)).join(', ');
  const columns = keyList(key);
  const where = after === undefined ? '' : ` WHERE ${comparison(key, '>', after)}`;
  const keys = `SELECT ${names} FROM ${table.from}${where} ORDER BY ${columns} LIMIT ${rows * count}`;
  return `SELECT ${names} FROM (SELECT ${names}, row_number() OVER (ORDER BY ${columns}) AS ${NUMBER} FROM (${keys}) k) n WHERE ${NUMBER} % ${rows} = 0 ORDER BY ${NUMBER}`;
}

/** Unlike the name of a column of a key. */
const NUMBER = '"number of the row"';

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
  return key.map(keyColumn).join(', ');
}

function keyColumn({ name, collateC }: KeyColumn): string {
  return quoteIdentifier(name) + (collateC ? ' COLLATE "C"' : '');
}

/**
 * Of whole keys, column by column. An index serves a comparison of rows, which takes bare operators; others are spelled
 * out, behind one of the first column that an index serves.
 */
function comparison(key: readonly KeyColumn[], sign: '>' | '<=', values: KeyTexts): string {
  const literals = values.map((value) => (value === null ? 'NULL' : quoteLiteral(value).trim()));
  if (key.every(({ operators = bareOperators }) => operators === bareOperators))
    return `(${keyList(key)}) ${sign} (${literals.join(', ')})`;
  const compare = (place: number, by: keyof TypeOperators): string => {
    const column = key[place];
    if (column === undefined) throw new Error('a value without a column');
    return `${keyColumn(column)} ${(column.operators ?? bareOperators)[by]} ${literals[place] ?? 'NULL'}`;
  };
  const strict = sign === '>' ? '>' : '<';
  const alternatives = key.map((_, place) => {
    const equal = key.slice(0, place).map((_column, before) => compare(before, '='));
    return [...equal, compare(place, place === key.length - 1 ? sign : strict)].join(' AND ');
  });
  if (alternatives.length === 1) return alternatives.join('');
  return `${compare(0, sign === '>' ? '>=' : '<=')} AND (${alternatives.join(' OR ')})`;
}

/**
 * Version 17 leaves conditions of an index unchecked when they contradict a comparison of rows in it: `a = 'd'` finds rows
 * behind ('e', 1) (seen on 17.10; 13 to 16 and 18 find none). No index serves what this returns, which means the same.
 */
export function filterBesideRowComparison(filter: string, versionNumber: number): string {
  return versionNumber >= 170_000 && versionNumber < 180_000 ? `(${filter}\n) IS TRUE` : filter;
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
