import type { BenchRow } from './bench-row.ts';
import { pgBackfill, pgCdc } from './postgres-rows.ts';
import { sqliteStore } from './sqlite-store.ts';

export const rows: readonly BenchRow[] = [pgBackfill, pgCdc, sqliteStore];
