// Backfills without a key walk over the pages of a table. What is written to later pages meanwhile is in the change
// stream, so the number of pages is measured once.

import { errors as engineErrors } from '@weir/sqlcapture';
import type { SqlSession } from '@weir/postgres';

export interface TableSize {
  /** Pages of the largest part: of the table itself or of one of its partitions. */
  readonly pages: number;
  /** The table and the partitions under it. */
  readonly parts: number;
}

const PARTS = `
  WITH RECURSIVE part(oid) AS (
    SELECT $1::oid
    UNION ALL
    SELECT i.inhrelid FROM part p JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid
  )`;

export async function measureTable(sql: SqlSession, oid: number): Promise<TableSize> {
  const row = await sql.row(
    'cannot measure a table',
    `${PARTS}
     SELECT ceil(max(pg_catalog.pg_relation_size(oid))::numeric / current_setting('block_size')::numeric)::bigint AS pages,
            count(*) AS parts FROM part`,
    [oid],
  );
  return { pages: Number(row?.['pages'] ?? 0), parts: Number(row?.['parts'] ?? 1) };
}

/** By the statistics of the last ANALYZE or VACUUM; undefined when there are none. */
export async function estimateRows(sql: SqlSession, oid: number): Promise<number | undefined> {
  const row = await sql.row(
    'cannot estimate the rows of a table',
    `${PARTS} SELECT sum(greatest(c.reltuples, 0)) AS rows FROM part p JOIN pg_catalog.pg_class c ON c.oid = p.oid`,
    [oid],
  );
  const rows = Number(row?.['rows'] ?? 0);
  return rows > 0 ? Math.round(rows) : undefined;
}

export interface PageRange {
  /** Tuple ids, as the state keeps them: `(page,0)`. */
  readonly low: string;
  readonly high: string;
  readonly isLast: boolean;
}

/** As chunks count them. */
export const ROWS_OF_A_PAGE = 100;

export function nextPages(scanned: Buffer | undefined, size: TableSize, chunkRows: number): PageRange {
  const low = scanned?.toString('latin1') ?? '(0,0)';
  const page = /^\((\d+),\d+\)$/.exec(low)?.[1];
  if (page === undefined) {
    throw engineErrors.SQL_STATE_INVALID({
      message: `the stored state of the capture cannot be read: ${JSON.stringify(low)} is not a place in a table`,
    });
  }
  const pages = Math.floor(chunkRows / (ROWS_OF_A_PAGE * size.parts)) + 1;
  const high = Number(page) + pages;
  return { low, high: `(${high},0)`, isLast: high >= size.pages };
}
