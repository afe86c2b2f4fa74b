// A row of the bench whose figure is a time and not a rate.

import { round3 } from './bench-row.ts';

export interface LatencyRow {
  readonly id: string;
  /** What is measured, in a line. */
  readonly title: string;
  readonly targetP50Ms: number;
  readonly targetP99Ms: number;
  readonly conditions: string;
  measure(samples: number): Promise<LatencyFigures>;
}

export interface LatencyFigures {
  /** Milliseconds, one for each sample. */
  readonly latencies: readonly number[];
  /** Until the checkpoint that lets the row be committed, where that is something else. */
  readonly checkpointLatencies?: readonly number[];
  /** Of the connector meanwhile, over everything that it captured; absent where it was not measured. */
  readonly cpuSecondsPerMillion?: number;
  readonly peakRssMiB?: number;
}

export interface LatencyResult {
  readonly id: string;
  /** Target ÷ median: above 1 is better than the target, as with rates. */
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly targetP50Ms: number;
  readonly targetP99Ms: number;
  readonly checkpointP50Ms?: number;
  readonly checkpointP99Ms?: number;
  readonly cpuSecondsPerMillion?: number;
  readonly peakRssMiB?: number;
  readonly samples: number;
  readonly conditions: string;
}

const latencySamples = 400;

export async function measureLatency(row: LatencyRow): Promise<LatencyResult> {
  const { latencies, checkpointLatencies, cpuSecondsPerMillion, peakRssMiB } =
    await row.measure(latencySamples);
  const { id, targetP50Ms, targetP99Ms, conditions } = row;
  const p50Ms = percentile(latencies, 0.5);
  return {
    id,
    ratio: round3(targetP50Ms / p50Ms),
    p50Ms,
    p99Ms: percentile(latencies, 0.99),
    targetP50Ms,
    targetP99Ms,
    ...(checkpointLatencies === undefined
      ? {}
      : {
          checkpointP50Ms: percentile(checkpointLatencies, 0.5),
          checkpointP99Ms: percentile(checkpointLatencies, 0.99),
        }),
    ...(cpuSecondsPerMillion === undefined ? {} : { cpuSecondsPerMillion: round3(cpuSecondsPerMillion) }),
    ...(peakRssMiB === undefined ? {} : { peakRssMiB: Math.round(peakRssMiB) }),
    samples: latencies.length,
    conditions,
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round3(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
}
