// With synchronous_commit = off a transaction is visible a moment before its log is on disk, and a server that crashes in
// that moment has never had it. Rows that it deleted are back, and its id, and the numbers it took from sequences, are
// given to another one. So nothing is made of a snapshot before the log of all it sees is on disk.

import { setTimeout as delay } from 'node:timers/promises';
import { parseLsn, type PgConnection, PgServerError } from '@weir/pgwire';

/**
 * Two columns: where the log ends, and up to where it is on disk. Everything that a snapshot sees which was taken before
 * lies before the first. A standby shows only what it has on disk.
 */
export const LOG_POSITIONS = `CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                                   ELSE pg_catalog.pg_current_wal_insert_lsn() END,
                              CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                                   ELSE pg_catalog.pg_current_wal_flush_lsn() END`;

/** SQLSTATEs of a function that the user may not call, and of one that a read-only transaction may not. */
const refusals: readonly string[] = ['42501', '25006'];

/** Whether the log up to `position` gets to disk in this time, as it does by the commits of others. Not on a standby. */
export async function isFlushedWithin(
  connection: PgConnection,
  position: bigint,
  patienceMs: number,
): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  for (let delayMs = 1; performance.now() < deadline; delayMs *= 2) {
    await delay(delayMs);
    const { rows } = await connection.query('SELECT pg_catalog.pg_current_wal_flush_lsn()');
    if (parseLsn(rows[0]?.[0] ?? '') >= position) return true;
  }
  return false;
}

/**
 * Has all that is in the log written to disk, in a transaction of its own: a commit does that if there is anything of it in
 * the log, and an empty message is the least there is. Without a message, because none may be sent, the end of a
 * transaction that had an id makes the server do it in a moment.
 */
export async function flushLog(connection: PgConnection, isReadOnly: boolean): Promise<void> {
  if (!isReadOnly && (await commitMessage(connection))) return;
  await connection.query('SELECT pg_catalog.txid_current()');
}

async function commitMessage(connection: PgConnection): Promise<boolean> {
  try {
    await connection.query(
      `BEGIN; SET LOCAL synchronous_commit = local; SELECT pg_catalog.pg_logical_emit_message(true, 'weir', ''); COMMIT`,
    );
    return true;
  } catch (error) {
    if (!connection.isClosed) await connection.query('ROLLBACK');
    if (!(error instanceof PgServerError) || !refusals.includes(error.sqlstate)) throw error;
    return false;
  }
}
