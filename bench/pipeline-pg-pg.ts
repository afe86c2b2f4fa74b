// The whole pipeline: Postgres to Postgres, durable and exactly once, against pg_dump | psql, which is neither.

import type { BenchRow, BenchRun } from './bench-row.ts';
import { pipelineFigures } from './pipeline-run.ts';
import { postgresSink } from './pipeline-sink.ts';
import { Pipeline } from './pipeline.ts';
import { clientEnv, pgBin } from './postgres.ts';
import { runShell } from './process-figures.ts';

const rows = Number(process.env['WEIR_BENCH_PIPELINE_ROWS'] ?? 1_000_000);

export const pipelinePgPg: BenchRow = {
  id: 'pipeline-pg-pg',
  title: 'a table of 12 columns by `weir run` into another PostgreSQL, against pg_dump | pg_restore',
  target: 0.3,
  unit: 'rows/s',
  conditions: `two PostgreSQL 15 on loopback, fsync, ${rows} rows of about 130 bytes, no state and no copy before; both sides with start-up; CPU over all our processes, peak RSS of the largest`,
  async prepare(): Promise<BenchRun> {
    const sink = await postgresSink();
    const pipeline = await Pipeline.create(rows, () => sink);
    const to = clientEnv(sink.server);
    return {
      ours: () => pipelineFigures(pipeline, rows),
      async native() {
        const restore = `PGPORT=${to['PGPORT']} ${pgBin}/pg_restore -d ${to['PGDATABASE']}`;
        const figures = await runShell(
          `${pgBin}/pg_dump -Fc -Z0 -t li | ${restore}`,
          rows,
          clientEnv(pipeline.server),
        );
        await sink.clear();
        return figures;
      },
      [Symbol.asyncDispose]: () => pipeline[Symbol.asyncDispose](),
    };
  },
};
