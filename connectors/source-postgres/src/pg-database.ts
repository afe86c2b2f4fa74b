// PostgreSQL as the engine sees it.

import { JsonBuffer } from '@weir/json-bytes';
import type { Preview } from '@weir/capture';
import type { Logger } from '@weir/connector';
import {
  parseLsn,
  type PgConnection,
  PgServerError,
  type PgOutputRelation,
  quoteIdentifier,
  quoteLiteral,
  quoteQualified,
} from '@weir/pgwire';
import {
  backfillFilter,
  collectionKeyColumns,
  type Database,
  findStream,
  type ReplicationStream,
  resourceStream,
  type RowSink,
  type ScanRequest,
  type ScanResult,
  type SchemaOptions,
  sourcedSchema,
  type SqlBinding,
  type StreamId,
  streamKey,
  streamLabel,
  type TableInfo,
  type TableMetadata,
} from '@weir/sqlcapture';
import { ChunkReader } from './backfill/chunk-reader.ts';
import {
  chunkEndQuery,
  type ChunkTable,
  keyedChunkQuery,
  pagesChunkQuery,
  writtenSince,
} from './backfill/chunk-query.ts';
import { EarlyWriters } from './backfill/early-writers.ts';
import { isAsDiscovered } from './backfill/layout.ts';
import { estimateRows, measureTable, nextPages, type TableSize } from './backfill/page-range.ts';
import { beginSnapshot } from './backfill/snapshot.ts';
import { scannedConditions, watershedFacts, watershedOf } from './backfill/watershed.ts';
import type { SourceSettings } from './config.ts';
import { type ConnectionFactory, runtimeError } from './connection.ts';
import { readRelations, type PgRelationInfo } from './discovery/relations.ts';
import { loadTypes, tableInfo } from './discovery/table-info.ts';
import { awaitingStandby } from './replication/awaiting-standby.ts';
import { RowPlan } from './document/row-plan.ts';
import { errors } from './errors.ts';
import { identityError } from './prerequisites.ts';
import { LsnPosition } from './replication/lsn-position.ts';
import { PgReplication, type StreamTables } from './replication/pg-replication.ts';
import type { Snapshot } from './replication/recent-transactions.ts';
import { readWalFacts } from './replication/wal-budget.ts';
import { openPreviewSlot } from './preview-slot.ts';
import {
  checkCluster,
  checkContinuity,
  type ClusterIdentity,
  clusterMetadata,
  identifySystem,
  recreateSlot,
  serverPosition,
} from './replication-slot.ts';
import type { SqlSession } from './sql-session.ts';
import { isTextType, keyParameters, TypeCatalog, underDomains } from '@weir/postgres';

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

/** In the state of each table: the position of a reset by force that was carried out. */
const CURSOR_RESET = 'cursor_reset';
/** SQLSTATE of a statement that was cancelled, by its timeout among others. */
const QUERY_CANCELED = '57014';
/** SQLSTATE of a lock of a table that does not exist. */
const UNDEFINED_TABLE = '42P01';

export class PgDatabase implements Database, StreamTables {
  readonly #options: PgDatabaseOptions;
  readonly #catalog = new TypeCatalog();
  readonly #sizes = new Map<number, TableSize>();
  readonly #out = new JsonBuffer();
  #bindings: readonly SqlBinding[] = [];
  #relations = new Map<string, PgRelationInfo>();
  readonly #earlyWriters: EarlyWriters;
  #stream: PgReplication | undefined;

  constructor(options: PgDatabaseOptions) {
    this.#options = options;
    this.#earlyWriters = new EarlyWriters(options.sql, options.log);
  }

  // --- Discovery -----------------------------------------------------------------------------------------------

  async discover(streams: readonly StreamId[]): Promise<readonly TableInfo[]> {
    const { sql, asPartitions } = this.#options;
    await this.#catchUpWithStream();
    const relations = await readRelations(sql, { streams, asPartitions });
    await loadTypes(
      sql,
      this.#catalog,
      relations.flatMap((relation) => relation.columns.map((column) => column.typeOid)),
    );
    this.#relations = new Map(relations.map((relation) => [streamKey(relation), relation]));
    return relations.map((relation) => tableInfo(relation, this.#catalog, this.#options.settings.style));
  }

  sourcedSchema(table: TableInfo): string {
    return JSON.stringify(sourcedSchema(table, this.#options.schemas));
  }

  #relation(table: number): PgRelationInfo {
    const stream = resourceStream(this.#binding(table).resource);
    const relation = findStream(this.#relations.values(), stream);
    if (relation === undefined)
      throw errors.PG_TABLE_UNREADABLE({ message: `the table ${streamLabel(stream)} is gone` });
    return relation;
  }

  #binding(table: number): SqlBinding {
    const binding = this.#bindings[table];
    if (binding === undefined) throw new Error(`no binding ${table}`);
    return binding;
  }

  estimateRows(table: number): Promise<number | undefined> {
    return estimateRows(this.#options.sql, this.#relation(table).oid).catch(() => undefined);
  }

  // --- Replication ---------------------------------------------------------------------------------------------

  async openReplication(
    cursor: string | undefined,
    bindings: readonly SqlBinding[],
    metadata: readonly TableMetadata[],
  ): Promise<ReplicationStream> {
    const { sql, settings, signal, log } = this.#options;
    this.#bindings = bindings;
    const connection = await this.#options.connect('replication', signal);
    try {
      const cluster = await identifySystem(connection);
      const from = this.#startingPoint(cursor, metadata);
      const { slot, start } = await this.#openSlot(connection, from.cursor, cluster, from.known);
      log.info('replication starts', { position: new LsnPosition(start).toString(), slot });
      this.#stream = new PgReplication({
        connection,
        slot,
        publication: settings.publication,
        start: new LsnPosition(start),
        metadata: {
          ...clusterMetadata(cluster),
          ...(settings.forcedCursor === undefined ? {} : { [CURSOR_RESET]: settings.forcedCursor }),
        },
        continues: from.continues,
        tables: this,
        serverPosition: () => serverPosition(sql),
        walFacts: () => readWalFacts(sql, slot),
        splitKeyUpdates: settings.flags.split_key_updates,
        log,
        signal,
      });
      if (from.cursor !== undefined)
        for (const xid of await awaitingStandby(sql)) this.#stream.recent.add(xid);
      return this.#stream;
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw runtimeError(error, 'cannot start replication');
    }
  }

  /** What the settings make of the stored position, and what may be checked against the server before going on there. */
  #startingPoint(
    cursor: string | undefined,
    known: readonly TableMetadata[],
  ): {
    readonly cursor: bigint | undefined;
    readonly known: readonly TableMetadata[];
    readonly continues: boolean;
  } {
    const { settings, preview, log } = this.#options;
    const { forcedCursor, initialCursor } = settings;
    const stored = cursor === undefined ? undefined : cursorLsn(cursor);
    if (preview !== undefined) return { cursor: stored, known, continues: true };
    if (forcedCursor !== undefined && known.every((facts) => facts[CURSOR_RESET] !== forcedCursor)) {
      log.warn('the position is reset by force: changes before it that were not read are lost', {
        before: cursor,
        position: forcedCursor,
      });
      return { cursor: parseLsn(forcedCursor), known: [], continues: false };
    }
    if (stored !== undefined || initialCursor === undefined)
      return { cursor: stored, known, continues: true };
    return { cursor: parseLsn(initialCursor), known, continues: true };
  }

  /** The slot to stream from, and where: at the cursor, or where a new slot begins. */
  async #openSlot(
    connection: PgConnection,
    cursor: bigint | undefined,
    cluster: ClusterIdentity,
    known: readonly TableMetadata[],
  ): Promise<{ readonly slot: string; readonly start: bigint }> {
    const { sql, settings, signal, preview } = this.#options;
    if (preview !== undefined) {
      const opened = await openPreviewSlot({ sql, connection, settings, preview, cursor, signal });
      if (cursor !== undefined) checkCluster(cluster, known, opened.origin);
      return opened;
    }
    const { slot } = settings;
    if (cursor !== undefined) {
      await checkContinuity({ sql, settings, cursor, cluster, known, signal });
      return { slot, start: cursor };
    }
    if (!settings.flags.create_replication_slot) return { slot, start: await serverPosition(sql) };
    return { slot, start: await recreateSlot(connection, sql, settings, signal) };
  }

  tableOf(relation: PgOutputRelation): number | undefined {
    for (const table of this.#bindings.keys())
      if (this.#knownRelation(table)?.oid === relation.id) return table;
    const wanted = { namespace: relation.schema, name: relation.name };
    const found = findStream(
      this.#bindings.map((binding, table) => ({ ...resourceStream(binding.resource), table })),
      wanted,
    );
    return found?.table;
  }

  knows(relation: PgOutputRelation): boolean {
    return relation.columns.every((column) => this.#catalog.has(column.typeOid));
  }

  /** A type that is gone by now stays unknown, and its values text. */
  async learn(relation: PgOutputRelation): Promise<void> {
    const oids = relation.columns.map((column) => column.typeOid);
    await this.#catchUpWithStream();
    await loadTypes(this.#options.sql, this.#catalog, oids);
  }

  hasChanged(table: number, relation: PgOutputRelation): boolean {
    const known = this.#knownRelation(table);
    if (known === undefined) return true;
    const columns = known.columns.filter((column) => !column.generated);
    return (
      known.oid !== relation.id ||
      known.name !== relation.name ||
      known.namespace !== relation.schema ||
      columns.length !== relation.columns.length ||
      relation.columns.some(
        ({ name, typeOid }, i) => columns[i]?.name !== name || columns[i]?.typeOid !== typeOid,
      )
    );
  }

  #knownRelation(table: number): PgRelationInfo | undefined {
    return findStream(this.#relations.values(), resourceStream(this.#binding(table).resource));
  }

  plan(table: number, relation: PgOutputRelation, keyColumns: readonly string[]): RowPlan {
    this.#checkIdentity(table, relation);
    const generated = this.#knownRelation(table)?.columns.filter((column) => column.generated) ?? [];
    return this.#compile(table, {
      schema: relation.schema,
      table: relation.name,
      columns: relation.columns,
      omitted: new Set(generated.map((column) => column.name)),
      keyColumns,
    });
  }

  /** It may have changed since the start. A table without any refuses updates and deletes by itself. */
  #checkIdentity(table: number, relation: PgOutputRelation): void {
    const { flags } = this.#options.settings;
    const identity = relation.columns.filter(({ isKey }) => isKey).map(({ name }) => name);
    const isUnchecked = flags.skip_prerequisites || flags.skip_table_prerequisites;
    if (isUnchecked || relation.replicaIdentity === 'f' || identity.length === 0) return;
    const missing = collectionKeyColumns(this.#binding(table).collectionKey).filter(
      (column) => !identity.includes(column),
    );
    if (missing.length > 0) throw identityError({ namespace: relation.schema, name: relation.name }, missing);
  }

  #compile(
    table: number,
    layout: {
      readonly schema: string;
      readonly table: string;
      readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
      readonly omitted: ReadonlySet<string>;
      readonly keyColumns: readonly string[];
    },
  ): RowPlan {
    const binding = this.#binding(table);
    return new RowPlan(
      {
        ...layout,
        collectionKey: collectionKeyColumns(binding.collectionKey),
        wantsTransactionId: binding.wantsTransactionId,
        sourceTag: this.#options.settings.sourceTag,
        style: this.#options.settings.style,
      },
      this.#catalog,
    );
  }

  async readValues(
    table: number,
    columns: readonly string[],
    key: readonly { readonly column: string; readonly text: string }[],
  ): Promise<readonly (string | null)[] | undefined> {
    const relation = this.#relation(table);
    const { namespace, name } = relation;
    const conditions = key.map(
      ({ column, text }) => `${quoteIdentifier(column)} = ${quoteLiteral(text).trim()}`,
    );
    const query = `SELECT ${columns.map(quoteIdentifier).join(', ')} FROM ${quoteQualified(namespace, name)} WHERE ${conditions.join(' AND ')} LIMIT 1`;
    try {
      return await this.#withSnapshot(async (connection) => (await connection.query(query)).rows[0]);
    } catch (error) {
      // The table is not any more what it was when the row was updated.
      const isGone = error instanceof PgServerError && error.sqlstate.startsWith('42');
      if (!isGone) throw runtimeError(error, `cannot read values of ${streamLabel(relation)}`);
      this.#options.log.warn(
        `a row of ${streamLabel(relation)} got another key, and its values of ${columns.join(', ')} cannot be read: ${error.message}`,
      );
      return undefined;
    }
  }

  // --- Backfill ------------------------------------------------------------------------------------------------

  /** A table that is gone is ready, for the error that says so. */
  async readyToScan(tables: readonly number[]): Promise<ReadonlySet<number>> {
    const present = tables.flatMap((table) => {
      const relation = this.#knownRelation(table);
      return relation === undefined ? [] : [{ ...relation, table }];
    });
    const ended = await this.#earlyWriters.endedFor(present);
    const waiting = new Set(present.map(({ table }) => table));
    for (const { table } of ended) waiting.delete(table);
    return new Set(tables.filter((table) => !waiting.has(table)));
  }

  async watershed(): Promise<TableMetadata> {
    try {
      return await this.#withSnapshot(watershedFacts);
    } catch (error) {
      throw runtimeError(error, 'cannot begin a backfill without a key');
    }
  }

  async scanChunk(request: ScanRequest, sink: RowSink): Promise<ScanResult | undefined> {
    const relation = this.#relation(request.table);
    const columns = relation.columns.filter((column) => !column.generated);
    const { namespace: schema, name } = relation;
    const keyColumns = request.mode === 'keyed' ? (request.state.keyColumns ?? []) : [];
    const plan = this.#compile(request.table, {
      schema,
      table: name,
      columns,
      omitted: new Set(),
      keyColumns,
    });
    const table: ChunkTable = {
      schema,
      table: name,
      columns: columns.map((column) => column.name),
      filter: backfillFilter(this.#binding(request.table).resource),
      conditions: [],
    };
    const chunk = new ChunkReader(plan, this.#out, request, sink);
    if (request.mode === 'keyed') return this.#scanKeyed(request, relation, table, keyColumns, chunk);
    return this.#scanPages(request, relation, table, chunk);
  }

  async #scanKeyed(
    request: ScanRequest,
    relation: PgRelationInfo,
    table: ChunkTable,
    keyColumns: readonly string[],
    chunk: ChunkReader,
  ): Promise<ScanResult | undefined> {
    const types = keyColumns.map((name) => {
      const column = relation.columns.find((candidate) => candidate.name === name);
      return this.#catalog.get(column?.typeOid ?? 0);
    });
    const key = keyColumns.map((name, i) => {
      const type = types[i];
      const isText =
        type !== undefined && isTextType(underDomains(type)) && underDomains(type).name !== 'citext';
      return { name, collateC: request.precise && isText };
    });
    const { scanned } = request.state;
    const after = scanned === undefined ? undefined : keyParameters(types, scanned);
    const { chunkRows: limit, minBackfillXid } = this.#options.settings;
    let end: Buffer | undefined;
    try {
      const isRead = await this.#withTable(relation, async (connection, snapshot) => {
        if (minBackfillXid === undefined) {
          await this.#copy(connection, keyedChunkQuery(table, key, after, limit), chunk);
          return;
        }
        end = await chunk.lastKeyOf(connection, chunkEndQuery(table, key, after, limit));
        const until = end === undefined ? undefined : keyParameters(types, end);
        const recent = { ...table, conditions: writtenSince(minBackfillXid, snapshot.xmax) };
        await this.#copy(connection, keyedChunkQuery(recent, key, after, limit, until), chunk);
      });
      if (!isRead) return undefined;
    } catch (error) {
      const isTimeout = error instanceof PgServerError && error.sqlstate === QUERY_CANCELED;
      if (!isTimeout || chunk.rows === 0 || this.#options.signal.aborted)
        throw this.#scanError(error, relation);
      this.#options.log.info(`a chunk of ${streamLabel(relation)} ran into the statement timeout`, {
        rows: chunk.rows,
      });
      return { rows: chunk.rows, scanned: chunk.lastKey, complete: false };
    }
    if (minBackfillXid !== undefined) return { rows: chunk.rows, scanned: end, complete: end === undefined };
    return { rows: chunk.rows, scanned: chunk.lastKey, complete: chunk.rows < limit };
  }

  async #scanPages(
    request: ScanRequest,
    relation: PgRelationInfo,
    table: ChunkTable,
    chunk: ChunkReader,
  ): Promise<ScanResult | undefined> {
    let size = this.#sizes.get(request.table);
    if (size === undefined) {
      size = await measureTable(this.#options.sql, relation.oid);
      this.#sizes.set(request.table, size);
    }
    const { low, high, isLast } = nextPages(request.state.scanned, size, this.#options.settings.chunkRows);
    const watershed = watershedOf(request.state.metadata);
    try {
      const isRead = await this.#withTable(relation, (connection, snapshot) => {
        const { minBackfillXid } = this.#options.settings;
        const conditions = [
          ...(watershed === undefined ? [] : scannedConditions(watershed, snapshot)),
          ...(minBackfillXid === undefined ? [] : writtenSince(minBackfillXid, snapshot.xmax)),
        ];
        return this.#copy(connection, pagesChunkQuery({ ...table, conditions }, low, high), chunk);
      });
      if (!isRead) return undefined;
    } catch (error) {
      throw this.#scanError(error, relation);
    }
    return { rows: chunk.rows, scanned: Buffer.from(high), complete: isLast };
  }

  #scanError(error: unknown, relation: PgRelationInfo): unknown {
    return runtimeError(error, `cannot read a chunk of ${streamLabel(relation)}`);
  }

  async #copy(connection: PgConnection, query: string, chunk: ChunkReader): Promise<void> {
    const { log, signal } = this.#options;
    log.debug('reading a chunk', { query });
    for await (const rows of connection.copyOut(query)) {
      await chunk.read(rows);
      signal.throwIfAborted();
    }
  }

  /** What was streamed of a table may have been committed a moment before the catalogues show it. */
  async #catchUpWithStream(): Promise<void> {
    if (this.#stream === undefined || this.#stream.recent.size === 0) return;
    await this.#withSnapshot(() => Promise.resolve());
  }

  /** False, and nothing is read, when the table is not as it was discovered. */
  async #withTable(
    relation: PgRelationInfo,
    read: (connection: PgConnection, snapshot: Snapshot) => Promise<void>,
  ): Promise<boolean> {
    const table = quoteQualified(relation.namespace, relation.name);
    let isLocked = false;
    try {
      return await this.#withSnapshot(async (connection, snapshot) => {
        isLocked = true;
        if (!(await isAsDiscovered(connection, relation))) return false;
        await read(connection, snapshot);
        return true;
      }, table);
    } catch (error) {
      if (!isLocked && error instanceof PgServerError && error.sqlstate === UNDEFINED_TABLE) return false;
      throw error;
    }
  }

  /** The snapshot sees every transaction already streamed, and the table that is named, quoted, as it is. */
  async #withSnapshot<T>(
    use: (connection: PgConnection, snapshot: Snapshot) => Promise<T>,
    table?: string,
  ): Promise<T> {
    const { sql, log, signal } = this.#options;
    const stream = this.#stream;
    if (stream === undefined) throw new Error('no stream before the backfill');
    const version = await sql.versionNumber();
    const connection = await sql.connection();
    const snapshot = await beginSnapshot(connection, version, stream.recent, log, signal, table);
    try {
      return await use(connection, snapshot);
    } finally {
      if (!connection.isClosed) await connection.query('ROLLBACK');
    }
  }
}

function cursorLsn(cursor: string): bigint {
  try {
    return parseLsn(cursor);
  } catch (error) {
    throw errors.PG_STATE_CURSOR({
      message: `the stored position ${JSON.stringify(cursor)} is not one of a PostgreSQL log`,
      cause: error,
    });
  }
}
