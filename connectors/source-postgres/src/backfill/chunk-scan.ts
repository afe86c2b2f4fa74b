// Reads one chunk of a table in one snapshot: the next rows in the order of its key, or those on its next pages. It has
// a connection of its own, since the others are asked for the stream's sake meanwhile.

import type { Logger } from '@weir/connector';
import { JsonBuffer } from '@weir/json-bytes';
import { type PgConnection, PgServerError } from '@weir/pgwire';
import { isTextType, keyParameters, queryError, SqlSession, underDomains } from '@weir/postgres';
import { backfillFilter, type RowSink, type ScanEnd, type ScanRequest, streamLabel } from '@weir/sqlcapture';
import type { SourceSettings } from '../config.ts';
import type { ConnectionFactory } from '../connection.ts';
import type { BoundRelations } from '../discovery/bound-relations.ts';
import { type PgRelationInfo, tableReference } from '../discovery/relations.ts';
import type { TablePlans } from '../document/table-plans.ts';
import { LsnPosition } from '../replication/lsn-position.ts';
import type { RecentTransactions } from '../replication/recent-transactions.ts';
import { rowTooLargeError } from '../row-limit.ts';
import {
  chunkEndQuery,
  type ChunkTable,
  type KeyColumn,
  keyedChunkQuery,
  pagesChunkQuery,
  writtenSince,
} from './chunk-query.ts';
import { ChunkReader } from './chunk-reader.ts';
import { measureTable, nextPages, type TableSize } from './page-range.ts';
import type { TakenSnapshot } from './snapshot.ts';
import { Snapshots } from './snapshots.ts';
import { isRewritten, tableFiles } from './table-files.ts';
import { scannedConditions, watershedOf } from './watershed.ts';

/** SQLSTATE of a statement that was cancelled, by its timeout among others. */
const QUERY_CANCELED = '57014';

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
  /** Rows, about. */
  readonly limit: number;
}

export class ChunkScan implements AsyncDisposable {
  readonly #options: ChunkScanOptions;
  readonly #session: SqlSession;
  readonly #snapshots: Snapshots;
  readonly #sizes = new Map<number, TableSize>();
  readonly #out = new JsonBuffer();

  constructor(options: ChunkScanOptions) {
    this.#options = options;
    this.#session = new SqlSession(() => options.connect('sql', options.signal));
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
      limit: Math.max(1, Math.ceil(settings.chunkRows * request.share)),
    };
    const drop = (): void => this.#session.drop();
    request.signal.addEventListener('abort', drop);
    try {
      return await (request.mode === 'keyed' ? this.#scanKeyed(scan, keyColumns) : this.#scanPages(scan));
    } finally {
      request.signal.removeEventListener('abort', drop);
    }
  }

  /** Gives the connection back; the next chunk opens another one. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  async #scanKeyed(scan: Scan, keyColumns: readonly string[]): Promise<ScanEnd> {
    const { request, relation, table, chunk, limit } = scan;
    const types = this.#options.relations.columnTypes(relation, keyColumns);
    const key = keyColumns.map((name, i): KeyColumn => {
      const type = types[i];
      const isText =
        type !== undefined && isTextType(underDomains(type)) && underDomains(type).name !== 'citext';
      return { name, collateC: request.precise && isText };
    });
    const { scanned } = request.state;
    const after = scanned === undefined ? undefined : keyParameters(types, scanned);
    const { minBackfillXid } = this.#options.settings;
    let end: Buffer | undefined;
    try {
      const isRead = await this.#snapshots.withTable(relation, async (connection, snapshot) => {
        if (minBackfillXid === undefined) {
          await this.#copy(connection, snapshot, keyedChunkQuery(table, key, after, limit), scan);
          return;
        }
        end = await chunk.lastKeyOf(connection, chunkEndQuery(table, key, after, limit));
        const until = end === undefined ? undefined : keyParameters(types, end);
        const recent = { ...table, conditions: writtenSince(minBackfillXid, snapshot.xmax) };
        await this.#copy(connection, snapshot, keyedChunkQuery(recent, key, after, limit, until), scan);
      });
      if (!isRead) return 'outdated';
    } catch (error) {
      const isTimeout = error instanceof PgServerError && error.sqlstate === QUERY_CANCELED;
      if (!isTimeout || chunk.rows === 0 || this.#options.signal.aborted) throw scanError(error, relation);
      this.#options.log.info(`a chunk of ${streamLabel(relation)} ran into the statement timeout`, {
        rows: chunk.rows,
      });
      return 'incomplete';
    }
    if (end !== undefined) scan.sink.reached(end);
    const isComplete = minBackfillXid === undefined ? chunk.rows < limit : end === undefined;
    return isComplete ? 'complete' : 'incomplete';
  }

  async #scanPages(scan: Scan): Promise<ScanEnd> {
    const { request, relation, table } = scan;
    const { minBackfillXid } = this.#options.settings;
    const size = await this.#sizeOf(request.table, relation);
    const { low, high, isLast } = nextPages(request.state.scanned, size, scan.limit);
    const { metadata } = request.state;
    const watershed = watershedOf(metadata);
    let hasOtherFiles = false;
    try {
      const isRead = await this.#snapshots.withTable(relation, async (connection, snapshot) => {
        hasOtherFiles = isRewritten(metadata, await tableFiles(connection, relation.oid));
        if (hasOtherFiles) return;
        const conditions = [
          ...(watershed === undefined ? [] : scannedConditions(watershed, snapshot)),
          ...(minBackfillXid === undefined ? [] : writtenSince(minBackfillXid, snapshot.xmax)),
        ];
        await this.#copy(connection, snapshot, pagesChunkQuery({ ...table, conditions }, low, high), scan);
      });
      if (!isRead) return 'outdated';
    } catch (error) {
      throw scanError(error, relation);
    }
    if (hasOtherFiles) {
      this.#sizes.delete(request.table);
      return 'rewritten';
    }
    scan.sink.reached(Buffer.from(high));
    return isLast ? 'complete' : 'incomplete';
  }

  /** Measured once: what is written to later pages meanwhile is in the change stream. */
  async #sizeOf(table: number, relation: PgRelationInfo): Promise<TableSize> {
    const known = this.#sizes.get(table);
    if (known !== undefined) return known;
    const size = await measureTable(this.#session, relation.oid);
    this.#sizes.set(table, size);
    return size;
  }

  /** The query runs while the stream gets to where the snapshot is. */
  async #copy(
    connection: PgConnection,
    snapshot: TakenSnapshot,
    query: string,
    { chunk, sink }: Scan,
  ): Promise<void> {
    const { log, signal } = this.#options;
    log.debug('reading a chunk', { query });
    const caughtUp = sink.began(new LsnPosition(snapshot.position));
    for await (const rows of connection.copyOut(query)) {
      await caughtUp;
      await chunk.read(rows);
      signal.throwIfAborted();
    }
    await caughtUp;
  }
}

function scanError(error: unknown, relation: PgRelationInfo): unknown {
  const tooLarge = rowTooLargeError(error, `the table ${streamLabel(relation)}`);
  return tooLarge ?? queryError(error, `cannot read a chunk of ${streamLabel(relation)}`);
}
