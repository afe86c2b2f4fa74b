// Short transactions that may be repeated: what they do is read anew each time.

import type { PgConnection } from '@weir/pgwire';
import { isConflict, writeError } from './write-error.ts';

const ATTEMPTS = 5;

/** Explicit, because a session may have other defaults. Each statement sees what was committed before it. */
export const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/**
 * Runs `work` in a transaction, again when the server gave it up for another one. `work` must have no effect but in
 * the transaction. What it throws is told as ours, beginning with `doing`.
 */
export async function inTransaction<T>(
  connection: PgConnection,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.query(BEGIN);
      const result = await work();
      await connection.query('COMMIT');
      return result;
    } catch (error) {
      if (!connection.isClosed && connection.transactionStatus !== 'idle') await connection.query('ROLLBACK');
      if (attempt < ATTEMPTS && isConflict(error)) continue;
      throw writeError(error, doing);
    }
  }
}
