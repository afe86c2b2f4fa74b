// The rows of one table in one transaction, in three lanes: rows that are known to be new go straight into the table;
// others are staged, and merged at the end, as are all rows of a table with row security; keys of rows to be removed are staged too. A lane is sent when it is full.

import { type BufferPool, encodeKey, encodeRow, RowBuffer } from '@weir/materialize-sql';
import type { PgConnection } from '@weir/pgwire';
import type { StoreFrame } from '@weir/protocol';
import type { CopyQueue } from './copy-queue.ts';
import { isOfKeyIndex } from './key-index.ts';
import {
  copyRows,
  createStaging,
  deleteRows,
  mergeRows,
  type PgTable,
  selectSecured,
  selectSecuredAndEmpty,
  stagingName,
} from './table-sql.ts';
import { writeError } from './write-error.ts';

/** Of one lane; larger pieces are hardly faster. */
const FLUSH_BYTES = 1 << 21;

/** A task may have many tables, of which only one holds rows at a time. */
const INITIAL_BYTES = 1 << 12;

export interface StoreTarget {
  readonly index: number;
  readonly table: PgTable;
  /** A unique index over just the key, by which an existing row is found and a second one kept out. */
  readonly hasUniqueKey: boolean;
}

interface Lane {
  readonly rows: RowBuffer;
  readonly copy: string;
  /** Makes the staging table, where there is none yet; undefined for the table itself. */
  readonly create: string | undefined;
  isUsed: boolean;
}

export class TableWriter {
  readonly #target: StoreTarget;
  readonly #lanes: Readonly<Record<'insert' | 'merge' | 'delete', Lane>>;
  /** Of the connection: the staging tables that it has. */
  readonly #staged: Set<string>;
  /** Of a table with row security, into which nobody may COPY; asked once. */
  #isSecured: boolean | undefined;
  /** A document that does not exist need not be looked for, and no document of delta updates. */
  #mayInsert = false;

  constructor(target: StoreTarget, staged: Set<string>, pool: BufferPool) {
    const { index, table } = target;
    this.#target = target;
    this.#staged = staged;
    const lane = (copy: string, create?: string): Lane => ({
      rows: new RowBuffer('drop', INITIAL_BYTES, pool),
      copy,
      create,
      isUsed: false,
    });
    this.#lanes = {
      insert: lane(copyRows(table.identifier, table.columns)),
      merge: lane(copyRows(stagingName('store', index), table.columns), createStaging('store', index, table)),
      delete: lane(copyRows(stagingName('delete', index), table.keys), createStaging('delete', index, table)),
    };
  }

  /** To be called before the rows of a transaction. In a first one of a session, they go straight only into an empty table. */
  async begin(isFirst: boolean, connect: () => Promise<PgConnection>): Promise<void> {
    const { table, hasUniqueKey } = this.#target;
    // Rows that are only added are staged for nothing but row security.
    const isAlwaysNew = table.deltaUpdates;
    if (!isAlwaysNew && !hasUniqueKey) return;
    const looksNow = (isFirst && !isAlwaysNew) || this.#isSecured === undefined;
    const isEmpty = looksNow && (await this.#look(await connect()));
    this.#mayInsert = this.#isSecured === false && (!isFirst || isAlwaysNew || isEmpty);
  }

  /** Whether the table has no rows; not asked of one that rows are only added to, which the user need not be able to read. */
  async #look(connection: PgConnection): Promise<boolean> {
    const { table } = this.#target;
    const sql = table.deltaUpdates ? selectSecured(table) : selectSecuredAndEmpty(table);
    try {
      const { rows } = await connection.query(sql);
      const [isSecured, isEmpty] = rows[0] ?? [];
      this.#isSecured = isSecured !== 'f';
      return isEmpty === 't';
    } catch (error) {
      throw writeError(error, `cannot store into ${table.identifier}`);
    }
  }

  /** Whether a row of this transaction, which failed with `error`, has the key of another one of it. */
  async hasCollided(connection: PgConnection, error: unknown): Promise<boolean> {
    const { table } = this.#target;
    if (!this.#mayInsert || !(await isOfKeyIndex(connection, table, error))) return false;
    return await this.#look(connection);
  }

  /** True when a lane is full. */
  add(store: StoreFrame, hardDelete: boolean): boolean {
    const { table, hasUniqueKey } = this.#target;
    if (store.delete && hardDelete && !table.deltaUpdates) {
      const { rows } = this.#lanes.delete;
      encodeKey(table, store.bytes, store.keyStart, store.keyEnd, rows);
      return rows.length >= FLUSH_BYTES;
    }
    const isNew = this.#mayInsert && (table.deltaUpdates || (!store.exists && hasUniqueKey));
    const { rows } = isNew ? this.#lanes.insert : this.#lanes.merge;
    encodeRow(table, store, rows);
    return rows.length >= FLUSH_BYTES;
  }

  /** Sends what the lanes hold. */
  async flush(queue: CopyQueue): Promise<void> {
    for (const lane of Object.values(this.#lanes)) {
      if (lane.rows.length === 0) continue;
      lane.isUsed = true;
      const isMissing = lane.create !== undefined && !this.#staged.has(lane.create);
      if (lane.create !== undefined) this.#staged.add(lane.create);
      const before = isMissing && lane.create !== undefined ? [lane.create] : [];
      await queue.send(lane.copy, lane.rows.take(), this.#target.table.identifier, before);
    }
  }

  /** What takes over the rows that were staged since the last call. */
  takeStatements(): string[] {
    const { index, table, hasUniqueKey } = this.#target;
    const { insert, merge, delete: remove } = this.#lanes;
    const statements = [
      ...(merge.isUsed ? mergeRows(index, table, hasUniqueKey) : []),
      ...(remove.isUsed ? [deleteRows(index, table)] : []),
    ];
    for (const lane of [insert, merge, remove]) lane.isUsed = false;
    return statements;
  }
}
