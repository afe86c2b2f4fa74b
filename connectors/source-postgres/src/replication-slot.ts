// The slot is the server's promise to keep the log we have not acknowledged. A capture continues only when that
// promise was kept without a gap: same server, same slot, nothing removed, nothing skipped. Any doubt is an error
// with the way out; nothing is created again in silence.

import { formatLsn, parseLsn, type PgConnection, quoteIdentifier, quoteLiteral } from '@weir/pgwire';
import type { Logger } from '@weir/connector';
import type { TableMetadata } from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import type { SqlSession } from '@weir/postgres';
import { errors } from './errors.ts';
import { checkCluster, type ClusterIdentity } from './replication/timeline.ts';
import { awaitedBy, createSlot, slotCreateError } from './slot-creation.ts';
import { isStandby } from './standby.ts';

export interface SlotInfo {
  readonly plugin: string;
  readonly database: string;
  readonly active: boolean;
  readonly activePid: string | undefined;
  /** undefined while the server is still creating the slot. */
  readonly confirmedFlush: bigint | undefined;
  readonly isLost: boolean;
  /** Why, in the server's words, where it says so (17 and later). */
  readonly lostBecause: string | undefined;
  /** Kept by a standby from its primary, for the time after a failover (17 and later). */
  readonly isSynchronized: boolean;
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
    lostBecause: text('invalidation_reason'),
    isSynchronized: slot['synced'] === true,
  };
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

export const RESTART_BACKFILLS =
  'Increment the backfill counter of every binding (`weir backfill <task> --all` does): the tables are then read anew, into the same collections. With --reset, tables downstream are built again from that alone, and lose the rows that are gone.';

/** Standbys that synchronize their slots keep one of the primary ready for a failover. */
async function slotOptions(sql: SqlSession, standby: boolean): Promise<string> {
  const canFailOver = !standby && (await sql.versionNumber()) >= FAILOVER_VERSION;
  return canFailOver ? "(SNAPSHOT 'nothing', FAILOVER)" : 'NOEXPORT_SNAPSHOT';
}

function synchronizedError(slot: string) {
  return errors.PG_STANDBY({
    message: `the server is a standby, and its replication slot ${JSON.stringify(slot)} is the one of the primary, kept for a failover`,
    fix: 'Connect to the primary; or promote this server (SELECT pg_promote();); or choose another /advanced/slotName for a capture from this standby.',
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
  const standby = await isStandby(sql);
  if (existing?.isSynchronized === true && standby) throw synchronizedError(settings.slot);
  if (standby) {
    log.info(
      'a replication slot of a standby begins when its primary next logs what is running; to hasten it, run there: SELECT pg_log_standby_snapshot();',
    );
  }
  const options = await slotOptions(sql, standby);
  if (existing !== undefined) {
    log.warn(
      `the replication slot ${JSON.stringify(settings.slot)} exists, and is dropped and created anew, because this capture starts from the beginning; another capture that reads it has lost its place`,
    );
    try {
      await connection.query(`DROP_REPLICATION_SLOT ${name}`);
    } catch (error) {
      throw slotCreateError(settings.slot, error);
    }
  }
  const command = `CREATE_REPLICATION_SLOT ${name} LOGICAL pgoutput ${options}`;
  return createSlot({ connection, sql, slot: settings.slot, command, log, signal });
}

const FAILOVER_VERSION = 170_000;

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
  if (pid !== undefined && slot?.confirmedFlush === undefined) {
    const awaited = await awaitedBy(sql, pid);
    return errors.PG_SLOT_ACTIVE({
      message: `the replication slot ${JSON.stringify(settings.slot)} is still being created by server process ${pid}${awaited.length === 0 ? '' : `, which waits for older transactions to end: ${awaited.join(', ')}`}`,
      fix: `Wait, or end those transactions; this start is repeated. If nobody wants that slot any more: SELECT pg_terminate_backend(${pid});`,
    });
  }
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
  /** The capture may be running, and is only looked at. */
  readonly mayBeActive?: boolean;
}

/** Throws unless everything after the cursor is still to be had from this server. */
export async function checkContinuity(check: ContinuityCheck): Promise<void> {
  const { sql, settings, cursor, cluster } = check;
  const name = JSON.stringify(settings.slot);
  checkCluster(cluster, check.known, cursor, RESTART_BACKFILLS);
  const slot =
    check.mayBeActive === true
      ? await readSlot(sql, settings.slot)
      : await waitUntilInactive(sql, settings, check.signal);
  if (slot === undefined) {
    throw errors.PG_SLOT_MISSING({
      message: `the replication slot ${name} does not exist, and the capture has read up to ${formatLsn(cursor)}: what was written since is lost to it`,
      fix: RESTART_BACKFILLS,
    });
  }
  const standby = await isStandby(sql);
  if (slot.isSynchronized && standby) throw synchronizedError(settings.slot);
  if (slot.isLost) throw slotLostError(settings.slot, slot.lostBecause);
  const position = await serverPosition(sql);
  if (cursor > position && standby) {
    throw errors.PG_STANDBY_BEHIND({
      message: `the capture has read up to ${formatLsn(cursor)}, and the standby has come to ${formatLsn(position)} only: it lags behind the server that was read before`,
      fix: 'Wait until the standby has caught up, or connect to the server of before.',
    });
  }
  if (cursor > position) {
    throw errors.PG_POSITION_AHEAD({
      message: `the capture has read up to ${formatLsn(cursor)}, but the log of the server ends at ${formatLsn(position)}: it was restored from an older copy (system ${cluster.systemIdentifier}, timeline ${cluster.timeline})`,
      fix: RESTART_BACKFILLS,
    });
  }
  // While it runs, the capture is further than the state that was read a moment before.
  const isRunning = slot.active && check.mayBeActive === true;
  if (!isRunning && slot.confirmedFlush !== undefined && slot.confirmedFlush > cursor) {
    throw errors.PG_SLOT_RECREATED({
      message: `the replication slot ${name} begins at ${formatLsn(slot.confirmedFlush)}, but the capture has only read up to ${formatLsn(cursor)}: the slot was created again or moved by somebody else, and what was written between is lost`,
      fix: RESTART_BACKFILLS,
    });
  }
}

/** Standbys lose slots to what their primary cleans up; servers to their limits of log and of idle time. */
function slotLostError(slot: string, reason: string | undefined) {
  const name = quoteLiteral(slot).trim();
  const remedies: Readonly<Record<string, string>> = {
    rows_removed: "ALTER SYSTEM SET hot_standby_feedback = 'on'; SELECT pg_reload_conf();",
    wal_level_insufficient: "ALTER SYSTEM SET wal_level = 'logical'; on the primary, and restart it;",
    idle_timeout: "ALTER SYSTEM SET idle_replication_slot_timeout = '0'; SELECT pg_reload_conf();",
  };
  const remedy =
    remedies[reason ?? ''] ?? "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();";
  return errors.PG_SLOT_LOST({
    message: `the server has given up the replication slot ${JSON.stringify(slot)}, and what the capture still needed of it is gone${reason === undefined ? '' : ` (${reason})`}`,
    fix: `Run: SELECT pg_drop_replication_slot(${name}); ${remedy} ${RESTART_BACKFILLS}`,
  });
}
