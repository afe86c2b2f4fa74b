// What a poll along transaction ids asks of the server. Each row carries the id (xmin) of the transaction that wrote it,
// 32 bits that wrap around, kept also when the row is frozen. A scan reads the rows written by transactions from `base` up
// to, and without, `next`: the oldest one that was still running when the scan began, so all of them have ended.
//
// Ids are compared on their circle: x lies in [base, next) when (x − base) mod 2³² < (next − base) mod 2³². That also
// holds after the counter has wrapped around, and takes every row when the server has a younger counter than the state.

import { quoteQualified } from '@weir/pgwire';
import type { Table } from './default-query.ts';

const MASK = 0xffff_ffffn;
/** Rows that a chunk may hold at a hundred to a page; all partitions are read side by side. */
const CHUNK_ROWS = 200_000;
const ROWS_PER_PAGE = 100;

/** An id without its epoch, as rows have it. */
export function shortId(id: bigint): number {
  return Number(id & MASK);
}

/** How far `to` lies ahead of `from` on the circle. */
export function distance(from: number, to: number): number {
  return Number((BigInt(to) - BigInt(from)) & MASK);
}

export interface Scan {
  /** 0 for the first scan, which takes everything. */
  readonly base: number;
  readonly next: number;
}

export interface PageRange {
  readonly first: number;
  /** The page after the last. */
  readonly end: number;
}

export function chunkPages(partitions: number): number {
  return Math.floor(CHUNK_ROWS / (ROWS_PER_PAGE * Math.max(partitions, 1))) + 1;
}

/**
 * The rows of a chunk. `newest`: the id after the last one that the chunk's snapshot can see. The first scan leaves out
 * what is at or after `next` only, since the second one will read that: a frozen row may have any id.
 */
export function chunkQuery(table: Table, pages: PageRange, scan: Scan, newest: number): string {
  const id = 'xmin::text::bigint';
  const within = (from: number, width: number): string => `((${id} - ${from}) & ${MASK}) < ${width}`;
  const conditions = [`ctid >= '(${pages.first},0)'`, `ctid < '(${pages.end},0)'`];
  if (scan.base !== 0) {
    conditions.push(`${id} >= 3`, within(scan.base, distance(scan.base, scan.next)));
  } else {
    const width = distance(scan.next, newest);
    if (width > 0) conditions.push(`NOT (${within(scan.next, width)})`);
  }
  return `SELECT ctid, xmin AS txid, * FROM ${quoteQualified(table.schema, table.table)} WHERE ${conditions.join(' AND ')}`;
}

/**
 * `$1`: the quoted name of the table. Which transactions the snapshot sees, how many pages the longest partition has,
 * in which files the rows are (other files mean that rows may have moved), and what in it is no table.
 */
export const measureQuery = `
  WITH RECURSIVE part(oid) AS (
    SELECT $1::regclass::oid
    UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN part p ON i.inhparent = p.oid
  )
  SELECT txid_snapshot_xmin(txid_current_snapshot()) AS oldest,
         txid_snapshot_xmax(txid_current_snapshot()) AS newest,
         count(*) FILTER (WHERE c.relkind IN ('r', 'm')) AS partitions,
         min(c.relname) FILTER (WHERE c.relkind NOT IN ('r', 'p', 'm')) AS stranger,
         coalesce(max(pg_relation_size(c.oid)) / current_setting('block_size')::bigint, 0) AS pages,
         string_agg(c.oid || ':' || coalesce(pg_relation_filenode(c.oid), 0), ',' ORDER BY c.oid) AS files
    FROM part JOIN pg_catalog.pg_class c ON c.oid = part.oid`;
