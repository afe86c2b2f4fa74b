// The PostgreSQL of the bench: Debian's 15, whose psql and pg_recvlogical are the yardsticks.

import { type PostgresServer, startPostgres } from '@weir/testing';
import { type CaptureBinding, runCapture, stateKey } from './capture-process.ts';

export const pgBin = '/usr/lib/postgresql/15/bin';

export function startBenchPostgres(): Promise<PostgresServer> {
  return startPostgres({
    version: 15,
    settings: {
      shared_buffers: '1GB',
      max_wal_size: '8GB',
      checkpoint_timeout: '30min',
      fsync: 'on',
      autovacuum: 'off',
    },
  });
}

/** The environment that points psql and pg_recvlogical at the server. */
export function clientEnv(server: PostgresServer): Record<string, string> {
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGPASSWORD: server.password,
    PGDATABASE: server.database,
  };
}

export function captureConfig(server: PostgresServer, slotName: string, advanced: object = {}): object {
  return {
    address: server.address,
    user: server.user,
    database: server.database,
    historyMode: false,
    credentials: { auth_type: 'UserPassword', password: server.password },
    advanced: { slotName, publicationName: 'flow_publication', ...advanced },
  };
}

export async function dropSlot(server: PostgresServer, slot: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await server.query(`SELECT pg_drop_replication_slot('${slot}')`);
      return;
    } catch (error) {
      // The walsender needs a moment to notice that its client is gone.
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A session that only creates its slot: the state to go on from, with every change that is made from now on. */
export async function openSlot(
  server: PostgresServer,
  slot: string,
  binding: CaptureBinding,
): Promise<Record<string, unknown>> {
  const { state } = await runCapture({
    connector: 'source-postgres',
    config: captureConfig(server, slot),
    bindings: [binding],
    documents: 0,
    isDone: (reached) => tableMode(reached, binding) === 'Active',
  });
  return state;
}

/** `Active` once every row of the table has been read. */
export function tableMode(state: Record<string, unknown>, { path }: CaptureBinding): string | undefined {
  const tables = (state['bindingStateV1'] ?? {}) as Record<string, { readonly mode?: string }>;
  return tables[stateKey(path)]?.mode;
}
