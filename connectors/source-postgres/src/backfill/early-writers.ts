// Transactions that wrote to a table before it was published. The server decides with the catalogue as it was at the
// time of each change whether to replicate it, so what such a transaction wrote until then never comes through the
// stream, and a chunk that is read before it commits does not see it either. A backfill therefore begins when all of
// them have ended. They are found by their locks, which they hold until their rows are visible.

import type { Logger } from '@weir/connector';
import { type StreamId, streamLabel } from '@weir/sqlcapture';
import { parseSnapshot, type Snapshot } from '../replication/recent-transactions.ts';
import { arrayLiteral, type SqlSession } from '@weir/postgres';

const REMINDER_MS = 60_000;

export interface PublishedTable extends StreamId {
  readonly oid: number;
}

/** What was open when a table was first asked for. */
interface Waiting {
  readonly sinceMs: number;
  reportAtMs: number;
  /** Virtual transactions, `backend/number`; `-1/xid` of a prepared one. */
  readonly writers: ReadonlySet<string>;
  /** On a standby, which does not know the locks of its primary: every transaction before this id. Else 0. */
  readonly before: number;
}

export class EarlyWriters {
  readonly #sql: SqlSession;
  readonly #log: Logger;
  readonly #waiting = new Map<number, Waiting>();

  constructor(sql: SqlSession, log: Logger) {
    this.#sql = sql;
    this.#log = log;
  }

  /** The tables for which everything has ended that was open when they were first asked for, published by then. */
  async endedFor<T extends PublishedTable>(tables: readonly T[]): Promise<readonly T[]> {
    if (tables.length === 0) return [];
    const writers = await this.#writers(tables.map((table) => table.oid));
    const standby = await this.#standbySnapshot();
    return tables.filter((table) => this.#hasEnded(table, writers.get(table.oid) ?? new Map(), standby));
  }

  #hasEnded(table: PublishedTable, writers: Writers, standby: Snapshot | undefined): boolean {
    const now = performance.now();
    const waiting = this.#waiting.get(table.oid) ?? {
      sinceMs: now,
      reportAtMs: now,
      writers: new Set(writers.keys()),
      before: standby?.xmax ?? 0,
    };
    const open = [...writers].filter(([writer]) => waiting.writers.has(writer));
    if (open.length === 0 && (standby === undefined || standby.xmin >= waiting.before)) {
      this.#waiting.delete(table.oid);
      return true;
    }
    this.#waiting.set(table.oid, waiting);
    if (now >= waiting.reportAtMs) {
      const level = waiting.reportAtMs === waiting.sinceMs ? 'info' : 'warn';
      waiting.reportAtMs = now + REMINDER_MS;
      this.#log[level](
        `the backfill of ${streamLabel(table)} begins when the transactions end that may have written to it before it was published`,
        { serverProcesses: open.map(([writer, pid]) => pid ?? `prepared transaction ${writer}`) },
      );
    }
    return false;
  }

  /** By table: who may have written to it, or to a partition of it, and is still open. */
  async #writers(oids: readonly number[]): Promise<ReadonlyMap<number, Writers>> {
    const rows = await this.#sql.rows(
      'cannot read the locks of the tables',
      `WITH RECURSIVE family (root, member) AS (
         SELECT o, o FROM unnest($1::oid[]) o
         UNION SELECT f.root, i.inhrelid FROM pg_catalog.pg_inherits i JOIN family f ON i.inhparent = f.member)
       SELECT DISTINCT f.root, l.virtualtransaction AS writer, l.pid
         FROM pg_catalog.pg_locks l
         JOIN pg_catalog.pg_database d ON d.oid = l.database
         JOIN family f ON f.member = l.relation
        WHERE d.datname = current_database() AND l.locktype = 'relation' AND l.granted
          AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
      [arrayLiteral(oids.map(String))],
    );
    const writers = new Map<number, Map<string, string | null>>();
    for (const { root, writer, pid } of rows) {
      const ofTable = writers.get(Number(root)) ?? new Map<string, string | null>();
      writers.set(Number(root), ofTable.set(writer ?? '', pid ?? null));
    }
    return writers;
  }

  async #standbySnapshot(): Promise<Snapshot | undefined> {
    const version = await this.#sql.versionNumber();
    const current = version >= 130_000 ? 'pg_current_snapshot' : 'txid_current_snapshot';
    const row = await this.#sql.row(
      'cannot read the snapshot of the server',
      `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.${current}()::text END AS snapshot`,
    );
    const text = row?.['snapshot'];
    return typeof text === 'string' ? parseSnapshot(text) : undefined;
  }
}

/** Server process, null of a prepared transaction, by virtual transaction. */
type Writers = ReadonlyMap<string, string | null>;
