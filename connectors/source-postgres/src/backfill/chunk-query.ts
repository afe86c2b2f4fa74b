// The SQL of one chunk. COPY prints values exactly as replication does, and is the fastest way out of the server.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '@weir/pgwire';

export interface ChunkTable {
  readonly schema: string;
  readonly table: string;
  /** In the order in which the rows are read. */
  readonly columns: readonly string[];
  readonly filter: string | undefined;
}

export interface KeyColumn {
  readonly name: string;
  /** Compare and order by bytes: for texts of a precise backfill. */
  readonly collateC: boolean;
}

/** Rows after the key `after` (texts of its columns), in key order; from the first one when undefined. */
export function keyedChunkQuery(
  table: ChunkTable,
  key: readonly KeyColumn[],
  after: readonly (string | null)[] | undefined,
  limit: number,
): string {
  const columns = key.map(({ name, collateC }) => quoteIdentifier(name) + (collateC ? ' COLLATE "C"' : ''));
  const conditions: string[] = [];
  if (after !== undefined) {
    const values = after.map((value) => (value === null ? 'NULL' : quoteLiteral(value).trim()));
    conditions.push(`(${columns.join(', ')}) > (${values.join(', ')})`);
  }
  return copy(table, conditions, ` ORDER BY ${columns.join(', ')} LIMIT ${limit}`);
}

/** Rows on the pages after `low` and before `high`, both as `(page,0)` tuple ids, that meet the conditions. */
export function pagesChunkQuery(
  table: ChunkTable,
  low: string,
  high: string,
  conditions: readonly string[],
): string {
  return copy(table, [`ctid > '${low}'`, `ctid <= '${high}'`, ...conditions], '');
}

function copy(table: ChunkTable, conditions: readonly string[], order: string): string {
  const columns = table.columns.map(quoteIdentifier).join(', ');
  const all = table.filter === undefined ? conditions : [...conditions, `(${table.filter}\n)`];
  const where = all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
  return `COPY (SELECT ${columns} FROM ${quoteQualified(table.schema, table.table)}${where}${order}) TO STDOUT`;
}
