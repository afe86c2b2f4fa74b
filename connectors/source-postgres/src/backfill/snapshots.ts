// Transactions with a snapshot that sees everything already streamed: for chunks, watersheds, and whatever else has to
// agree with what the stream has told. What was streamed may have been committed a moment before queries see it.

import { type PgConnection, PgServerError } from '@weir/pgwire';
import { queryError, type SqlSession } from '@weir/postgres';
import { type PgRelationInfo, tableReference } from '../discovery/relations.ts';
import { isAsDiscovered } from './layout.ts';
import { beginSnapshot, type SnapshotOptions, type TakenSnapshot } from './snapshot.ts';

/** SQLSTATE of a lock of a table that does not exist. */
const UNDEFINED_TABLE = '42P01';

export class Snapshots {
  readonly #sql: SqlSession;
  readonly #options: SnapshotOptions;
  #version: Promise<number> | undefined;

  /** On the connection of `sql`, one at a time. */
  constructor(sql: SqlSession, options: SnapshotOptions) {
    this.#sql = sql;
    this.#options = options;
  }

  /** Resolves when queries see everything already streamed. */
  async catchUp(): Promise<void> {
    if (this.#options.recent.size === 0) return;
    try {
      await this.with(() => Promise.resolve());
    } catch (error) {
      throw queryError(error, 'cannot look for what was streamed');
    }
  }

  /** `table`: quoted, locked before the snapshot is taken, and seen as it is. `isShared`: other connections may have it. */
  async with<T>(
    use: (connection: PgConnection, snapshot: TakenSnapshot) => Promise<T>,
    table?: string,
    isShared = false,
  ): Promise<T> {
    const version = await (this.#version ??= this.#sql.versionNumber());
    const connection = await this.#sql.connection();
    const snapshot = await beginSnapshot(connection, version, this.#options, table, isShared);
    try {
      return await use(connection, snapshot);
    } finally {
      if (!connection.isClosed) await connection.query('ROLLBACK');
    }
  }

  /** False, and nothing is read, when the table is not as it was discovered. */
  async withTable(
    relation: PgRelationInfo,
    read: (connection: PgConnection, snapshot: TakenSnapshot) => Promise<void>,
    isShared = false,
  ): Promise<boolean> {
    const table = tableReference(relation);
    let isLocked = false;
    try {
      const use = async (connection: PgConnection, snapshot: TakenSnapshot): Promise<boolean> => {
        isLocked = true;
        if (!(await isAsDiscovered(connection, relation))) return false;
        await read(connection, snapshot);
        return true;
      };
      return await this.with(use, table, isShared);
    } catch (error) {
      if (!isLocked && error instanceof PgServerError && error.sqlstate === UNDEFINED_TABLE) return false;
      throw error;
    }
  }
}
