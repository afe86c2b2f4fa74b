// From the commit of a row in Postgres to the row in SQLite, through a whole pipeline.

import { setTimeout as delay } from 'node:timers/promises';
import type { LatencyFigures, LatencyRow } from './latency-row.ts';
import { Pipeline } from './pipeline.ts';

export const latencyPgSqlite: LatencyRow = {
  id: 'latency-pg-sqlite',
  title: 'from the commit of a row in Postgres to the row in SQLite, one at a time',
  targetP50Ms: 50,
  targetP99Ms: 250,
  conditions:
    'PostgreSQL 15 on loopback, an idle pipeline, one insert every 50 ms or more, the copy asked every 2 ms',
  async measure(samples): Promise<LatencyFigures> {
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
      return { latencies: latencies.slice(10) };
    } finally {
      await pipeline.stop(child);
    }
  },
};
