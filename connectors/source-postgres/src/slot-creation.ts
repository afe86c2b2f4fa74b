// A new slot begins where no transaction of before is open any more, and the server waits for those that are, however long
// they last. Meanwhile the status line says for whom. A wait that nobody wants any more is cancelled: the server would go on
// with it after we are gone, and hold the name of the slot.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@weir/connector';
import { parseLsn, type PgConnection, PgServerError } from '@weir/pgwire';
import { queryError, type SqlSession } from '@weir/postgres';
import { errors } from './errors.ts';

const FIRST_LOOK_MS = 1000;
const LOOK_MS = 5000;
const REMINDER_MS = 60_000;

export interface SlotCreation {
  /** A replication connection, on which nothing else goes on. */
  readonly connection: PgConnection;
  readonly sql: SqlSession;
  readonly slot: string;
  /** CREATE_REPLICATION_SLOT, whole. */
  readonly command: string;
  readonly log: Pick<Logger, 'status' | 'warn'>;
  readonly signal: AbortSignal;
}

/** Returns the position from which the slot delivers everything. Throws PG_SLOT_CREATE_FAILED, and what the signal is aborted with. */
export async function createSlot(creation: SlotCreation): Promise<bigint> {
  const { connection, slot, command, signal } = creation;
  const over = new AbortController();
  const cancel = (): void => void connection.cancel().catch(() => connection.destroy());
  signal.throwIfAborted();
  signal.addEventListener('abort', cancel);
  const telling = tellWhatIsAwaited(creation, over.signal);
  try {
    const { rows } = await connection.query(command);
    return parseLsn(rows[0]?.[1] ?? '');
  } catch (error) {
    signal.throwIfAborted();
    throw slotCreateError(slot, error);
  } finally {
    signal.removeEventListener('abort', cancel);
    over.abort();
    await telling;
  }
}

/** A slot that is to be made could not be. */
export function slotCreateError(slot: string, error: unknown): unknown {
  if (!(error instanceof PgServerError) || error.sqlstate.startsWith('57P'))
    return queryError(error, 'cannot create the replication slot');
  return errors.PG_SLOT_CREATE_FAILED({
    message: `cannot create the replication slot ${JSON.stringify(slot)}: ${error.message}`,
    cause: error,
    ...(error.sqlstate === '53400'
      ? { fix: 'Raise max_replication_slots, or drop slots that nobody uses.' }
      : {}),
  });
}

/** Until the signal is aborted. A look that fails says nothing of the slot. */
async function tellWhatIsAwaited(
  { connection, sql, slot, log }: SlotCreation,
  over: AbortSignal,
): Promise<void> {
  let lookMs = FIRST_LOOK_MS;
  let warnAtMs = 0;
  while (await passes(lookMs, over)) {
    lookMs = LOOK_MS;
    const awaited = await awaitedBy(sql, connection.processId).catch(() => []);
    if (over.aborted || awaited.length === 0) continue;
    const text = `The replication slot ${JSON.stringify(slot)} begins when older transactions have ended: waiting for ${awaited.join(', ')}`;
    log.status(text, false);
    if (performance.now() < warnAtMs) continue;
    warnAtMs = performance.now() + REMINDER_MS;
    log.warn(text);
  }
}

/** False when the signal is aborted before. */
async function passes(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

/** The transactions that a server process waits for, for people. */
export async function awaitedBy(sql: SqlSession, processId: number | string): Promise<readonly string[]> {
  const rows = await sql.rows(
    'cannot ask what the server waits for',
    `SELECT b.pid, a.usename AS "user", a.application_name AS program,
            to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since, p.gid
       FROM unnest(pg_catalog.pg_blocking_pids($1::int)) b (pid)
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
       LEFT JOIN pg_catalog.pg_locks l ON l.pid = $1::int AND NOT l.granted AND b.pid = 0
       LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction::text = l.transactionid::text`,
    [String(processId)],
  );
  return rows.map(({ pid, user, program, since, gid }) => {
    if (pid === '0') return `the prepared transaction ${JSON.stringify(gid ?? '')}`;
    const of = [user, program].filter((part) => part !== null && part !== undefined && part !== '');
    return `server process ${pid}${of.length === 0 ? '' : ` (${of.join(', ')})`}${since === null || since === undefined ? '' : ` since ${since}`}`;
  });
}
