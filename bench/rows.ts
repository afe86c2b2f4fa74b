import type { BenchRow, LatencyRow } from './bench-row.ts';
import { latencyPgSqlite, pipelinePgSqlite } from './pipeline-rows.ts';
import { pgBackfill, pgCdc } from './postgres-rows.ts';
import { runtimeCapture } from './runtime-capture.ts';
import { sqliteStore } from './sqlite-store.ts';

export const rows: readonly (BenchRow | LatencyRow)[] = [
  pgBackfill,
  pgCdc,
  runtimeCapture,
  sqliteStore,
  pipelinePgSqlite,
  latencyPgSqlite,
];
