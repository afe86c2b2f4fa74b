// Where replication starts, and from which slot: at the stored position if nothing since is missing, where the settings
// force it, or where a new slot begins.

import type { Preview } from '@weir/capture';
import type { Logger } from '@weir/connector';
import { parseLsn, type PgConnection } from '@weir/pgwire';
import type { TableMetadata } from '@weir/sqlcapture';
import type { SourceSettings } from '../config.ts';
import { errors } from '../errors.ts';
import { openPreviewSlot } from '../preview-slot.ts';
import { checkContinuity, recreateSlot, RESTART_BACKFILLS, serverPosition } from '../replication-slot.ts';
import type { SqlSession } from '@weir/postgres';
import { checkCluster, type ClusterIdentity, clusterMetadata } from './timeline.ts';

export interface SlotContext {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly preview: Preview | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface StartingPoint {
  /** Undefined: a new slot, and its beginning. */
  readonly cursor: bigint | undefined;
  /** What may be checked against the server before going on there. */
  readonly known: readonly TableMetadata[];
  /** Whether the identities of tables in the state still count. */
  readonly continues: boolean;
}

/** In the state of each table: the position of a reset by force that was carried out. */
const CURSOR_RESET = 'cursor_reset';

/** What the settings make of the stored position. Throws PG_STATE_CURSOR. */
export function startingPoint(
  cursor: string | undefined,
  known: readonly TableMetadata[],
  { settings, preview, log }: SlotContext,
): StartingPoint {
  const { forcedCursor, initialCursor } = settings;
  const stored = cursor === undefined ? undefined : cursorLsn(cursor);
  if (preview !== undefined) return { cursor: stored, known, continues: true };
  if (forcedCursor !== undefined && known.every((facts) => facts[CURSOR_RESET] !== forcedCursor)) {
    log.warn('the position is reset by force: changes before it that were not read are lost', {
      before: cursor,
      position: forcedCursor,
    });
    return { cursor: parseLsn(forcedCursor), known: [], continues: false };
  }
  if (stored !== undefined || initialCursor === undefined) return { cursor: stored, known, continues: true };
  return { cursor: parseLsn(initialCursor), known, continues: true };
}

/** What the state of each table keeps of the server and of how the stream was started. */
export function startMetadata(cluster: ClusterIdentity, { forcedCursor }: SourceSettings): TableMetadata {
  return {
    ...clusterMetadata(cluster),
    ...(forcedCursor === undefined ? {} : { [CURSOR_RESET]: forcedCursor }),
  };
}

/** The slot to stream from, and where. Throws when anything since the cursor may be missing. */
export async function openSlot(
  connection: PgConnection,
  { cursor, known }: StartingPoint,
  cluster: ClusterIdentity,
  context: SlotContext,
): Promise<{ readonly slot: string; readonly start: bigint }> {
  const { sql, settings, log, signal, preview } = context;
  if (preview !== undefined) {
    const opened = await openPreviewSlot({ sql, connection, settings, preview, cursor, log, signal });
    if (cursor !== undefined) checkCluster(cluster, known, cursor, RESTART_BACKFILLS);
    return opened;
  }
  const { slot } = settings;
  if (cursor !== undefined) {
    await checkContinuity({ sql, settings, cursor, cluster, known, signal });
    return { slot, start: cursor };
  }
  if (!settings.flags.create_replication_slot) return { slot, start: await serverPosition(sql) };
  return { slot, start: await recreateSlot(connection, sql, settings, log, signal) };
}

function cursorLsn(cursor: string): bigint {
  try {
    return parseLsn(cursor);
  } catch (error) {
    throw errors.PG_STATE_CURSOR({
      message: `the stored position ${JSON.stringify(cursor)} is not one of a PostgreSQL log`,
      cause: error,
    });
  }
}
