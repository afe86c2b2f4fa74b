// A pooler that lends sessions of the server to one transaction after the other does not keep the temporary tables that a
// task needs: they stay with the server's session, where the next transaction of somebody else meets them.

import type { PgConnection } from '@weir/pgwire';
import { connectionErrors, queryError } from '@weir/postgres/connection';

/** As many connections as a task has beside the first. */
const OTHERS = 2;

async function processOf(connection: PgConnection): Promise<string> {
  const { rows } = await connection.query('SELECT pg_backend_pid()');
  return rows[0]?.[0] ?? '';
}

/**
 * Throws PG_POOLER if another connection gets the process of the server that this one had, or this one another process. Asked
 * only where something answers for the server, which then tells clients of a process that is not the server's.
 */
export async function refuseSharedSessions(
  connection: PgConnection,
  connect: () => Promise<PgConnection>,
): Promise<void> {
  try {
    await compareProcesses(connection, connect);
  } catch (error) {
    throw queryError(error, 'cannot ask for the process of the session');
  }
}

async function compareProcesses(
  connection: PgConnection,
  connect: () => Promise<PgConnection>,
): Promise<void> {
  const own = await processOf(connection);
  if (own === String(connection.processId)) return;
  await using others = new AsyncDisposableStack();
  for (let count = 0; count < OTHERS; count += 1) {
    const other = others.use(await connect());
    // In a transaction, which keeps the process for as long as it goes on.
    await other.query('BEGIN');
    if ((await processOf(other)) === own || (await processOf(connection)) !== own) {
      await other.query('ROLLBACK');
      throw connectionErrors.PG_POOLER({
        message:
          'What answers at /address is a pooler that lends sessions of the server to single transactions.',
      });
    }
  }
}
