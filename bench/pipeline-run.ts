import type { RunFigures } from './bench-row.ts';
import type { Pipeline } from './pipeline.ts';

/** One run of a pipeline from nothing: CPU over all its processes, peak RSS of the largest. */
export async function pipelineFigures(pipeline: Pipeline, rows: number): Promise<RunFigures> {
  const { seconds, cpuSeconds, processes } = await pipeline.run();
  for (const { name, cpuSeconds: cpu, peakRssMiB: rss } of processes)
    console.error(`bench:   ${name}: ${cpu.toFixed(1)} CPU-s, peak RSS ${Math.round(rss)} MiB`);
  const peakRssMiB = Math.max(...processes.map((each) => each.peakRssMiB));
  return { count: rows, seconds, cpuSeconds, peakRssMiB };
}
