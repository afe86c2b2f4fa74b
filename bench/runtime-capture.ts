// The runtime by itself: documents of a connector that costs nothing into a durable journal.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchRow, BenchRun, RunFigures } from './bench-row.ts';

const documents = Number(process.env['WEIR_BENCH_DOCUMENTS'] ?? 1_000_000);
const execute = promisify(execFile);

export const runtimeCapture: BenchRow = {
  id: 'runtime-capture',
  title: 'small documents through the capture task of the runtime into a journal, against 150,000 a second',
  target: 1,
  unit: 'documents/s',
  conditions: `${documents} documents of about 200 bytes, encoded beforehand; from Opened to the last durable commit: decode, parse, validate, infer, combine, stamp, append, sync`,
  async prepare(): Promise<BenchRun> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
    return {
      mark: 150_000,
      async ours(round) {
        const program = join(import.meta.dirname, 'runtime-process.ts');
        const state = join(folder, `state-${round}`);
        const { stdout } = await execute(process.execPath, [program, state, String(documents)]);
        rmSync(state, { recursive: true });
        return JSON.parse(stdout) as RunFigures;
      },
      [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};
