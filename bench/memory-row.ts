// A row of the bench whose figure is peak memory at growing sizes: it has to stay under a limit, and to stay level.

import { type RunFigures, round3 } from './bench-row.ts';

export interface MemoryRow {
  readonly id: string;
  /** What is measured, in a line. */
  readonly title: string;
  readonly limitMiB: number;
  /** Peak at the largest size ÷ peak at the smallest. */
  readonly limitGrowth: number;
  /** Smallest first. */
  readonly sizes: readonly number[];
  readonly conditions: string;
  /** Sets up data and servers; torn down when it is disposed. */
  prepare(): Promise<MemoryRun>;
}

export interface MemoryRun extends AsyncDisposable {
  run(size: number): Promise<RunFigures>;
}

export interface MemoryResult {
  readonly id: string;
  /** Limit ÷ peak: below 1 misses the target. */
  readonly ratio: number;
  readonly limitMiB: number;
  readonly growth: number;
  readonly limitGrowth: number;
  readonly isMet: boolean;
  readonly sizes: readonly {
    readonly count: number;
    readonly peakRssMiB: number;
    readonly cpuSecondsPerMillion: number;
  }[];
  readonly conditions: string;
}

export async function measureMemory(row: MemoryRow): Promise<MemoryResult> {
  await using run = await row.prepare();
  const sizes: MemoryResult['sizes'][number][] = [];
  for (const size of row.sizes) {
    const { count, cpuSeconds, peakRssMiB } = await run.run(size);
    console.error(`bench:   ${count.toLocaleString('en')}: peak RSS ${Math.round(peakRssMiB)} MiB`);
    sizes.push({
      count,
      peakRssMiB: Math.round(peakRssMiB),
      cpuSecondsPerMillion: round3((cpuSeconds / count) * 1e6),
    });
  }
  const { id, limitMiB, limitGrowth, conditions } = row;
  const peakRssMiB = Math.max(...sizes.map((size) => size.peakRssMiB));
  const growth = round3((sizes.at(-1)?.peakRssMiB ?? Number.NaN) / (sizes[0]?.peakRssMiB ?? Number.NaN));
  return {
    id,
    ratio: round3(limitMiB / peakRssMiB),
    limitMiB,
    growth,
    limitGrowth,
    isMet: peakRssMiB <= limitMiB && growth <= limitGrowth,
    sizes,
    conditions,
  };
}

/** `name` is an environment variable: sizes with commas between them. */
export function sizesFrom(name: string, standard: readonly number[]): readonly number[] {
  const written = process.env[name];
  return written === undefined ? standard : written.split(',').map(Number);
}
