// The PostgreSQL of the bench: Debian's 15, whose psql and pg_recvlogical are the yardsticks.

import { type PostgresServer, startPostgres } from '@weir/testing';

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

/** 12 columns of the common types, about 130 bytes a row as text. */
export async function createLineItems(server: PostgresServer, rows: number): Promise<void> {
  await server.query(`CREATE TABLE li (
    id bigint PRIMARY KEY, order_id bigint NOT NULL, part integer NOT NULL, supplier integer NOT NULL,
    quantity numeric(12, 2) NOT NULL, price numeric(12, 2) NOT NULL, discount double precision NOT NULL,
    flag text NOT NULL, shipped date NOT NULL, received timestamptz NOT NULL, mode text, comment text)`);
  await server.query(`INSERT INTO li SELECT n, n / 4, n % 20000, n % 1000, n % 50, (n % 100000) / 100.0, (n % 11) / 100.0,
    CASE WHEN n % 2 = 0 THEN 'A' ELSE 'N' END, date '2020-01-01' + (n % 2000)::integer, timestamptz '2020-01-01' + n * interval '1 second',
    'TRUCK', 'row number ' || n || ' of the bench' FROM generate_series(1, ${rows}) AS n`);
  await server.query('VACUUM ANALYZE li');
}

export function captureConfig(server: PostgresServer, slotName: string): object {
  return {
    address: server.address,
    user: server.user,
    database: server.database,
    historyMode: false,
    credentials: { auth_type: 'UserPassword', password: server.password },
    advanced: { slotName, publicationName: 'flow_publication' },
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
