// A connection that breaks while COMMIT is on its way leaves open how it ended. The fence's row, which the transaction
// wrote last, knows: the server is asked again, over a new connection, until it answers or the time is up.

import type { Fence } from '@weir/materialize-sql';
import { type PgConnection, PgConnectionError, PgServerError } from '@weir/pgwire';
import { WeirError } from '@weir/protocol';
import { setTimeout as delay } from 'node:timers/promises';
import { errors } from './errors.ts';
import type { FenceTable } from './fence.ts';

/** After that the task starts again, and reads the fence then. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;

/** An error after which nobody knows whether the server has committed. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof PgConnectionError || (error instanceof PgServerError && error.severity === 'FATAL');
}

export interface PendingCommit {
  readonly fence: Fence;
  /** As the fence's row bears it. */
  readonly transaction: string;
  /** Why it is pending. */
  readonly cause: unknown;
}

/** Whether it was committed. Throws PG_COMMIT_UNKNOWN when the server cannot be asked, and SQL_FENCED_OFF. */
export async function settleCommit(
  table: FenceTable,
  { fence, transaction, cause }: PendingCommit,
  connect: () => Promise<PgConnection>,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      const connection = await connect();
      try {
        return await table.wasCommitted(connection, fence, transaction);
      } finally {
        await connection.close();
      }
    } catch (error) {
      const isFinal = error instanceof WeirError && error.retry === 'never';
      if (isFinal) throw error;
      if (performance.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw errors.PG_COMMIT_UNKNOWN({
          message: `The connection broke during a commit (${cause instanceof Error ? cause.message : String(cause)}), and the server could not be asked how it ended: ${reason}`,
          cause,
        });
      }
      await delay(PAUSE_MS);
    }
  }
}
