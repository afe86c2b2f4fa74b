// `npm run bench` prints every row as a table; `npm run bench -- ID…` runs those rows and ends each with one line of
// JSON. Results go to bench/results/; a row that falls below 0.8 × its stored baseline fails, and so does one of memory
// that misses its limits.
// --rounds N (default 5), --update-baselines.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchResult, measureRow } from './bench-row.ts';
import { type LatencyResult, measureLatency } from './latency-row.ts';
import { measureMemory, type MemoryResult } from './memory-row.ts';
import { rows } from './rows.ts';

const baselinesPath = join(import.meta.dirname, 'baselines.json');

function readBaselines(): Record<string, { ratio: number }> {
  try {
    return JSON.parse(readFileSync(baselinesPath, 'utf8')) as Record<string, { ratio: number }>;
  } catch {
    return {};
  }
}

type Result = BenchResult | LatencyResult | MemoryResult;

function cells(result: Result): string[] {
  if ('p50Ms' in result) {
    const { id, p50Ms, p99Ms, targetP50Ms, targetP99Ms, ratio } = result;
    return [
      id,
      `p50 ${p50Ms} ms, p99 ${p99Ms} ms`,
      `${targetP50Ms} ms, ${targetP99Ms} ms`,
      `${ratio} (target 1)`,
      `${result.cpuSecondsPerMillion ?? ''}`,
      '',
      `${result.peakRssMiB ?? ''}`,
    ];
  }
  if ('sizes' in result) {
    const { id, sizes, limitMiB, growth, limitGrowth, ratio } = result;
    return [
      id,
      `growth ${growth}`,
      `${limitMiB} MiB, ${limitGrowth}`,
      `${ratio} (target 1)`,
      sizes.map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion).join(' → '),
      '',
      sizes.map(({ peakRssMiB }) => peakRssMiB).join(' → '),
    ];
  }
  return [
    result.id,
    `${result.ours.toLocaleString('en')} ${result.unit}`,
    `${result.native.toLocaleString('en')} ${result.unit}`,
    `${result.ratio} (target ${result.target})`,
    `${result.cpuSecondsPerMillion}`,
    result.nativeCpuSecondsPerMillion === 0 ? '' : `${result.nativeCpuSecondsPerMillion}`,
    `${result.peakRssMiB}`,
  ];
}

function measure(row: (typeof rows)[number], rounds: number): Promise<Result> {
  if ('measure' in row) return measureLatency(row);
  if ('sizes' in row) return measureMemory(row);
  return measureRow(row, rounds);
}

function printTable(results: readonly Result[]): void {
  const lines = results.map(cells);
  const head = ['row', 'ours', 'native or mark', 'ratio', 'CPU-s per million', 'native CPU', 'peak RSS MiB'];
  const table = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  for (const line of table)
    console.log(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    'update-baselines': { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((id) => rows.every((row) => row.id !== id));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; there are ${rows.map((row) => row.id).join(', ')}`);
  process.exit(2);
}

const baselines = readBaselines();
const results: Result[] = [];
for (const row of rows.filter(({ id }) => positionals.length === 0 || positionals.includes(id))) {
  console.error(`bench: ${row.id}: ${row.title}`);
  const result = await measure(row, Number(values.rounds));
  results.push(result);
  const baseline = baselines[row.id];
  if (baseline !== undefined && result.ratio < 0.8 * baseline.ratio) {
    console.error(`bench: ${row.id} fell to ${result.ratio}, its baseline is ${baseline.ratio}`);
    process.exitCode = 1;
  }
  if ('isMet' in result && !result.isMet) {
    console.error(`bench: ${row.id} does not stay under ${result.limitMiB} MiB, or level`);
    process.exitCode = 1;
  }
}
mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
writeFileSync(
  join(import.meta.dirname, 'results', `${new Date().toISOString().replaceAll(':', '-')}.json`),
  JSON.stringify(results, null, 2),
);
if (values['update-baselines']) {
  for (const { id, ratio } of results) baselines[id] = { ratio };
  writeFileSync(baselinesPath, `${JSON.stringify(baselines, null, 2)}\n`);
}
printTable(results);
for (const result of results) console.log(JSON.stringify(result));
