// Copies of a server: one of its past, and a standby as streaming replication keeps it.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPostgres, type PostgresServer, type PostgresVersion, startOver } from './postgres-server.ts';

/** The name of the standby at its primary: of its physical slot, and of its application. */
const STANDBY = 'standby';

/** Another server over the data of this one, which is stopped for a moment to be copied. */
export async function copyPostgres(
  server: PostgresServer,
  settings: Readonly<Record<string, string>> = {},
  prepare: (dataDirectory: string) => void = () => undefined,
): Promise<PostgresServer> {
  const version = Number(readFileSync(join(server.dataDirectory, 'PG_VERSION'), 'utf8')) as PostgresVersion;
  const binDirectory = findPostgres(version);
  if (binDirectory === undefined) throw new Error(`PostgreSQL ${version} is not installed`);
  await server.stop();
  return startOver(server.dataDirectory, binDirectory, version, settings, async (data) => {
    rmSync(join(data, 'server.log'));
    prepare(data);
    // Before the copy: a standby that does not find its primary pauses before it tries again.
    await server.start();
  });
}

/** Streams from `primary`. It holds back what the primary would clean up, and the primary keeps its log for it. */
export async function startStandby(
  primary: PostgresServer,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  await primary.query(`SELECT pg_create_physical_replication_slot('${STANDBY}')`);
  const { host, port, user, password, database } = primary;
  const source = `host=${host} port=${port} user=${user} password=${password} dbname=${database} application_name=${STANDBY}`;
  const streaming = {
    primary_conninfo: source,
    primary_slot_name: STANDBY,
    hot_standby_feedback: 'on',
    wal_receiver_status_interval: '1s',
    wal_retrieve_retry_interval: '200ms',
    ...settings,
  };
  return copyPostgres(primary, streaming, (data) => writeFileSync(join(data, 'standby.signal'), ''));
}

/** Until the standby has replayed what the primary has written by now. */
export async function untilReplayed(primary: PostgresServer, standby: PostgresServer): Promise<void> {
  const [row] = await primary.query('SELECT pg_current_wal_lsn() AS lsn');
  await untilTrue(standby, `SELECT pg_last_wal_replay_lsn() >= '${row?.['lsn'] ?? ''}'::pg_lsn`);
}

/** Until a query of one boolean is true. */
export async function untilTrue(server: PostgresServer, query: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const [row] = await server.query(`SELECT coalesce((${query}), false) AS holds`);
    if (row?.['holds'] === 't') return;
    if (performance.now() > deadline) throw new Error(`was not true in a minute: ${query}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
