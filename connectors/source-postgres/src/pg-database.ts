// PostgreSQL as the engine sees it: each question goes to the part that knows the answer.

import type { Preview } from '@weir/capture';
import type { Logger } from '@weir/connector';
import type { PgOutputRelation } from '@weir/pgwire';
import {
  type Database,
  type KnownTable,
  type ReplicationStream,
  type RowSink,
  type ScanEnd,
  type ScanRequest,
  type SchemaOptions,
  sourcedSchema,
  type SqlBinding,
  type StreamId,
  streamLabel,
  type TableInfo,
  type TableMetadata,
  type UnreadRows,
} from '@weir/sqlcapture';
import { KeyOperators, queryError, repackKey, SqlSession } from '@weir/postgres';
import { ChunkScan } from './backfill/chunk-scan.ts';
import { EarlyWriters } from './backfill/early-writers.ts';
import { estimateRows } from './backfill/page-range.ts';
import { Snapshots } from './backfill/snapshots.ts';
import { tableFiles } from './backfill/table-files.ts';
import { watershedFacts } from './backfill/watershed.ts';
import type { SourceSettings } from './config.ts';
import type { ConnectionFactory } from './connection.ts';
import { BoundRelations } from './discovery/bound-relations.ts';
import { TablePlans } from './document/table-plans.ts';
import { Partitions } from './partitions.ts';
import { checkPublished, discoverPublished } from './publication-gap.ts';
import { serverPosition } from './replication-slot.ts';
import { awaitingStandby } from './replication/awaiting-standby.ts';
import { LsnPosition } from './replication/lsn-position.ts';
import { PgReplication, type StreamTables } from './replication/pg-replication.ts';
import { Watermarks } from './replication/watermarks.ts';
import { RecentTransactions } from './replication/recent-transactions.ts';
import { readRowValues } from './replication/row-values.ts';
import { openSlot, startingPoint, startMetadata } from './replication/starting-point.ts';
import { identifySystem } from './replication/timeline.ts';
import { readWalFacts } from './replication/wal-budget.ts';
import { findWatermarks } from './watermarks-table.ts';

export interface PgDatabaseOptions {
  readonly sql: SqlSession;
  readonly connect: ConnectionFactory;
  readonly settings: SourceSettings;
  readonly asPartitions: boolean;
  readonly schemas: SchemaOptions;
  readonly preview: Preview | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export class PgDatabase implements Database, AsyncDisposable {
  readonly #options: PgDatabaseOptions;
  /** Transactions with changes of bound tables, whose backfills may begin later. */
  readonly #recent = new RecentTransactions();
  readonly #relations: BoundRelations;
  readonly #partitions: Partitions;
  readonly #plans: TablePlans;
  readonly #snapshots: Snapshots;
  readonly #scan: ChunkScan;
  readonly #earlyWriters: EarlyWriters;
  readonly #operators = new KeyOperators();

  constructor(options: PgDatabaseOptions) {
    const { sql, connect, asPartitions, settings, log, signal } = options;
    const relations = new BoundRelations(sql, asPartitions, settings.style);
    const plans = new TablePlans(relations, settings, log);
    const snapshots = new Snapshots(sql, {
      recent: this.#recent,
      isReadOnly: settings.readOnly,
      log,
      signal,
    });
    this.#options = options;
    this.#relations = relations;
    this.#partitions = new Partitions(sql, settings, log);
    this.#plans = plans;
    this.#snapshots = snapshots;
    this.#scan = new ChunkScan({ connect, recent: this.#recent, relations, plans, settings, log, signal });
    this.#earlyWriters = new EarlyWriters(sql, log);
  }

  /** A table that was streamed of may have been created or altered a moment before the catalogues show it. */
  async discover(streams: readonly StreamId[]): Promise<readonly TableInfo[]> {
    await this.#snapshots.catchUp();
    const { sql, settings } = this.#options;
    const tables = await discoverPublished(sql, settings.publication, () =>
      this.#relations.discover(streams),
    );
    return this.#partitions.with(tables);
  }

  checkUnbroken(tables: readonly KnownTable[]): Promise<readonly UnreadRows[]> {
    checkPublished(tables, this.#options.settings, this.#options.log);
    return this.#partitions.check(tables);
  }

  sourcedSchema(table: TableInfo): string {
    return JSON.stringify(sourcedSchema(table, this.#options.schemas));
  }

  estimateRows(table: number): Promise<number | undefined> {
    return estimateRows(this.#options.sql, this.#relations.existing(table).oid).catch(() => undefined);
  }

  async openReplication(
    cursor: string | undefined,
    bindings: readonly SqlBinding[],
    metadata: readonly TableMetadata[],
  ): Promise<ReplicationStream> {
    const { sql, settings, signal, log } = this.#options;
    this.#relations.bind(bindings);
    const connection = await this.#options.connect('replication', signal);
    try {
      const cluster = await identifySystem(connection);
      const from = startingPoint(cursor, metadata, this.#options);
      const { slot, start } = await openSlot(connection, from, cluster, this.#options);
      log.info('replication starts', { position: new LsnPosition(start).toString(), slot });
      if (from.cursor !== undefined) for (const xid of await awaitingStandby(sql)) this.#recent.add(xid);
      return new PgReplication({
        connection,
        slot,
        publication: settings.publication,
        start: new LsnPosition(start),
        metadata: startMetadata(cluster, settings),
        continues: from.continues,
        tables: this.#streamTables(),
        recent: this.#recent,
        serverPosition: () => serverPosition(sql),
        watermarks: await this.#watermarks(slot),
        walFacts: () => readWalFacts(sql, slot),
        splitKeyUpdates: settings.flags.split_key_updates,
        log,
        signal,
      });
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw queryError(error, 'cannot start replication');
    }
  }

  /** None in a preview, which leaves alone what the task keeps at its source. */
  async #watermarks(slot: string): Promise<Watermarks | undefined> {
    const { sql, connect, settings, preview, signal } = this.#options;
    const { publication, watermarksTable } = settings;
    if (!settings.flags.watermarks || preview !== undefined) return undefined;
    const table = (await findWatermarks(sql, watermarksTable)) ?? watermarksTable;
    return new Watermarks({
      sql: new SqlSession(() => connect('watermarks', signal)),
      table,
      slot,
      publication,
    });
  }

  #streamTables(): StreamTables {
    const [relations, plans, snapshots] = [this.#relations, this.#plans, this.#snapshots];
    const { log, sql } = this.#options;
    return {
      tableOf: (relation) => relations.tableOf(relation),
      knows: (relation) => relations.hasTypesOf(relation),
      learn: async (relation: PgOutputRelation) => {
        await snapshots.catchUp();
        await relations.loadTypesOf(relation);
      },
      plan: (table, relation, keyColumns) => plans.ofChanges(table, relation, keyColumns),
      checkOldKey: (change, plan) => plans.checkOldKey(change, plan),
      hasChanged: (table, relation) => relations.hasChanged(table, relation),
      readValues: async (table, columns, key) => {
        const relation = relations.existing(table);
        const types = relations.columnTypes(
          relation,
          key.map(({ column }) => column),
        );
        const operators = await this.#operators.of(await sql.connection(), types);
        const compared = key.map((part, i) => ({ ...part, equal: operators[i]?.['='] ?? '=' }));
        return readRowValues(snapshots, log, relation, columns, compared);
      },
    };
  }

  /** A table that is gone is ready, for the error that says so. */
  async readyToScan(tables: readonly number[]): Promise<ReadonlySet<number>> {
    const present = tables.flatMap((table) => {
      const relation = this.#relations.known(table);
      return relation === undefined ? [] : [{ ...relation, table }];
    });
    const ended = await this.#earlyWriters.endedFor(present);
    const waiting = new Set(present.map(({ table }) => table));
    for (const { table } of ended) waiting.delete(table);
    return new Set(tables.filter((table) => !waiting.has(table)));
  }

  async watershed(): Promise<TableMetadata> {
    try {
      return await this.#snapshots.with(watershedFacts);
    } catch (error) {
      throw queryError(error, 'cannot begin a backfill without a key');
    }
  }

  repackKey(table: number, keyColumns: readonly string[], key: Buffer): Buffer {
    return repackKey(this.#relations.columnTypes(this.#relations.existing(table), keyColumns), key);
  }

  async storage(table: number): Promise<TableMetadata> {
    const relation = this.#relations.existing(table);
    try {
      return await tableFiles(await this.#options.sql.connection(), relation.oid);
    } catch (error) {
      throw queryError(error, `cannot begin the backfill of ${streamLabel(relation)}`);
    }
  }

  scanChunk(request: ScanRequest, sink: RowSink): Promise<ScanEnd> {
    return this.#scan.scan(request, sink);
  }

  async restScans(): Promise<void> {
    await this.#scan[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.restScans();
  }
}
