// From the commit of a row in Postgres to the row in a sink, through a whole pipeline, one at a time.

import { setTimeout as delay } from 'node:timers/promises';
import type { LatencyFigures } from './latency-row.ts';
import type { PipelineSink } from './pipeline-sink.ts';
import { Pipeline } from './pipeline.ts';

const warmUp = 10;

export async function pipelineLatency(
  samples: number,
  makeSink: (folder: string) => PipelineSink | Promise<PipelineSink>,
): Promise<LatencyFigures> {
  const table = 1000;
  await using pipeline = await Pipeline.create(table, makeSink);
  const child = pipeline.start();
  try {
    await pipeline.copied(child);
    const latencies: number[] = [];
    for (let id = table + 1; latencies.length < samples + warmUp; id += 1) {
      await pipeline.server.query(
        `INSERT INTO li SELECT ${id}, order_id, part, supplier, quantity, price, discount, flag, shipped, received, mode, comment FROM li WHERE id = 1`,
      );
      const committed = performance.now();
      while ((await pipeline.sink.ask(`SELECT count(*) FROM li WHERE id = ${id}`)) !== 1) {
        if (performance.now() - committed > 60_000) throw new Error(`row ${id} does not arrive`);
        await delay(2);
      }
      latencies.push(performance.now() - committed);
      await delay(50);
    }
    return { latencies: latencies.slice(warmUp) };
  } finally {
    await pipeline.stop(child);
  }
}
