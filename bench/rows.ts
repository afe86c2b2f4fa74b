import type { BenchRow } from './bench-row.ts';
import { pgBackfill, pgCdc } from './postgres-rows.ts';
import { runtimeCapture } from './runtime-capture.ts';
import { sqliteStore } from './sqlite-store.ts';

export const rows: readonly BenchRow[] = [pgBackfill, pgCdc, runtimeCapture, sqliteStore];
