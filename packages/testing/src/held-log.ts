// Commits that are there for everybody who looks, and not on disk: a server that crashes then has never had them. The
// processes that write the log out are held, so that it stays where it is.

import assert from 'node:assert/strict';
import type { PostgresServer } from './postgres-server.ts';

/** From here on the server's log goes to disk only when somebody asks for it. */
export async function holdLog(server: PostgresServer): Promise<Disposable> {
  const rows = await server.query(
    "SELECT pid FROM pg_stat_activity WHERE backend_type IN ('walwriter', 'background writer', 'checkpointer')",
  );
  const signal = (name: NodeJS.Signals) => {
    for (const { pid } of rows) process.kill(Number(pid), name);
  };
  signal('SIGSTOP');
  return {
    [Symbol.dispose]: () => {
      try {
        signal('SIGCONT');
      } catch {
        // They died in the crash.
      }
    },
  };
}

/** `sql` in one transaction, of which a crash leaves nothing while the log is held. */
export async function commitUnflushed(server: PostgresServer, sql: string): Promise<void> {
  await server.query(`BEGIN; SET LOCAL synchronous_commit = off; ${sql}; COMMIT`);
  const [log] = await server.query('SELECT pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn() AS held');
  assert.equal(log?.['held'], 't');
}
