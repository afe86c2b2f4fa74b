// Changes of Postgres to protocol frames, against pg_recvlogical.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchRow, BenchRun } from './bench-row.ts';
import { runCapture } from './capture-process.ts';
import { captureConfig, clientEnv, dropSlot, openSlot, pgBin, startBenchPostgres } from './postgres.ts';
import { type BenchTable, createTable, tableBinding } from './postgres-tables.ts';
import { runShell } from './process-figures.ts';

const rowsPerTransaction = 1000;

export function pgCdc(table: BenchTable): BenchRow {
  const changes = Math.round(Number(process.env['WEIR_BENCH_CHANGES'] ?? 1_000_000) * table.share);
  const rows = Math.round(100_000 * table.share);
  const binding = tableBinding(table, 'Only Changes');
  return {
    id: `pg-cdc${table.suffix}`,
    title: `updates of a table of ${table.columns} columns to protocol frames, against pg_recvlogical to a file`,
    target: 0.95,
    unit: 'changes/s',
    conditions: `PostgreSQL 15 on loopback, ${changes} updates of rows of ${table.columns} columns in transactions of ${rowsPerTransaction}, read from a slot afterwards, both sides with start-up`,
    async prepare(): Promise<BenchRun> {
      const server = await startBenchPostgres();
      await createTable(server, table, rows);
      await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
      const state = await openSlot(server, 'ours', binding);
      await server.query(`SELECT pg_create_logical_replication_slot('native', 'pgoutput')`);
      // Every round reads a copy of its side's slot.
      const withCopy = async <T>(
        side: string,
        round: number,
        use: (slot: string) => Promise<T>,
      ): Promise<T> => {
        const slot = `${side}_${round}`;
        await server.query(`SELECT pg_copy_logical_replication_slot('${side}', '${slot}')`);
        const result = await use(slot);
        await dropSlot(server, slot);
        return result;
      };
      for (let done = 0; done < changes; done += rowsPerTransaction) {
        const first = (done % rows) + 1;
        await server.query(
          `UPDATE ${table.name} SET ${table.update} WHERE id BETWEEN ${first} AND ${first + rowsPerTransaction - 1}`,
        );
      }
      const [end] = await server.query('SELECT pg_current_wal_flush_lsn() AS lsn');
      const file = join(tmpdir(), `weir-bench-${process.pid}.changes`);
      return {
        native: (round) =>
          withCopy('native', round, (slot) =>
            runShell(
              `${pgBin}/pg_recvlogical --start --slot ${slot} -o proto_version=1 -o publication_names=flow_publication --no-loop --endpos=${end?.['lsn'] ?? ''} -f ${file} -d "$PGDATABASE"`,
              changes,
              clientEnv(server),
            ),
          ),
        ours: (round) =>
          withCopy('ours', round, (slot) =>
            runCapture({
              connector: 'source-postgres',
              config: captureConfig(server, slot),
              bindings: [binding],
              state,
              documents: changes,
            }),
          ),
        async [Symbol.asyncDispose]() {
          rmSync(file, { force: true });
          await server[Symbol.asyncDispose]();
        },
      };
    },
  };
}
