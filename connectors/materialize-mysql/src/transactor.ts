// One session over the database: rows, checkpoint and fence in one transaction, which is open only while rows are being
// stored, and is committed while the next one is already asking for documents.

import { crashPoint } from '@weir/crash-point';
import type { Authoritative, BackgroundCommit, Loads, MaterializeSession, Stores } from '@weir/materialize';
import type { Fence } from '@weir/materialize-sql';
import type { Checkpoint, EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import { tableOptions } from './config.ts';
import type { MysqlCrashPoint } from './crash-points.ts';
import { documentSource } from './document-source.ts';
import { Endpoint } from './endpoint.ts';
import type { EndpointConfig, ResourceConfig } from './endpoint-schema.ts';
import { errors } from './errors.ts';
import { installFence, updateFence } from './fence.ts';
import { readInfoSchema } from './info-schema.ts';
import { KeyLoader } from './key-loader.ts';
import { RowWriter } from './row-writer.ts';
import { dialectOf } from './server-dialect.ts';
import type { Session } from './session.ts';
import { widenSql } from './table-sql.ts';
import { type TargetTable, targetTable, widenedKey } from './target-table.ts';

const crash: (point: MysqlCrashPoint) => void = crashPoint;

interface OpenTable {
  readonly target: TargetTable;
  readonly writer: RowWriter;
  /** Absent where nothing is ever loaded. */
  readonly loader: KeyLoader | undefined;
}

interface OpenSession {
  readonly task: string;
  readonly hardDelete: boolean;
  readonly disableLoadOptimization: boolean;
  readonly resources: AsyncDisposable;
  /** For loads, outside of transactions. */
  readonly reading: Session;
  /** For everything else. */
  readonly writing: Session;
  readonly tables: readonly OpenTable[];
  readonly fence: Fence;
}

/** Connects, installs the fence, and looks for the tables. */
export async function openTransactor(
  session: MaterializeSession<EndpointConfig, ResourceConfig>,
): Promise<MysqlTransactor> {
  const { config, taskName: task } = session;
  const { allowExistingTables, retainExistingData } = tableOptions(config);
  await using resources = new AsyncDisposableStack();
  const endpoint = resources.use(await Endpoint.open(config, session.log, session.signal));
  const writing = resources.use(await endpoint.session());
  const reading = resources.use(await endpoint.session());
  const dialect = await dialectOf(endpoint, writing, config);
  const info = await readInfoSchema(writing, dialect);
  const tables = session.bindings.map((binding): OpenTable => {
    const target = targetTable(binding, info, dialect);
    const documents = documentSource(target.table, dialect.zone);
    return {
      target,
      writer: new RowWriter(writing, target, config.hardDelete),
      loader: documents === undefined ? undefined : new KeyLoader(reading, target, documents),
    };
  });
  const fence = await installFence(writing, task, session.range);
  crash('materialize-mysql.fence-installed');
  for (const { writer } of tables) await writer.prepare();
  return new MysqlTransactor({
    task,
    hardDelete: config.hardDelete,
    disableLoadOptimization: allowExistingTables || retainExistingData,
    resources: resources.move(),
    reading,
    writing,
    tables,
    fence,
  });
}

export class MysqlTransactor implements Authoritative {
  readonly pattern = 'authoritative';
  readonly hardDelete: boolean;
  readonly disableLoadOptimization: boolean;
  readonly checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT;
  readonly #session: OpenSession;
  /** What the writing session is doing meanwhile: sending rows while the next are encoded, or clearing up. */
  #busy: Promise<void> = Promise.resolve();

  constructor(session: OpenSession) {
    this.#session = session;
    this.hardDelete = session.hardDelete;
    this.disableLoadOptimization = session.disableLoadOptimization;
    this.checkpoint = session.fence.checkpoint;
  }

  async load(loads: Loads): Promise<void> {
    for await (const { binding, keys } of loads) {
      const { loader } = this.#table(binding);
      if (loader === undefined) continue;
      await loader.add(keys);
      if (!loader.isFull) continue;
      await loads.acknowledged();
      await loader.finish(loads);
    }
    for (const { loader } of this.#session.tables) await loader?.finish(loads);
  }

  async store(stores: Stores): Promise<void> {
    for await (const { binding, documents } of stores) {
      const table = this.#table(binding);
      for (const document of documents) if (table.writer.add(document)) await this.#send(table);
      if (table.writer.widths.mustWiden) await this.#widen(table);
    }
    for (const table of this.#session.tables) await this.#send(table);
    await this.#busy;
    for (const { writer } of this.#session.tables) await writer.apply();
  }

  /** Starts sending what a table has waiting, once what was sent before has arrived. */
  async #send(table: OpenTable): Promise<void> {
    if (table.writer.widths.mustWiden) await this.#widen(table);
    const send = table.writer.take();
    if (send === undefined) return;
    await this.#begin();
    this.#background(send());
  }

  async #begin(): Promise<void> {
    await this.#busy;
    const { writing, task } = this.#session;
    if (writing.inTransaction) return;
    await writing.begin(`beginning a transaction of ${task}`);
    crash('materialize-mysql.begun');
  }

  /** A failure is thrown by whoever waits next. */
  #background(work: Promise<void>): void {
    this.#busy = work;
    work.catch(() => {});
  }

  /** The transaction is given up for it: an ALTER would commit it. Throws MYSQL_KEY_WIDENED, or MYSQL_KEY_TOO_LONG. */
  async #widen({ target, writer }: OpenTable): Promise<never> {
    await this.#busy;
    const { writing } = this.#session;
    await writing.rollback();
    const { identifier } = target.table;
    const widenings = writer.widths.widenings();
    for (const { key, capacity } of widenings) {
      const sql = widenSql(target.table, key.column, widenedKey(key, capacity));
      await writing.run(sql, `widening a key of ${identifier}`);
    }
    const told = widenings.map(
      ({ key, capacity }) => `${key.column.identifier} takes ${capacity} characters now`,
    );
    throw errors.MYSQL_KEY_WIDENED({ message: `Of ${identifier}, ${told.join(', ')}.` });
  }

  async commit(checkpoint: Checkpoint): Promise<BackgroundCommit> {
    const { writing, task, fence } = this.#session;
    await this.#begin();
    crash('materialize-mysql.before-fence');
    try {
      await updateFence(writing, task, fence, checkpoint);
    } catch (failure) {
      await writing.rollback();
      throw failure;
    }
    crash('materialize-mysql.before-commit');
    return { committed: this.#commit() };
  }

  async #commit(): Promise<void> {
    const { writing, task } = this.#session;
    crash('materialize-mysql.committing');
    await writing.commit(`committing a transaction of ${task}`);
    crash('materialize-mysql.after-commit');
    this.#background(this.#clear());
  }

  async #clear(): Promise<void> {
    for (const { writer } of this.#session.tables) await writer.clear();
  }

  #table(binding: number): OpenTable {
    const table = this.#session.tables[binding];
    if (table === undefined) throw new RangeError(`no binding ${binding}`);
    return table;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.resources[Symbol.asyncDispose]();
  }
}
