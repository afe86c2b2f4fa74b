// Records of an API on this machine to protocol frames, by pages; and the memory that takes, also of one large body.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BenchRow, BenchRun, RunFigures } from './bench-row.ts';
import { runCapture } from './capture-process.ts';
import { type MemoryRow, type MemoryRun, sizesFrom } from './memory-row.ts';

const records = Number(process.env['WEIR_BENCH_RECORDS'] ?? 2_000_000);
/** As the server writes one, with its comma. */
const RECORD_BYTES = 176;
const GIB = 2 ** 30;

interface BenchApi extends AsyncDisposable {
  capture(stream: 'rows' | 'whole', count: number): Promise<RunFigures>;
}

async function startApi(): Promise<BenchApi> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'http-records-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [address] = (await once(createInterface(server.stdout), 'line')) as [string];
  return {
    capture: async (stream, count) => {
      process.env['WEIR_BENCH_API_ROWS'] = String(count);
      return await runCapture({
        connector: 'http-records-capture.ts',
        config: { address, credentials: { access_token: 'k' } },
        bindings: [{ resource: { name: stream }, path: [stream], key: ['/id'] }],
        documents: count,
      });
    },
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await once(server, 'exit');
    },
  };
}

export const httpRecords: BenchRow = {
  id: 'http-records',
  title: 'small records of an API on this machine to protocol frames, against 50,000 a second',
  target: 1,
  unit: 'records/s',
  conditions: `${records} records of ${RECORD_BYTES} bytes, 2,000 on a page, one page after another; with start-up, server and reader on the same two cores`,
  async prepare(): Promise<BenchRun> {
    const api = await startApi();
    return {
      mark: 50_000,
      ours: () => api.capture('rows', records),
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    };
  },
};

function memoryRow(id: string, title: string, stream: 'rows' | 'whole', sizes: readonly number[]): MemoryRow {
  return {
    id,
    title,
    limitMiB: 200,
    limitGrowth: 1.15,
    sizes,
    conditions: `records of ${RECORD_BYTES} bytes`,
    async prepare(): Promise<MemoryRun> {
      const api = await startApi();
      return {
        run: (size) => api.capture(stream, size),
        [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
      };
    },
  };
}

export const httpRecordsRss = memoryRow(
  'http-records-rss',
  'peak RSS of a capture of an API over growing lists, by pages',
  'rows',
  sizesFrom('WEIR_BENCH_RSS_RECORDS', [1_000_000, 10_000_000]),
);

export const httpBodyRss = memoryRow(
  'http-body-rss',
  'peak RSS of a capture of an API over growing lists in one body, the largest of 2 GiB',
  'whole',
  sizesFrom('WEIR_BENCH_RSS_BODY', [GIB / 8 / RECORD_BYTES, (2 * GIB) / RECORD_BYTES].map(toPages)),
);

/** The server sends whole pages. */
function toPages(count: number): number {
  return Math.ceil(count / 2000) * 2000;
}
