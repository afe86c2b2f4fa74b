// The transaction of a poll that remembers where it has got to. A server that crashes may take back what it had committed
// with synchronous_commit = off, and give the same transaction ids and numbers to other rows, which lie before the cursor
// then. So nothing is read in a snapshot before the log of all it sees is on disk.

import { parseLsn, type PgConnection, PgServerError } from '@weir/pgwire';
import { flushLog, isFlushedWithin, LOG_POSITIONS } from '@weir/postgres';

/** How long the log may take to get to disk by itself, the first time. */
const FIRST_FLUSH_MS = 50;

/** SQLSTATEs of a server that does not tell its log: it keeps none of its own, as Aurora, or the user may not know. */
const untold: readonly string[] = ['0A000', '42501', '42883'];

/** Begins a transaction that sees one state of the database, which no crash takes back. */
export async function beginLastingSnapshot(
  connection: PgConnection,
  access: 'READ ONLY' | '' = '',
): Promise<void> {
  const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ ${access}`;
  for (let patienceMs = FIRST_FLUSH_MS; ; patienceMs *= 8) {
    await connection.query(begin);
    try {
      const { rows } = await connection.query(`SELECT ${LOG_POSITIONS}`);
      const [end, flushed] = (rows[0] ?? []).map((position) => parseLsn(position ?? ''));
      if (end === undefined || flushed === undefined || flushed >= end) return;
      if (await isFlushedWithin(connection, end, patienceMs)) return;
    } catch (error) {
      if (!(error instanceof PgServerError) || !untold.includes(error.sqlstate)) throw error;
      await connection.query(`ROLLBACK; ${begin}`);
      return;
    }
    await connection.query('ROLLBACK');
    await flushLog(connection, false);
  }
}
