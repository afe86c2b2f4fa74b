// Reads one chunk of a table in one snapshot: the next rows in the order of its key, or those on its next pages.

import type { Logger } from '@weir/connector';
import { JsonBuffer } from '@weir/json-bytes';
import { type PgConnection, PgServerError } from '@weir/pgwire';
import { isTextType, keyParameters, queryError, type SqlSession, underDomains } from '@weir/postgres';
import {
  backfillFilter,
  type RowSink,
  type ScanRequest,
  type ScanResult,
  streamLabel,
} from '@weir/sqlcapture';
import type { SourceSettings } from '../config.ts';
import type { BoundRelations } from '../discovery/bound-relations.ts';
import { type PgRelationInfo, tableReference } from '../discovery/relations.ts';
import type { TablePlans } from '../document/table-plans.ts';
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
import type { Snapshots } from './snapshots.ts';
import { isRewritten, tableFiles } from './table-files.ts';
import { scannedConditions, watershedOf } from './watershed.ts';

/** SQLSTATE of a statement that was cancelled, by its timeout among others. */
const QUERY_CANCELED = '57014';

export interface ChunkScanOptions {
  readonly sql: SqlSession;
  readonly snapshots: Snapshots;
  readonly relations: BoundRelations;
  readonly plans: TablePlans;
  readonly settings: SourceSettings;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export class ChunkScan {
  readonly #options: ChunkScanOptions;
  readonly #sizes = new Map<number, TableSize>();
  readonly #out = new JsonBuffer();

  constructor(options: ChunkScanOptions) {
    this.#options = options;
  }

  /** As `Database.scanChunk` says. */
  async scan(request: ScanRequest, sink: RowSink): Promise<ScanResult | 'rewritten' | undefined> {
    const { relations, plans } = this.#options;
    const relation = relations.existing(request.table);
    const keyColumns = request.mode === 'keyed' ? (request.state.keyColumns ?? []) : [];
    const plan = plans.ofRows(request.table, keyColumns);
    const chunk = new ChunkReader(plan, this.#out, request, sink);
    const table: ChunkTable = {
      from: tableReference(relation),
      columns: plan.columns,
      filter: backfillFilter(relations.binding(request.table).resource),
      conditions: [],
    };
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
    const types = this.#options.relations.columnTypes(relation, keyColumns);
    const key = keyColumns.map((name, i): KeyColumn => {
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
      const isRead = await this.#options.snapshots.withTable(relation, async (connection, snapshot) => {
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
      if (!isTimeout || chunk.rows === 0 || this.#options.signal.aborted) throw scanError(error, relation);
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
  ): Promise<ScanResult | 'rewritten' | undefined> {
    const { chunkRows, minBackfillXid } = this.#options.settings;
    const size = await this.#sizeOf(request.table, relation);
    const { low, high, isLast } = nextPages(request.state.scanned, size, chunkRows);
    const { metadata } = request.state;
    const watershed = watershedOf(metadata);
    let hasOtherFiles = false;
    try {
      const isRead = await this.#options.snapshots.withTable(relation, async (connection, snapshot) => {
        hasOtherFiles = isRewritten(metadata, await tableFiles(connection, relation.oid));
        if (hasOtherFiles) return;
        const conditions = [
          ...(watershed === undefined ? [] : scannedConditions(watershed, snapshot)),
          ...(minBackfillXid === undefined ? [] : writtenSince(minBackfillXid, snapshot.xmax)),
        ];
        await this.#copy(connection, pagesChunkQuery({ ...table, conditions }, low, high), chunk);
      });
      if (!isRead) return undefined;
    } catch (error) {
      throw scanError(error, relation);
    }
    if (hasOtherFiles) {
      this.#sizes.delete(request.table);
      return 'rewritten';
    }
    return { rows: chunk.rows, scanned: Buffer.from(high), complete: isLast };
  }

  /** Measured once: what is written to later pages meanwhile is in the change stream. */
  async #sizeOf(table: number, relation: PgRelationInfo): Promise<TableSize> {
    const known = this.#sizes.get(table);
    if (known !== undefined) return known;
    const size = await measureTable(this.#options.sql, relation.oid);
    this.#sizes.set(table, size);
    return size;
  }

  async #copy(connection: PgConnection, query: string, chunk: ChunkReader): Promise<void> {
    const { log, signal } = this.#options;
    log.debug('reading a chunk', { query });
    for await (const rows of connection.copyOut(query)) {
      await chunk.read(rows);
      signal.throwIfAborted();
    }
  }
}

function scanError(error: unknown, relation: PgRelationInfo): unknown {
  const tooLarge = rowTooLargeError(error, `the table ${streamLabel(relation)}`);
  return tooLarge ?? queryError(error, `cannot read a chunk of ${streamLabel(relation)}`);
}
