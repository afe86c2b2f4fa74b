// Reads one chunk of a table in one snapshot: the next rows in the order of its key, or those on its next pages. It has
// connections of its own, since the others are asked for the stream's sake meanwhile. Where /advanced/backfill_connections
// allows for several, they read parts of the chunk at the same time, in the same snapshot, and the parts are delivered in
// their order: to everybody else it is one chunk, only longer.

import type { Logger } from '@weir/connector';
import { JsonBuffer } from '@weir/json-bytes';
import { type CopyChunk, type PgConnection, PgServerError } from '@weir/pgwire';
import { bareOperators, isByteOrderedUnderC, KeyOperators, queryError, SqlSession } from '@weir/postgres';
import {
  backfillFilter,
  isFallbackKey,
  type RowSink,
  type ScanEnd,
  type ScanRequest,
  streamLabel,
} from '@weir/sqlcapture';
import type { SourceSettings } from '../config.ts';
import type { ConnectionFactory } from '../connection.ts';
import type { BoundRelations } from '../discovery/bound-relations.ts';
import { type PgRelationInfo, tableReference } from '../discovery/relations.ts';
import type { TablePlans } from '../document/table-plans.ts';
import { errors } from '../errors.ts';
import { LsnPosition } from '../replication/lsn-position.ts';
import type { RecentTransactions } from '../replication/recent-transactions.ts';
import { rowTooLargeError } from '../row-limit.ts';
import { type ChunkTable, filterBesideRowComparison, type KeyColumn, writtenSince } from './chunk-query.ts';
import { type ChunkPart, type ChunkParts, dividedKeys, pageParts, undividedKeys } from './chunk-ranges.ts';
import { ChunkReader } from './chunk-reader.ts';
import { measureTable, ROWS_OF_A_PAGE, type TableSize } from './page-range.ts';
import { ReadAhead } from './read-ahead.ts';
import type { TakenSnapshot } from './snapshot.ts';
import { SnapshotReaders } from './snapshot-readers.ts';
import { Snapshots } from './snapshots.ts';
import { isRewritten, tableFiles } from './table-files.ts';
import { scannedConditions, watershedOf } from './watershed.ts';

/** SQLSTATE of a statement that was cancelled, by its timeout among others. */
const QUERY_CANCELED = '57014';
/** A chunk that ran into the statement timeout is tried again with this share of its rows. */
const SHORTER = 1 / 8;
/** The first version that finds a range of pages without reading all pages before it. */
const READS_PAGE_RANGES = 140_000;
/** Of rows that are read ahead, by all connections together; and by each, when they are few. */
const MOST_AHEAD_BYTES = 48 * 1024 ** 2;
const MOST_AHEAD_BYTES_EACH = 8 * 1024 ** 2;

export interface ChunkScanOptions {
  readonly connect: ConnectionFactory;
  /** What was streamed and may still be invisible. */
  readonly recent: RecentTransactions;
  readonly relations: BoundRelations;
  readonly plans: TablePlans;
  readonly settings: SourceSettings;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What a scan goes by. */
interface Scan {
  readonly request: ScanRequest;
  readonly relation: PgRelationInfo;
  readonly table: ChunkTable;
  readonly chunk: ChunkReader;
  readonly sink: RowSink;
  /** Rows, about, for each connection. */
  readonly limit: number;
}

export class ChunkScan implements AsyncDisposable {
  readonly #options: ChunkScanOptions;
  readonly #session: SqlSession;
  readonly #snapshots: Snapshots;
  /** Beside the connection of the session. */
  readonly #readers: SnapshotReaders;
  readonly #sizes = new Map<number, TableSize>();
  /** Of a document of a table, in bytes, as of its last chunk. */
  readonly #documentSizes = new Map<number, number>();
  /** Of the usual rows, for tables whose chunks took longer than a statement may. */
  readonly #shares = new Map<number, number>();
  /** Tables whose keys take too long to be divided. */
  readonly #undivided = new Set<number>();
  readonly #operators = new KeyOperators();
  readonly #out = new JsonBuffer();

  constructor(options: ChunkScanOptions) {
    this.#options = options;
    const connect = () => options.connect('sql', options.signal);
    this.#session = new SqlSession(connect);
    this.#readers = new SnapshotReaders(connect, options.settings.backfillConnections - 1, options.log);
    this.#snapshots = new Snapshots(this.#session, {
      recent: options.recent,
      isReadOnly: options.settings.readOnly,
      log: options.log,
      signal: options.signal,
    });
  }

  /** As `Database.scanChunk` says. */
  async scan(request: ScanRequest, sink: RowSink): Promise<ScanEnd> {
    const { relations, plans, settings } = this.#options;
    const relation = relations.existing(request.table);
    const keyColumns = request.mode === 'keyed' ? (request.state.keyColumns ?? []) : [];
    const plan = plans.ofRows(request.table, keyColumns);
    const scan: Scan = {
      request,
      relation,
      table: {
        from: tableReference(relation),
        columns: plan.columns,
        filter: backfillFilter(relations.binding(request.table).resource),
        conditions: [],
      },
      chunk: new ChunkReader(plan, this.#out, request, sink),
      sink,
      limit: Math.max(
        1,
        Math.ceil(settings.chunkRows * request.share * (this.#shares.get(request.table) ?? 1)),
      ),
    };
    const drop = (): void => {
      this.#session.drop();
      this.#readers.drop();
    };
    request.signal.addEventListener('abort', drop);
    try {
      return await (request.mode === 'keyed' ? this.#scanKeyed(scan, keyColumns) : this.#scanPages(scan));
    } finally {
      request.signal.removeEventListener('abort', drop);
      if (scan.chunk.rows > 0) this.#documentSizes.set(request.table, scan.chunk.bytes / scan.chunk.rows);
    }
  }

  /** Gives the connections back; the next chunk opens others. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#session[Symbol.asyncDispose](), this.#readers[Symbol.asyncDispose]()]);
  }

  async #scanKeyed(scan: Scan, keyColumns: readonly string[]): Promise<ScanEnd> {
    const { request, relation, chunk, limit } = scan;
    const types = this.#options.relations.columnTypes(relation, keyColumns);
    const operators = await this.#operators.of(await this.#session.connection(), types);
    const key = keyColumns.map((name, i): KeyColumn => {
      const type = types[i];
      const collateC = request.precise && type !== undefined && isByteOrderedUnderC(type);
      return { name, collateC, operators: operators[i] ?? bareOperators };
    });
    const { scanned } = request.state;
    const { minBackfillXid } = this.#options.settings;
    const filter =
      scan.table.filter === undefined || key.length === 1
        ? scan.table.filter
        : filterBesideRowComparison(scan.table.filter, await this.#session.versionNumber());
    const isShared = this.#readers.count > 0 && !this.#undivided.has(request.table);
    let isDividing = false;
    try {
      const read = await this.#read(scan, isShared, async (connection, snapshot, readers) => {
        const conditions = minBackfillXid === undefined ? [] : writtenSince(minBackfillXid, snapshot.xmax);
        const keyed = { table: { ...scan.table, filter, conditions }, key, types, scanned };
        if (!isShared && minBackfillXid === undefined) return undividedKeys(keyed, limit);
        isDividing = isShared;
        const parts = await dividedKeys(connection, keyed, limit * readers, this.#partRows(scan, readers));
        isDividing = false;
        return parts;
      });
      if (read === undefined) return 'outdated';
      return (read.isComplete ?? chunk.rows < limit) ? 'complete' : 'incomplete';
    } catch (error) {
      if (!this.#isTimeout(error)) throw scanError(error, relation);
      if (isDividing) this.#undivided.add(request.table);
      else if (chunk.rows === 0) this.#shorten(scan, 1, error);
      else this.#logTimeout(scan);
      return 'incomplete';
    }
  }

  /** Of a part that leaves room for the next one in what a connection reads ahead; all, when there is but one. */
  #partRows({ request, limit }: Scan, readers: number): number {
    const bytes = this.#documentSizes.get(request.table);
    if (readers === 1 || bytes === undefined) return limit;
    return Math.max(1, Math.min(limit, Math.floor(aheadBytes(readers) / 2 / bytes)));
  }

  async #scanPages(scan: Scan): Promise<ScanEnd> {
    const { request, relation, table, limit } = scan;
    const { minBackfillXid } = this.#options.settings;
    const size = await this.#sizeOf(request.table, relation);
    const { metadata, scanned } = request.state;
    const watershed = watershedOf(metadata);
    const isShared = this.#readers.count > 0 && (await this.#session.versionNumber()) >= READS_PAGE_RANGES;
    let hasOtherFiles = false;
    let read: ChunkParts | undefined;
    try {
      read = await this.#read(scan, isShared, async (connection, snapshot, readers) => {
        hasOtherFiles = isRewritten(metadata, await tableFiles(connection, relation.oid));
        if (hasOtherFiles) return { parts: [], isComplete: false };
        const conditions = [
          ...(watershed === undefined ? [] : scannedConditions(watershed, snapshot)),
          ...(minBackfillXid === undefined ? [] : writtenSince(minBackfillXid, snapshot.xmax)),
        ];
        return pageParts({ ...table, conditions }, scanned, size, limit, readers);
      });
    } catch (error) {
      if (!this.#isTimeout(error)) throw scanError(error, relation);
      // Rows that have left come again, and without a key nothing would merge them.
      const isMerged = !isFallbackKey(this.#options.relations.binding(request.table).collectionKey);
      this.#shorten(scan, scan.chunk.rows === 0 || isMerged ? ROWS_OF_A_PAGE - 1 : Infinity, error);
      return 'incomplete';
    }
    if (read === undefined) return 'outdated';
    if (hasOtherFiles) {
      this.#sizes.delete(request.table);
      return 'rewritten';
    }
    return read.isComplete === true ? 'complete' : 'incomplete';
  }

  #isTimeout(error: unknown): boolean {
    const isCancelled = error instanceof PgServerError && error.sqlstate === QUERY_CANCELED;
    return isCancelled && !this.#options.signal.aborted;
  }

  /** The next chunk of the table. Throws PG_CHUNK_TIMEOUT when it would have fewer than `least` rows. */
  #shorten(scan: Scan, least: number, cause: unknown): void {
    const { request, relation, limit } = scan;
    if (limit <= least) {
      throw errors.PG_CHUNK_TIMEOUT({
        message: `a chunk of about ${limit} rows of ${streamLabel(relation)} takes longer than the statement timeout of ${this.#options.settings.statementTimeout}`,
        cause,
      });
    }
    this.#logTimeout(scan);
    this.#shares.set(request.table, (this.#shares.get(request.table) ?? 1) * SHORTER);
  }

  #logTimeout({ relation, chunk }: Scan): void {
    this.#options.log.info(`a chunk of ${streamLabel(relation)} ran into the statement timeout`, {
      rows: chunk.rows,
    });
  }

  /** Measured once: what is written to later pages meanwhile is in the change stream. */
  async #sizeOf(table: number, relation: PgRelationInfo): Promise<TableSize> {
    const known = this.#sizes.get(table);
    if (known !== undefined) return known;
    const size = await measureTable(this.#session, relation.oid);
    this.#sizes.set(table, size);
    return size;
  }

  /**
   * Reads the parts that `divide` makes of the chunk for so many connections; the queries run while the stream gets to where
   * the snapshot is. Undefined, and nothing is read, when the table is not as it was discovered.
   */
  async #read(
    scan: Scan,
    isShared: boolean,
    divide: (connection: PgConnection, snapshot: TakenSnapshot, readers: number) => Promise<ChunkParts>,
  ): Promise<ChunkParts | undefined> {
    let divided: ChunkParts | undefined;
    const read = async (connection: PgConnection, snapshot: TakenSnapshot): Promise<void> => {
      const joining = isShared
        ? this.#readers.join(snapshot.exported, tableReference(scan.relation))
        : Promise.resolve([]);
      try {
        divided = await divide(connection, snapshot, isShared ? this.#readers.count + 1 : 1);
        if (divided.parts.length === 0) return;
        const caughtUp = scan.sink.began(new LsnPosition(snapshot.position));
        await this.#readParts([connection, ...(await joining)], divided.parts, scan, caughtUp);
      } finally {
        for (const other of await joining) this.#readers.leave(other);
      }
    };
    const isRead = await this.#snapshots.withTable(scan.relation, read, isShared);
    return isRead ? divided : undefined;
  }

  /** Of n connections, each reads every nth part, ahead of its turn. */
  async #readParts(
    connections: readonly PgConnection[],
    parts: readonly ChunkPart[],
    scan: Scan,
    caughtUp: Promise<void>,
  ): Promise<void> {
    const count = connections.length;
    const [first] = connections;
    if (first !== undefined && count === 1) {
      for (const part of parts) await this.#take(first.copyOut(part.query), part, scan, caughtUp);
      return;
    }
    const readers = connections.map((connection, place) => {
      const queries = parts.filter((_, index) => index % count === place).map(({ query }) => query);
      return new ReadAhead(connection, queries, aheadBytes(count));
    });
    try {
      for (const [index, part] of parts.entries()) {
        const reader = readers[index % count];
        if (reader !== undefined) await this.#take(reader.rows(), part, scan, caughtUp);
      }
    } finally {
      await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
    }
  }

  async #take(
    rows: AsyncIterable<CopyChunk>,
    part: ChunkPart,
    { chunk, sink }: Scan,
    caughtUp: Promise<void>,
  ): Promise<void> {
    const { log, signal } = this.#options;
    log.debug('reading a chunk', { query: part.query });
    for await (const batch of rows) {
      await caughtUp;
      await chunk.read(batch);
      signal.throwIfAborted();
    }
    await caughtUp;
    if (part.end !== undefined) sink.reached(part.end);
  }
}

function aheadBytes(connections: number): number {
  return Math.min(MOST_AHEAD_BYTES_EACH, MOST_AHEAD_BYTES / connections);
}

function scanError(error: unknown, relation: PgRelationInfo): unknown {
  const tooLarge = rowTooLargeError(error, `the table ${streamLabel(relation)}`);
  return tooLarge ?? queryError(error, `cannot read a chunk of ${streamLabel(relation)}`);
}
