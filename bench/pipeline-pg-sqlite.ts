// The whole pipeline: Postgres to SQLite, durable and exactly once, against a shell pipe that is neither.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchRow, BenchRun } from './bench-row.ts';
import { sqliteSink } from './pipeline-sink.ts';
import { Pipeline } from './pipeline.ts';
import { pipelineFigures } from './pipeline-run.ts';
import { clientEnv, pgBin } from './postgres.ts';
import { runShell } from './process-figures.ts';

const rows = Number(process.env['WEIR_BENCH_PIPELINE_ROWS'] ?? 1_000_000);

export const pipelinePgSqlite: BenchRow = {
  id: 'pipeline-pg-sqlite',
  title: 'a table of 12 columns by `weir run` into SQLite, against psql COPY TO STDOUT | sqlite3 .import',
  target: 0.3,
  unit: 'rows/s',
  conditions: `PostgreSQL 15 on loopback, ${rows} rows of about 130 bytes, no state and no copy before; both sides with start-up; CPU over all our processes, peak RSS of the largest`,
  async prepare(): Promise<BenchRun> {
    const pipeline = await Pipeline.create(rows, sqliteSink);
    const file = join(tmpdir(), `weir-bench-${process.pid}.db`);
    return {
      ours: () => pipelineFigures(pipeline, rows),
      native() {
        rmSync(file, { force: true });
        const create = `CREATE TABLE li (id INTEGER PRIMARY KEY, order_id INTEGER, part INTEGER, supplier INTEGER, quantity NUMERIC, price NUMERIC, discount REAL, flag TEXT, shipped TEXT, received TEXT, mode TEXT, comment TEXT)`;
        return runShell(
          `${pgBin}/psql -qAtc 'COPY li TO STDOUT (FORMAT csv)' | sqlite3 ${file} '${create}' '.import --csv /dev/stdin li'`,
          rows,
          clientEnv(pipeline.server),
        );
      },
      async [Symbol.asyncDispose]() {
        rmSync(file, { force: true });
        await pipeline[Symbol.asyncDispose]();
      },
    };
  },
};
