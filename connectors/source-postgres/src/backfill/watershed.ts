// Divides the rows of a table without a key between its scan and the change stream, since nothing later could merge a
// row that came from both. The watershed is a snapshot taken when the backfill begins and kept in the state of the
// table: transactions it sees are the scan's, all others the stream's. It sees everything streamed before, whose
// changes nobody kept; and the scan, whose snapshots are later ones, sees everything that the watershed sees.
//
// Not divided: a row written under a savepoint (or in an exception block of PL/pgSQL) by a transaction that is running
// when the watershed is taken, if the savepoint's id was assigned before. The server does not tell to which
// transaction such an id belongs, and the row comes twice.

import { formatLsn, parseLsn, type PgConnection } from '@weir/pgwire';
import type { TableMetadata } from '@weir/sqlcapture';
import { isVisible, parseSnapshot, type Snapshot } from '../replication/recent-transactions.ts';

export interface Watershed {
  readonly snapshot: Snapshot;
  /** Every transaction that the snapshot sees committed before this position. */
  readonly end: bigint;
}

const SNAPSHOT = 'watershed';
const END = 'watershed_end';

export function watershedOf(metadata: TableMetadata | undefined): Watershed | undefined {
  const snapshot = metadata?.[SNAPSHOT];
  const end = metadata?.[END];
  if (typeof snapshot !== 'string' || typeof end !== 'string') return undefined;
  return { snapshot: parseSnapshot(snapshot), end: parseLsn(end) };
}

/**
 * In a transaction that has its snapshot. Commits can be visible before they are flushed, hence the insert position.
 * On a standby snapshots do not list what is running, so nothing can be divided: empty then.
 */
export async function watershedFacts(connection: PgConnection, snapshot: Snapshot): Promise<TableMetadata> {
  const { rows } = await connection.query(
    `SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_insert_lsn() END`,
  );
  const end = rows[0]?.[0];
  if (typeof end !== 'string') return {};
  return { [SNAPSHOT]: snapshot.text, [END]: formatLsn(parseLsn(end)) };
}

/** Whether the rows of the transaction are the scan's. `xid` has 32 bits. */
export function isScanned(watershed: Watershed, xid: number): boolean {
  return isVisible(watershed.snapshot, xid);
}

const WHOLE = 2 ** 32;
/** Ids below stand for no transaction: rows that hold them have been there since the table was made. */
const FIRST_NORMAL_XID = 3;

/**
 * SQL conditions that hold for the scan's rows among those that the snapshot of a chunk sees; none when all are. The
 * stream's rows are of transactions that were running at the watershed, or began between it and the chunk. A frozen
 * row keeps its id, and ids are used again after 2^32 transactions, so nothing is concluded from any other id.
 */
export function scannedConditions(watershed: Watershed, chunk: Snapshot): readonly string[] {
  const { xmax, running } = watershed.snapshot;
  const conditions: string[] = [];
  if (running.size > 0) {
    const ids = [...running].map((xid) => xid % WHOLE);
    conditions.push(`xmin <> ALL ('{${ids.join(',')}}'::xid[])`);
  }
  const [low, high] = [xmax % WHOLE, chunk.xmax % WHOLE];
  const xmin = 'xmin::text::bigint';
  if (low < high) conditions.push(`NOT ${xmin} BETWEEN ${low} AND ${high - 1}`);
  else if (low > high) {
    conditions.push(`NOT (${xmin} >= ${low} OR ${xmin} BETWEEN ${FIRST_NORMAL_XID} AND ${high - 1})`);
  }
  return conditions;
}
