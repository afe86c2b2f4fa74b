// One session over the file: rows, checkpoint and fence in one SQLite transaction, which is open only while rows are
// being stored.

import type { Authoritative, Loads, MaterializeSession, Stores } from '@weir/materialize';
import { crashPoint } from '@weir/crash-point';
import { type Checkpoint, type EXPLICIT_ZERO_CHECKPOINT, type StoreFrame, TupleReader } from '@weir/protocol';
import { type Fence, type Table, tableOf } from '@weir/materialize-sql';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EndpointConfig, ResourceConfig } from './config.ts';
import type { SqliteCrashPoint } from './crash-points.ts';
import { explained, keepsTextAsUtf8, openDatabase } from './database.ts';
import { sqlite, type SqliteConvert, type SqliteValue } from './dialect.ts';
import { errors } from './errors.ts';
import { installFence, updateFence } from './fence.ts';
import { tableExists } from './info-schema.ts';
import { RowLoader } from './row-loader.ts';
import { convertTuple, RowWriter } from './row-writer.ts';
import { deleteSql, isLoadable } from './table-sql.ts';

interface PreparedTable {
  readonly table: Table<SqliteConvert>;
  readonly loader: RowLoader | undefined;
  readonly rows: RowWriter;
  readonly remove: StatementSync;
}

const crash: (point: SqliteCrashPoint) => void = crashPoint;

export class SqliteTransactor implements Authoritative {
  readonly pattern = 'authoritative';
  readonly hardDelete: boolean;
  readonly checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT;
  readonly #path: string;
  readonly #task: string;
  readonly #database: DatabaseSync;
  readonly #fence: Fence;
  readonly #tables: readonly PreparedTable[];

  /** `busyTimeoutMs`: how long a lock of another program is waited for. */
  constructor(session: MaterializeSession<EndpointConfig, ResourceConfig>, busyTimeoutMs?: number) {
    this.#path = session.config.path;
    this.#task = session.taskName;
    this.hardDelete = session.config.hardDelete;
    this.#database = openDatabase(this.#path, busyTimeoutMs);
    try {
      // Another program may have made the file in UTF-16.
      const isUtf8 = keepsTextAsUtf8(this.#database);
      this.#tables = session.bindings.map((binding) => this.#prepare(tableOf(binding, sqlite), isUtf8));
      this.#fence = this.#explained(() => installFence(this.#database, this.#task, session.range));
    } catch (error) {
      this.#database.close();
      throw error;
    }
    crash('materialize-sqlite.fence-installed');
    this.checkpoint = this.#fence.checkpoint;
  }

  #explained<T>(work: () => T): T {
    return explained(this.#path, work);
  }

  #prepare(table: Table<SqliteConvert>, isUtf8: boolean): PreparedTable {
    const name = table.path[0] ?? '';
    if (!tableExists(this.#database, name)) {
      throw errors.SQLITE_TABLE_MISSING({
        message: `${this.#path} has no table ${name}, which ${this.#task} made.`,
      });
    }
    return this.#explained(() => {
      return {
        table,
        loader: isLoadable(table) ? new RowLoader(this.#database, table) : undefined,
        rows: new RowWriter(this.#database, table, isUtf8),
        remove: this.#database.prepare(deleteSql(table)),
      };
    });
  }

  #prepared(binding: number): PreparedTable {
    const prepared = this.#tables[binding];
    if (prepared === undefined) throw new RangeError(`no binding ${binding}`);
    return prepared;
  }

  async load(loads: Loads): Promise<void> {
    for await (const { binding, keys } of loads) {
      await loads.acknowledged();
      const { loader } = this.#prepared(binding);
      if (loader === undefined) continue;
      const give = (document: Buffer): void => loads.loaded(binding, document);
      for (let from = 0; from < keys.length;) {
        from += this.#explained(() => loader.load(keys, from, give));
        if (loads.congested) await loads.drained();
      }
    }
  }

  async store(stores: Stores): Promise<void> {
    for await (const { binding, documents } of stores) {
      const prepared = this.#prepared(binding);
      this.#explained(() => {
        this.#begin();
        for (const document of documents) this.#storeOne(prepared, document);
        prepared.rows.keep();
      });
      crash('materialize-sqlite.stored');
    }
    this.#explained(() => {
      for (const { rows } of this.#tables) rows.flush();
    });
  }

  /** Takes the write lock, if this transaction has not yet. */
  #begin(): void {
    if (this.#database.isTransaction) return;
    this.#database.exec('BEGIN IMMEDIATE');
    crash('materialize-sqlite.begun');
  }

  #storeOne({ table, rows, remove }: PreparedTable, document: StoreFrame): void {
    if (!document.delete || !this.hardDelete || table.deltaUpdates) {
      rows.add(document);
      return;
    }
    rows.flush();
    const key: SqliteValue[] = [];
    const tuple = new TupleReader();
    convertTuple(table.keys, tuple.reset(document.keyPacked), key, 0);
    remove.run(...key);
  }

  async commit(checkpoint: Checkpoint): Promise<void> {
    this.#explained(() => {
      this.#begin();
      try {
        updateFence(this.#database, this.#task, this.#fence, checkpoint);
        crash('materialize-sqlite.before-commit');
        this.#database.exec('COMMIT');
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
      crash('materialize-sqlite.after-commit');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    this.#database.close();
  }
}
