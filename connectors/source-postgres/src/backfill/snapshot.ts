// Opens the read-only transaction of a chunk, or of a watershed, with a snapshot that sees every transaction already
// streamed, and nothing that a crash of the server could take back. The table is locked before the snapshot is taken: a
// table that was rewritten, as by ALTER TYPE, after a snapshot looks empty to it, and its rows would be passed over.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@weir/connector';
import { parseLsn, type PgConnection, PgServerError, type QueryResult } from '@weir/pgwire';
import { flushLog, isFlushedWithin, LOG_POSITIONS } from '@weir/postgres';
import { errors } from '../errors.ts';
import {
  isVisible,
  parseSnapshot,
  type RecentTransactions,
  type Snapshot,
} from '../replication/recent-transactions.ts';

const FIRST_DELAY_MS = 5;
const LONGEST_DELAY_MS = 500;
const PATIENCE_MS = 60_000;

/** SQLSTATE of a lock that needs a privilege on the whole table, where the user has it on its columns only. */
const INSUFFICIENT_PRIVILEGE = '42501';

/** How long the log may take to get to disk by itself, the first time. */
const FIRST_FLUSH_MS = 3;

export interface TakenSnapshot extends Snapshot {
  /** Everything that the snapshot sees lies before it in the log; and the log up to there is on disk. */
  readonly position: bigint;
  /** By this name other connections can have the same snapshot, as long as this one has it; '' if it was not asked for. */
  readonly exported: string;
}

export interface SnapshotOptions {
  /** What was streamed and may still be invisible. */
  readonly recent: RecentTransactions;
  /** Nothing may be written, not even an empty message. */
  readonly isReadOnly: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** For what is invisible to become visible; a minute when absent. */
  readonly patienceMs?: number;
}

/**
 * Sees what was streamed before the call; the stream may go on meanwhile. `table` quoted; none is locked without. Throws
 * PG_SNAPSHOT_BEHIND when that takes too long.
 */
export async function beginSnapshot(
  connection: PgConnection,
  versionNumber: number,
  { recent, isReadOnly, log, signal, patienceMs = PATIENCE_MS }: SnapshotOptions,
  table?: string,
  isShared = false,
): Promise<TakenSnapshot> {
  const streamed = recent.all();
  const current = versionNumber >= 130_000 ? 'pg_current_snapshot' : 'txid_current_snapshot';
  const deadline = performance.now() + patienceMs;
  let flushMs = FIRST_FLUSH_MS;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS)) {
    const name = isShared ? 'pg_catalog.pg_export_snapshot()' : "''";
    const select = `SELECT pg_catalog.${current}()::text, ${LOG_POSITIONS}, ${name}`;
    const { rows } = await beginWith(connection, table, select);
    const [text, position, flushed, exported] = rows[0] ?? [];
    const snapshot = parseSnapshot(text ?? '');
    recent.settle(snapshot);
    const invisible = streamed.filter((xid) => !isVisible(snapshot, xid));
    if (invisible.length === 0) {
      const end = parseLsn(position ?? '');
      if (parseLsn(flushed ?? '') >= end || (await isFlushedWithin(connection, end, flushMs)))
        return { ...snapshot, position: end, exported: exported ?? '' };
      await connection.query('ROLLBACK');
      await flushLog(connection, isReadOnly);
      flushMs *= 8;
      continue;
    }
    await connection.query('ROLLBACK');
    if (performance.now() > deadline) {
      throw errors.PG_SNAPSHOT_BEHIND({
        message: `${invisible.length} committed transactions have stayed invisible to queries for ${patienceMs / 1000} s`,
      });
    }
    if (delayMs === LONGEST_DELAY_MS)
      log.warn('waiting for committed transactions to become visible to queries');
    await delay(delayMs, undefined, { signal });
  }
}

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

async function beginWith(
  connection: PgConnection,
  table: string | undefined,
  select: string,
): Promise<QueryResult> {
  if (table === undefined) return connection.query(`${BEGIN}; ${select}`);
  try {
    return await connection.query(`${BEGIN}; LOCK TABLE ${table} IN ACCESS SHARE MODE; ${select}`);
  } catch (error) {
    if (!connection.isClosed) await connection.query('ROLLBACK');
    if (!(error instanceof PgServerError) || error.sqlstate !== INSUFFICIENT_PRIVILEGE) throw error;
    return connection.query(`${BEGIN}; ${select}`);
  }
}
