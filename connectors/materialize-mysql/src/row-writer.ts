// The rows of one binding on their way into its table. New ones go there directly; those that replace a row, or remove
// one, go into a temporary table first, and from there all at once.

import { crashPoint } from '@weir/crash-point';
import { encodeKey, encodeRow, RowBuffer } from '@weir/materialize-sql';
import type { StoreFrame } from '@weir/protocol';
import { loadRows } from './bulk-load.ts';
import type { MysqlCrashPoint } from './crash-points.ts';
import { errors } from './errors.ts';
import { KeyWidth } from './key-width.ts';
import type { Session } from './session.ts';
import {
  deleteSql,
  loadDataSql,
  type Stage,
  stageName,
  stageOf,
  updateAndInsertSql,
  upsertSql,
} from './table-sql.ts';
import type { TargetTable } from './target-table.ts';

/** Text of rows that is sent to the server at once. */
const FILE_BYTES = 8 << 20;

const crash: (point: MysqlCrashPoint) => void = crashPoint;

/** Rows of one kind: what is still here, and where it goes. */
class Queue {
  readonly rows = new RowBuffer('escape');
  readonly stage: Stage | undefined;
  readonly loadSql: string;
  /** The temporary table has rows. */
  isUsed = false;

  constructor(loadSql: string, stage?: Stage) {
    this.loadSql = loadSql;
    this.stage = stage;
  }
}

export class RowWriter {
  readonly #session: Session;
  readonly #target: TargetTable;
  readonly #hardDelete: boolean;
  readonly #doing: string;
  readonly #inserts: Queue;
  readonly #updates: Queue;
  readonly #deletes: Queue;
  readonly widths: KeyWidth;

  constructor(session: Session, target: TargetTable, hardDelete: boolean) {
    const { table, binding, typeOf } = target;
    const { columns, keys, identifier } = table;
    const queue = (purpose: 'update' | 'delete', staged: typeof columns): Queue => {
      const stage = stageOf(stageName(purpose, binding), staged, typeOf);
      return new Queue(loadDataSql(stage.name, staged), stage);
    };
    this.#session = session;
    this.#target = target;
    this.#hardDelete = hardDelete;
    this.#doing = `storing into ${identifier}`;
    this.#inserts = new Queue(loadDataSql(identifier, columns));
    this.#updates = queue('update', columns);
    this.#deletes = queue('delete', keys);
    this.widths = new KeyWidth(table, target.keys);
  }

  /** Takes a document; returns whether so much is waiting that it should be sent. */
  add(store: StoreFrame): boolean {
    const { table } = this.#target;
    this.widths.fits(store.bytes, store.keyStart, store.keyEnd);
    const isDelete = store.delete && this.#hardDelete && !table.deltaUpdates;
    const { rows } = isDelete
      ? this.#deletes
      : store.exists && !table.deltaUpdates
        ? this.#updates
        : this.#inserts;
    if (isDelete) encodeKey(table, store.bytes, store.keyStart, store.keyEnd, rows);
    else encodeRow(table, store, rows);
    return rows.length >= FILE_BYTES;
  }

  get #queues(): readonly Queue[] {
    return [this.#inserts, this.#updates, this.#deletes];
  }

  /** Takes over what is waiting, and returns what sends it, to be called within the transaction; undefined for nothing. */
  take(): (() => Promise<void>) | undefined {
    const files = this.#queues.flatMap((queue) =>
      queue.rows.length === 0 ? [] : [{ queue, contents: queue.rows.take() }],
    );
    if (files.length === 0) return undefined;
    return async () => {
      for (const { queue, contents } of files) await this.#send(queue, contents);
    };
  }

  async #send(queue: Queue, contents: Buffer): Promise<void> {
    const load = { sql: queue.loadSql, doing: this.#doing };
    queue.isUsed = true;
    const skippedRows = await loadRows(this.#session, load, contents);
    if (skippedRows > 0 && this.#target.table.deltaUpdates) {
      throw errors.MYSQL_UNIQUE_INDEX({ message: `${this.#doing}: ${skippedRows} rows collide with others` });
    }
    // Rows that should have been new have keys that are there: they replace what is, like all others of the file, which
    // have just been inserted as they are.
    if (skippedRows > 0) await this.#send(this.#updates, contents);
    crash('materialize-mysql.loaded-rows');
  }

  /** Applies what is staged to the table. */
  async apply(): Promise<void> {
    const { table } = this.#target;
    if (this.#deletes.isUsed) {
      await this.#session.run(deleteSql(table, this.#deletes.stage?.name ?? ''), this.#doing);
    }
    if (this.#updates.isUsed) {
      const stage = this.#updates.stage?.name ?? '';
      const { hasUniqueIndex } = this.#target;
      const statements = hasUniqueIndex ? updateAndInsertSql(table, stage) : [upsertSql(table, stage)];
      for (const statement of statements) await this.#session.run(statement, this.#doing);
    }
    crash('materialize-mysql.upserted');
  }

  /**
   * Makes the temporary tables, empty. Not within a transaction: servers that number their transactions (GTID) refuse it
   * there before MySQL 8.0.13.
   */
  async prepare(): Promise<void> {
    for (const { stage } of this.#staging()) await this.#session.run(stage.create, this.#doing);
  }

  /** Forgets what was staged, after the commit: making a table anew costs nothing, deleting its rows does. */
  async clear(): Promise<void> {
    for (const { queue, stage } of this.#staging()) {
      if (!queue.isUsed) continue;
      await this.#session.run(stage.drop, this.#doing);
      await this.#session.run(stage.create, this.#doing);
      queue.isUsed = false;
    }
  }

  /** The queues that may need their temporary table. */
  #staging(): { readonly queue: Queue; readonly stage: Stage }[] {
    if (this.#target.table.deltaUpdates) return [];
    const queues = this.#hardDelete ? [this.#updates, this.#deletes] : [this.#updates];
    return queues.flatMap((queue) => (queue.stage === undefined ? [] : [{ queue, stage: queue.stage }]));
  }
}
