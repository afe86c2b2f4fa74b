// One row of the bench: ours against the native tool, on the same data, alternating in the same run.

/** What one run of one side did. */
export interface RunFigures {
  /** Rows, changes or documents. */
  readonly count: number;
  readonly seconds: number;
  /** User and system CPU time of the measured process (or processes). */
  readonly cpuSeconds: number;
  /** 0 when it was not measured. */
  readonly peakRssMiB: number;
  /** From the start of the process to its first document, where that is told apart. */
  readonly firstSeconds?: number;
}

export interface BenchRow {
  readonly id: string;
  /** What is measured, in a line. */
  readonly title: string;
  /** ours ÷ native (rates); for rows without a native tool, our rate ÷ the stated mark. */
  readonly target: number;
  readonly unit: string;
  readonly conditions: string;
  /** Sets up data and servers; torn down when it is disposed. */
  prepare(): Promise<BenchRun>;
}

export interface BenchRun extends AsyncDisposable {
  ours(round: number): Promise<RunFigures>;
  /** Absent: the row is held against `mark` instead. */
  native?(round: number): Promise<RunFigures>;
  /** Rows of count ÷ second to hold ours against when there is no native tool. */
  readonly mark?: number;
}

export interface BenchResult {
  readonly id: string;
  readonly ratio: number;
  readonly target: number;
  readonly ours: number;
  readonly native: number;
  readonly unit: string;
  readonly cpuSecondsPerMillion: number;
  /** Of the native tool; 0 when there is none. Steadier than rates on a machine that others use too. */
  readonly nativeCpuSecondsPerMillion: number;
  readonly peakRssMiB: number;
  /** Until our first document: start-up, which is in all other figures too. */
  readonly firstDocumentSeconds?: number;
  readonly conditions: string;
  readonly rounds: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Runs `rounds` pairs after one warm-up pair, ours first and native first in turn. */
export async function measureRow(row: BenchRow, rounds: number): Promise<BenchResult> {
  await using run = await row.prepare();
  const ours: RunFigures[] = [];
  const native: RunFigures[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const sides = [
      async () => ours.push(await run.ours(round)),
      async () => (run.native === undefined ? 0 : native.push(await run.native(round))),
    ];
    if (round % 2 === 1) sides.reverse();
    for (const side of sides) await side();
  }
  const measured = ours.slice(1);
  const rate = ({ count, seconds }: RunFigures) => count / seconds;
  const firstSeconds = median(measured.flatMap((figures) => figures.firstSeconds ?? []));
  const ratios = measured.map((figures, i) => rate(figures) / (run.mark ?? rate(native[i + 1] ?? figures)));
  return {
    id: row.id,
    ratio: round3(median(ratios)),
    target: row.target,
    ours: Math.round(median(measured.map(rate))),
    native: Math.round(run.mark ?? median(native.slice(1).map(rate))),
    unit: row.unit,
    cpuSecondsPerMillion: round3(median(measured.map(cpuPerMillion))),
    nativeCpuSecondsPerMillion: round3(median(native.slice(1).map(cpuPerMillion)) || 0),
    peakRssMiB: Math.round(Math.max(...measured.map(({ peakRssMiB }) => peakRssMiB))),
    ...(Number.isNaN(firstSeconds) ? {} : { firstDocumentSeconds: round3(firstSeconds) }),
    conditions: row.conditions,
    rounds,
  };
}

function cpuPerMillion({ cpuSeconds, count }: RunFigures): number {
  return (cpuSeconds / count) * 1e6;
}

export function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
