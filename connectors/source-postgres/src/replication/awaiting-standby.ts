// Synchronous replication keeps a committed transaction invisible until a standby has it, for ever when there is none.
// Its commit may have been streamed before a restart, so a capture that goes on asks the server for all of them.

import type { SqlSession } from '@weir/postgres';

/** 32-bit ids. Empty when the user may not see other sessions: that takes pg_read_all_stats, or a superuser. */
export async function awaitingStandby(sql: SqlSession): Promise<readonly number[]> {
  const rows = await sql.rows(
    'cannot ask which commits wait for a standby',
    "SELECT backend_xid AS xid FROM pg_catalog.pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_xid IS NOT NULL",
  );
  return rows.map((row) => Number(row['xid']));
}
