// The slots of a preview. They are temporary: the server drops them with the connection that made them, however it
// ends. The slot of the configuration belongs to the durable task: it is copied, also while that task is reading it,
// and never moved, dropped or created.
//
// A first session makes a slot where the log ends. One that goes on at a cursor copies a slot that lies before it: the
// one that the preview's first Apply has held since, or that of the durable task.

import { randomBytes } from 'node:crypto';
import type { Preview } from '@weir/capture';
import type { Logger } from '@weir/connector';
import { formatLsn, type PgConnection, PgServerError, quoteIdentifier, quoteLiteral } from '@weir/pgwire';
import type { SourceSettings } from './config.ts';
import type { ConnectionFactory } from './connection.ts';
import { errors } from './errors.ts';
import { readSlot, serverPosition, type SlotInfo } from './replication-slot.ts';
import { createSlot, slotCreateError } from './slot-creation.ts';
import type { SqlSession } from '@weir/postgres';

/** pg_copy_logical_replication_slot came with 12. */
const COPY_VERSION = 120_000;

export interface PreviewSlotOptions {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly preview: Preview;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface PreviewSlot {
  readonly slot: string;
  readonly start: bigint;
  /** What it was copied from. */
  readonly origin: SlotInfo | undefined;
}

/** The slot that all sessions of a preview copy. Its connection lasts as long as the process does. */
let held: PgConnection | undefined;

/** Holds the log from here on for the sessions to come, until this process ends. */
export async function holdPreviewPosition(
  options: PreviewSlotOptions & { readonly connect: ConnectionFactory },
): Promise<void> {
  const { sql, settings, preview, connect, signal } = options;
  const slot = heldSlot(preview);
  const canCopy = (await sql.versionNumber()) >= COPY_VERSION;
  if (!canCopy || (await readSlot(sql, slot)) !== undefined) return;
  held = await connect('replication', signal);
  const known = await readSlot(sql, settings.slot);
  if (known !== undefined && isReadable(known, settings) && !known.isLost) {
    await copySlot(held, settings.slot, slot);
  } else {
    await createTemporarySlot(held, slot, options);
  }
}

/** A slot on this connection. Throws PG_SLOT_MISSING, PG_SLOT_RECREATED, PG_POSITION_AHEAD, PG_SLOT_CREATE_FAILED. */
export async function openPreviewSlot(
  options: PreviewSlotOptions & { readonly connection: PgConnection; readonly cursor: bigint | undefined },
): Promise<PreviewSlot> {
  const { sql, preview, connection, cursor } = options;
  const slot = `${prefix(preview)}_${randomBytes(6).toString('hex')}`;
  if (cursor === undefined) {
    return { slot, start: await createTemporarySlot(connection, slot, options), origin: undefined };
  }
  const position = await serverPosition(sql);
  if (cursor > position) {
    throw errors.PG_POSITION_AHEAD({
      message: `the state of the preview is at ${formatLsn(cursor)}, but the log of the server ends at ${formatLsn(position)}`,
      fix: 'Leave out --initial-state, or take it from a task that reads this server.',
    });
  }
  const origin = await slotBefore(options, cursor);
  await copySlot(connection, origin.name, slot);
  const copy = await readSlot(sql, slot);
  // The durable task goes on meanwhile.
  if (copy?.confirmedFlush === undefined || copy.confirmedFlush > cursor) throw tooLate(origin.name, cursor);
  return { slot, start: cursor, origin: origin.info };
}

/** A slot that still has everything after the cursor. */
async function slotBefore(
  { sql, settings, preview }: PreviewSlotOptions,
  cursor: bigint,
): Promise<{ readonly name: string; readonly info: SlotInfo }> {
  const canCopy = (await sql.versionNumber()) >= COPY_VERSION;
  let late: string | undefined;
  for (const name of canCopy ? [heldSlot(preview), settings.slot] : []) {
    const info = await readSlot(sql, name);
    if (info === undefined || !isReadable(info, settings) || info.isLost) continue;
    if (info.confirmedFlush !== undefined && info.confirmedFlush <= cursor) return { name, info };
    late = name;
  }
  if (late !== undefined) throw tooLate(late, cursor);
  throw errors.PG_SLOT_MISSING({
    message: `the preview is to go on at ${formatLsn(cursor)}, and ${canCopy ? 'no replication slot has kept the log since' : 'only PostgreSQL 12 and later can copy the replication slot that has kept the log'}`,
    fix: canCopy
      ? `A preview with --initial-state reads by a copy of the slot ${JSON.stringify(settings.slot)}, which a durable run of the task has. Leave out --initial-state to begin anew.`
      : 'Preview with one session, and without --initial-state.',
  });
}

function tooLate(name: string, cursor: bigint) {
  return errors.PG_SLOT_RECREATED({
    message: `the replication slot ${JSON.stringify(name)} begins after ${formatLsn(cursor)}, where the preview is to go on`,
    fix: 'Take --initial-state from a later state of the task, or leave it out.',
  });
}

function isReadable(slot: SlotInfo, settings: SourceSettings): boolean {
  return slot.plugin === 'pgoutput' && slot.database === settings.database;
}

function createTemporarySlot(
  connection: PgConnection,
  slot: string,
  { sql, log, signal }: PreviewSlotOptions,
): Promise<bigint> {
  const command = `CREATE_REPLICATION_SLOT ${quoteIdentifier(slot)} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`;
  return createSlot({ connection, sql, slot, command, log, signal });
}

async function copySlot(connection: PgConnection, from: string, to: string): Promise<void> {
  try {
    const [source, copy] = [quoteLiteral(from), quoteLiteral(to)];
    await connection.query(`SELECT pg_catalog.pg_copy_logical_replication_slot(${source}, ${copy}, true)`);
  } catch (error) {
    if (error instanceof PgServerError && error.sqlstate === '42704') {
      throw errors.PG_SLOT_MISSING({
        message: `the replication slot ${JSON.stringify(from)} was dropped while the preview was copying it`,
        cause: error,
      });
    }
    throw slotCreateError(to, error);
  }
}

function heldSlot(preview: Preview): string {
  return `${prefix(preview)}_held`;
}

/** Slot names have lower case, digits and underscores, and 63 of them at most. */
function prefix({ id }: Preview): string {
  return `weir_preview_${id
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
    .slice(0, 24)}`;
}
