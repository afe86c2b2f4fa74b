// The slot is the server's promise to keep the log we have not acknowledged. A capture continues only when that
// promise was kept without a gap: same server, same slot, nothing removed, nothing skipped. Any doubt is an error
// with the way out; nothing is created again in silence.

import {
  formatLsn,
  parseLsn,
  type PgConnection,
  PgServerError,
  quoteIdentifier,
  quoteLiteral,
} from '@weir/pgwire';
import type { Logger } from '@weir/connector';
import type { TableMetadata } from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import { queryError, type SqlSession } from '@weir/postgres';
import { errors } from './errors.ts';

export interface SlotInfo {
  readonly plugin: string;
  readonly database: string;
  readonly active: boolean;
  readonly activePid: string | undefined;
  /** undefined while the server is still creating the slot. */
  readonly confirmedFlush: bigint | undefined;
  readonly isLost: boolean;
  /** Follows to a promoted standby (17 and later). */
  readonly isFailover: boolean;
}

export interface ClusterIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

export async function readSlot(sql: SqlSession, name: string): Promise<SlotInfo | undefined> {
  const row = await sql.row(
    'cannot read the replication slot',
    'SELECT to_jsonb(s)::text AS slot FROM pg_catalog.pg_replication_slots s WHERE slot_name = $1',
    [name],
  );
  if (row === undefined) return undefined;
  const slot = JSON.parse(row['slot'] ?? '{}') as Readonly<Record<string, unknown>>;
  const text = (column: string): string | undefined => {
    const value = slot[column];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const confirmed = text('confirmed_flush_lsn');
  return {
    plugin: text('plugin') ?? '',
    database: text('database') ?? '',
    active: slot['active'] === true,
    activePid: text('active_pid'),
    confirmedFlush: confirmed === undefined ? undefined : parseLsn(confirmed),
    isLost: text('wal_status') === 'lost' || (text('invalidation_reason') ?? '') !== '',
    isFailover: slot['failover'] === true || slot['synced'] === true,
  };
}

export async function identifySystem(connection: PgConnection): Promise<ClusterIdentity> {
  const { rows } = await connection.query('IDENTIFY_SYSTEM');
  return { systemIdentifier: rows[0]?.[0] ?? '', timeline: Number(rows[0]?.[1]) };
}

/** The end of the log that is safe on disk; what has been replayed, on a standby. */
export async function serverPosition(sql: SqlSession): Promise<bigint> {
  const row = await sql.row(
    'cannot read the position of the server',
    `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                 ELSE pg_catalog.pg_current_wal_flush_lsn() END AS lsn`,
  );
  return parseLsn(row?.['lsn'] ?? '');
}

export function clusterMetadata(cluster: ClusterIdentity): TableMetadata {
  return { system_identifier: cluster.systemIdentifier, timeline: cluster.timeline };
}

const RESTART_BACKFILLS =
  'Increment the backfill counter of every binding (`weir backfill <task> --all` does): the tables are then read anew, into the same collections.';

/** A slot that is to be made could not be. */
export function slotCreateError(slot: string, error: unknown): unknown {
  if (!(error instanceof PgServerError)) return queryError(error, 'cannot create the replication slot');
  return errors.PG_SLOT_CREATE_FAILED({
    message: `cannot create the replication slot ${JSON.stringify(slot)}: ${error.message}`,
    cause: error,
    ...(error.sqlstate === '53400'
      ? { fix: 'Raise max_replication_slots, or drop slots that nobody uses.' }
      : {}),
  });
}

/** Drops a slot of that name, creates it, and returns the position from which it delivers everything. */
export async function recreateSlot(
  connection: PgConnection,
  sql: SqlSession,
  settings: SourceSettings,
  log: Logger,
  signal: AbortSignal,
): Promise<bigint> {
  const name = quoteIdentifier(settings.slot);
  const existing = await waitUntilInactive(sql, settings, signal);
  try {
    if (existing !== undefined) {
      log.warn(
        `the replication slot ${JSON.stringify(settings.slot)} exists, and is dropped and created anew, because this capture starts from the beginning; another capture that reads it has lost its place`,
      );
      await connection.query(`DROP_REPLICATION_SLOT ${name}`);
    }
    const { rows } = await connection.query(
      `CREATE_REPLICATION_SLOT ${name} LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
    );
    return parseLsn(rows[0]?.[1] ?? '');
  } catch (error) {
    throw slotCreateError(settings.slot, error);
  }
}

const INACTIVE_WAIT_MS = 10_000;
const INACTIVE_POLL_MS = 100;

/** A predecessor that just died may hold the slot for a moment. Throws PG_SLOT_ACTIVE when it does not let go. */
async function waitUntilInactive(
  sql: SqlSession,
  settings: SourceSettings,
  signal: AbortSignal,
): Promise<SlotInfo | undefined> {
  const deadline = performance.now() + INACTIVE_WAIT_MS;
  for (;;) {
    const slot = await readSlot(sql, settings.slot);
    if (slot === undefined || !slot.active) return slot;
    signal.throwIfAborted();
    if (performance.now() > deadline) throw await slotActiveError(sql, settings, slot);
    await new Promise((resolve) => setTimeout(resolve, INACTIVE_POLL_MS));
  }
}

export async function slotActiveError(sql: SqlSession, settings: SourceSettings, slot: SlotInfo | undefined) {
  const pid = slot?.activePid;
  const client =
    pid === undefined
      ? undefined
      : await sql.row(
          'cannot ask who uses the slot',
          'SELECT client_addr::text AS address FROM pg_catalog.pg_stat_activity WHERE pid = $1::int',
          [pid],
        );
  const from =
    client?.['address'] === undefined || client['address'] === null ? '' : ` from ${client['address']}`;
  return errors.PG_SLOT_ACTIVE({
    message: `the replication slot ${JSON.stringify(settings.slot)} is in use by another capture: server process ${pid ?? 'unknown'}${from}`,
    fix: `Stop the other capture, or choose another /advanced/slotName. To end its connection: SELECT pg_terminate_backend(${pid ?? 'pid'});`,
  });
}

export interface ContinuityCheck {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly cursor: bigint;
  readonly cluster: ClusterIdentity;
  /** What the tables of the capture remember of the server they were read from. */
  readonly known: readonly TableMetadata[];
  readonly signal: AbortSignal;
}

/** Throws unless everything after the cursor is still to be had from this server. */
export async function checkContinuity(check: ContinuityCheck): Promise<void> {
  const { sql, settings, cursor, cluster } = check;
  const name = JSON.stringify(settings.slot);
  checkCluster(cluster, check.known, await readSlot(sql, settings.slot));
  const slot = await waitUntilInactive(sql, settings, check.signal);
  if (slot === undefined) {
    throw errors.PG_SLOT_MISSING({
      message: `the replication slot ${name} does not exist, and the capture has read up to ${formatLsn(cursor)}: what was written since is lost to it`,
      fix: RESTART_BACKFILLS,
    });
  }
  if (slot.isLost) {
    throw errors.PG_SLOT_LOST({
      message: `the server has removed log that the replication slot ${name} still needed`,
      fix: `Run: SELECT pg_drop_replication_slot(${quoteLiteral(settings.slot).trim()}); ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf(); ${RESTART_BACKFILLS}`,
    });
  }
  const position = await serverPosition(sql);
  if (cursor > position) {
    throw errors.PG_POSITION_AHEAD({
      message: `the capture has read up to ${formatLsn(cursor)}, but the log of the server ends at ${formatLsn(position)}: it was restored from an older copy (system ${cluster.systemIdentifier}, timeline ${cluster.timeline})`,
      fix: RESTART_BACKFILLS,
    });
  }
  if (slot.confirmedFlush !== undefined && slot.confirmedFlush > cursor) {
    throw errors.PG_SLOT_RECREATED({
      message: `the replication slot ${name} begins at ${formatLsn(slot.confirmedFlush)}, but the capture has only read up to ${formatLsn(cursor)}: the slot was created again or moved by somebody else, and what was written between is lost`,
      fix: RESTART_BACKFILLS,
    });
  }
}

/** A timeline that moved on is fine with a slot that follows failovers, and a gap with any other. */
export function checkCluster(
  cluster: ClusterIdentity,
  known: readonly TableMetadata[],
  slot: SlotInfo | undefined,
): void {
  for (const metadata of known) {
    const [system, timeline] = [metadata['system_identifier'], metadata['timeline']];
    if (system !== undefined && String(system) !== cluster.systemIdentifier) {
      throw errors.PG_OTHER_CLUSTER({
        message: `the server is another one than before: its system identifier is ${cluster.systemIdentifier}, and the capture has been reading ${system}`,
        fix: `Connect to the server of before, or start over. ${RESTART_BACKFILLS}`,
      });
    }
    if (timeline !== undefined && Number(timeline) !== cluster.timeline && slot?.isFailover !== true) {
      throw errors.PG_OTHER_CLUSTER({
        message: `the server is on timeline ${cluster.timeline}, and the capture has been reading timeline ${timeline}: it was restored, or a standby was promoted, and its slot did not come with it`,
        fix: RESTART_BACKFILLS,
      });
    }
  }
}
