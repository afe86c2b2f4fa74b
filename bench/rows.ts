import type { BenchRow } from './bench-row.ts';
import { latencyPgBackfill, latencyPgFrames } from './latency-pg-frames.ts';
import { latencyPgPg } from './latency-pg-pg.ts';
import { latencyPgSqlite } from './latency-pg-sqlite.ts';
import { httpBodyRss, httpRecords, httpRecordsRss } from './http-records.ts';
import type { LatencyRow } from './latency-row.ts';
import type { MemoryRow } from './memory-row.ts';
import { mysqlStoreExisting, mysqlStoreNew } from './mysql-store.ts';
import { pgBackfill } from './pg-backfill.ts';
import { pgCdc } from './pg-cdc.ts';
import { pgRssBackfill } from './pg-rss-backfill.ts';
import { pgRssTransaction } from './pg-rss-transaction.ts';
import { pgLoad, pgStoreExisting, pgStoreNew } from './pg-store.ts';
import { pipelinePgPg } from './pipeline-pg-pg.ts';
import { pipelinePgSqlite } from './pipeline-pg-sqlite.ts';
import { accounts, lineItems, readings } from './postgres-tables.ts';
import { runtimeCapture } from './runtime-capture.ts';
import { sqliteStore } from './sqlite-store.ts';

export const rows: readonly (BenchRow | LatencyRow | MemoryRow)[] = [
  pgBackfill(readings),
  pgBackfill(lineItems),
  pgBackfill(lineItems, 2),
  pgBackfill(accounts),
  pgCdc(readings),
  pgCdc(lineItems),
  pgCdc(accounts),
  pgRssBackfill,
  pgRssTransaction,
  latencyPgFrames,
  latencyPgBackfill,
  runtimeCapture,
  httpRecords,
  httpRecordsRss,
  httpBodyRss,
  sqliteStore,
  mysqlStoreNew,
  mysqlStoreExisting,
  pgStoreNew,
  pgStoreExisting,
  pgLoad,
  pipelinePgSqlite,
  pipelinePgPg,
  latencyPgSqlite,
  latencyPgPg,
];
