// One session over the database: rows, checkpoint and fence in one transaction, which is open only while rows are being
// stored. Its end goes on while the next transaction is already loading, over a connection of its own.

import type { Logger } from '@weir/connector';
import { crashPoint } from '@weir/crash-point';
import type { Authoritative, BackgroundCommit, Loads, Stores } from '@weir/materialize';
import { BufferPool, type Fence } from '@weir/materialize-sql';
import type { PgConnection } from '@weir/pgwire';
import { type Checkpoint, type EXPLICIT_ZERO_CHECKPOINT, WeirError } from '@weir/protocol';
import { isOutcomeUnknown, settleCommit } from './commit-outcome.ts';
import { LastingConnection } from './connection.ts';
import { CopyQueue } from './copy-queue.ts';
import type { PostgresCrashPoint } from './crash-points.ts';
import { errors } from './errors.ts';
import type { FenceTable } from './fence.ts';
import type { HiddenRowGuard } from './hidden-row-guard.ts';
import { type LockWatchOptions, type WatchedWork, watchingLocks } from './lock-watch.ts';
import { RowLoader } from './row-loader.ts';
import { type StoreTarget, TableWriter } from './table-writer.ts';
import { BEGIN } from './transaction.ts';
import { writeError } from './write-error.ts';

const crash: (point: PostgresCrashPoint) => void = crashPoint;

export interface TransactorOptions {
  /** What the session stands on, given up with it. */
  readonly resources: AsyncDisposable;
  readonly connect: () => Promise<PgConnection>;
  readonly targets: readonly StoreTarget[];
  readonly guard: HiddenRowGuard;
  readonly fenceTable: FenceTable;
  readonly fence: Fence;
  readonly hardDelete: boolean;
  readonly disableLoadOptimization: boolean;
  readonly log: Logger;
  /** How often a store or a commit that takes long says what it waits for. */
  readonly lockReportMs: number;
}

export class PostgresTransactor implements Authoritative {
  readonly pattern = 'authoritative';
  readonly hardDelete: boolean;
  readonly disableLoadOptimization: boolean;
  readonly checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT;
  readonly #options: TransactorOptions;
  readonly #storing: LastingConnection;
  readonly #loading: LastingConnection;
  readonly #pool = new BufferPool();
  readonly #writers: readonly TableWriter[];
  readonly #loader: RowLoader;
  #committed: Promise<void> = Promise.resolve();
  #transaction: { readonly connection: PgConnection; readonly queue: CopyQueue } | undefined;
  /**
   * In a first transaction, rows that are said to be new go straight only into tables that are empty: a transaction that
   * fails because a row is there after all is done again by the next session, which then overwrites it.
   */
  #isFirst = true;

  constructor(options: TransactorOptions) {
    const { connect, targets, fence } = options;
    this.#options = options;
    this.hardDelete = options.hardDelete;
    this.disableLoadOptimization = options.disableLoadOptimization;
    this.checkpoint = fence.checkpoint;
    const [stored, loaded] = [new Set<string>(), new Set<string>()];
    this.#storing = new LastingConnection(connect, () => stored.clear());
    this.#loading = new LastingConnection(connect, () => loaded.clear());
    this.#writers = targets.map((target) => new TableWriter(target, stored, this.#pool));
    const tables = targets.map(({ table }) => table);
    this.#loader = new RowLoader(this.#loading, tables, loaded);
  }

  load(loads: Loads): Promise<void> {
    return this.#loader.load(loads);
  }

  async store(stores: Stores): Promise<void> {
    try {
      const pid = (): number | undefined => this.#transaction?.connection.processId;
      await watchingLocks(pid, this.#watch('store'), () => this.#store(stores));
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  #watch(doing: WatchedWork): LockWatchOptions {
    const { lockReportMs: everyMs, connect: open, log } = this.#options;
    return { doing, everyMs, open, log };
  }

  /**
   * A key that a table which was empty has already is of the same transaction, unless somebody else has written it
   * meanwhile: then there is something in the table, now that the transaction is given up.
   */
  async #explained(error: unknown): Promise<unknown> {
    if (!this.#isFirst || !(error instanceof WeirError) || error.code !== 'PG_ROW_EXISTS') return error;
    try {
      await using connection = await this.#options.connect();
      for (const writer of this.#writers) {
        if (await writer.hasCollided(connection, error.cause))
          return errors.PG_KEYS_COLLIDE({ message: error.message, cause: error });
      }
    } catch {
      // What went wrong first is what is told.
    }
    return error;
  }

  async #store(stores: Stores): Promise<void> {
    let last: TableWriter | undefined;
    for await (const { binding, documents } of stores) {
      const writer = this.#writers[binding];
      if (writer === undefined) throw new RangeError(`no binding ${binding}`);
      // Documents come ordered by binding: only one of them holds rows back.
      if (last !== writer) {
        if (last !== undefined) await this.#flush(last);
        last = writer;
        await writer.begin(this.#isFirst, () => this.#idleConnection());
      }
      for (const document of documents) {
        if (writer.add(document, this.hardDelete)) await this.#flush(writer);
      }
    }
    if (last !== undefined) await this.#flush(last);
    await this.#transaction?.queue.idle();
  }

  /** It is busy while rows of another table go out. */
  async #idleConnection(): Promise<PgConnection> {
    const { connection, queue } = await this.#begin();
    await queue.idle();
    return connection;
  }

  async #flush(writer: TableWriter): Promise<void> {
    const { queue } = await this.#begin();
    await writer.flush(queue);
    crash('materialize-postgres.copied');
  }

  async #begin() {
    if (this.#transaction !== undefined) return this.#transaction;
    const connection = await this.#storing.get();
    await this.#query(connection, BEGIN, 'cannot begin a transaction');
    this.#transaction = { connection, queue: new CopyQueue(connection, this.#pool) };
    crash('materialize-postgres.begun');
    return this.#transaction;
  }

  async #query(connection: PgConnection, sql: string, doing: string): Promise<void> {
    try {
      await connection.query(sql);
    } catch (error) {
      throw writeError(error, doing);
    }
  }

  async commit(checkpoint: Checkpoint): Promise<BackgroundCommit> {
    const { connection } = await this.#begin();
    const work = (): Promise<void> => this.#finish(connection, checkpoint);
    const committed = watchingLocks(() => connection.processId, this.#watch('commit'), work);
    this.#committed = committed.then(
      () => undefined,
      () => undefined,
    );
    return { committed };
  }

  async #finish(connection: PgConnection, checkpoint: Checkpoint): Promise<void> {
    const { fenceTable, fence, guard, targets } = this.#options;
    for (const [index, writer] of this.#writers.entries()) {
      for (const statement of writer.takeStatements()) {
        await this.#query(connection, statement, `cannot store into ${targets[index]?.table.identifier}`);
      }
    }
    crash('materialize-postgres.merged');
    const update = await fenceTable.update(connection, fence, checkpoint, guard.isSecured);
    if (update.holds) await guard.refuse(connection);
    crash('materialize-postgres.before-commit');
    try {
      await connection.query('COMMIT');
    } catch (cause) {
      if (!isOutcomeUnknown(cause)) throw writeError(cause, 'cannot commit');
      const pending = { fence, transaction: update.transaction, cause };
      const wasCommitted = await settleCommit(fenceTable, pending, this.#options.connect);
      if (!wasCommitted) throw writeError(cause, 'cannot commit; nothing of the transaction was kept');
      this.#options.log.warn('The connection broke during a commit, which has succeeded');
    }
    crash('materialize-postgres.after-commit');
    this.#transaction = undefined;
    this.#isFirst = false;
  }

  /** What goes on is given up; a commit that was sent is waited for, as far as the connection lasts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loading[Symbol.asyncDispose]();
    await this.#storing[Symbol.asyncDispose]();
    await this.#committed;
    await this.#options.resources[Symbol.asyncDispose]();
  }
}
