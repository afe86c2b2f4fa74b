// The whole pipeline: Postgres to SQLite, durable and exactly once, against a shell pipe that is neither.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchRow, BenchRun, LatencyRow } from './bench-row.ts';
import { Pipeline } from './pipeline.ts';
import { clientEnv, pgBin } from './postgres.ts';
import { runShell } from './process-figures.ts';

const rows = Number(process.env['WEIR_BENCH_PIPELINE_ROWS'] ?? 300_000);

export const pipelinePgSqlite: BenchRow = {
  id: 'pipeline-pg-sqlite',
  title: 'a table of 12 columns by `weir run` into SQLite, against psql COPY TO STDOUT | sqlite3 .import',
  target: 0.3,
  unit: 'rows/s',
  conditions: `PostgreSQL 15 on loopback, ${rows} rows of about 130 bytes, no state and no copy before; both sides with start-up; CPU over all our processes, peak RSS of the largest`,
  async prepare(): Promise<BenchRun> {
    const pipeline = await Pipeline.create(rows);
    const file = join(tmpdir(), `weir-bench-${process.pid}.db`);
    return {
      async ours() {
        const { seconds, cpuSeconds, processes } = await pipeline.run();
        for (const { name, cpuSeconds: cpu, peakRssMiB: rss } of processes)
          console.error(`bench:   ${name}: ${cpu.toFixed(1)} CPU-s, peak RSS ${Math.round(rss)} MiB`);
        return {
          count: rows,
          seconds,
          cpuSeconds,
          peakRssMiB: Math.max(...processes.map(({ peakRssMiB }) => peakRssMiB)),
        };
      },
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

export const latencyPgSqlite: LatencyRow = {
  id: 'latency-pg-sqlite',
  title: 'from the commit of a row in Postgres to the row in SQLite, one at a time',
  targetP50Ms: 50,
  targetP99Ms: 250,
  conditions:
    'PostgreSQL 15 on loopback, an idle pipeline, one insert every 50 ms or more, the copy asked every 2 ms',
  async measure(samples): Promise<number[]> {
    const table = 1000;
    await using pipeline = await Pipeline.create(table);
    const child = pipeline.start();
    try {
      await pipeline.copied(child);
      using copy = pipeline.openCopy();
      if (copy === undefined) throw new Error('there is no copy');
      const seen = copy.prepare('SELECT 1 FROM li WHERE id = ?');
      const latencies: number[] = [];
      // The first ones only warm up.
      for (let id = table + 1; latencies.length < samples + 10; id += 1) {
        await pipeline.server.query(
          `INSERT INTO li SELECT ${id}, order_id, part, supplier, quantity, price, discount, flag, shipped, received, mode, comment FROM li WHERE id = 1`,
        );
        const committed = performance.now();
        while (seen.get(id) === undefined) {
          if (performance.now() - committed > 60_000) throw new Error(`row ${id} does not arrive`);
          await delay(2);
        }
        latencies.push(performance.now() - committed);
        await delay(50);
      }
      return latencies.slice(10);
    } finally {
      await pipeline.stop(child);
    }
  },
};
