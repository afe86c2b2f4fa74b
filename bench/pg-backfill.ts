// Existing rows of Postgres to protocol frames, against COPY.

import type { BenchRow, BenchRun } from './bench-row.ts';
import { runCapture } from './capture-process.ts';
import { captureConfig, clientEnv, dropSlot, pgBin, startBenchPostgres } from './postgres.ts';
import { type BenchTable, createTable, tableBinding } from './postgres-tables.ts';
import { runShell } from './process-figures.ts';

/** `connections`: how many read the table at the same time. */
export function pgBackfill(table: BenchTable, connections = 1): BenchRow {
  const rows = Math.round(Number(process.env['WEIR_BENCH_ROWS'] ?? 5_000_000) * table.share);
  const by = connections === 1 ? '' : `, read by ${connections} connections`;
  return {
    id: `pg-backfill${table.suffix}${connections === 1 ? '' : '-parallel'}`,
    title: `a table of ${table.columns} columns to protocol frames${by}, against psql COPY TO STDOUT`,
    target: 0.9,
    unit: 'rows/s',
    conditions: `PostgreSQL 15 on loopback, ${rows} rows of ${table.columns} columns and about ${table.rowBytes} bytes${by}, both sides with start-up`,
    async prepare(): Promise<BenchRun> {
      const server = await startBenchPostgres();
      await createTable(server, table, rows);
      await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
      return {
        native: () =>
          runShell(`${pgBin}/psql -qAtc 'COPY ${table.name} TO STDOUT' >/dev/null`, rows, clientEnv(server)),
        async ours(round) {
          const slot = `backfill_${round}`;
          const figures = await runCapture({
            connector: 'source-postgres',
            config: captureConfig(server, slot, { backfill_connections: connections }),
            bindings: [tableBinding(table)],
            documents: rows,
          });
          await dropSlot(server, slot);
          return figures;
        },
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  };
}
