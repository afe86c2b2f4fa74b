// Memory of the capture while it reads existing rows: the same however many there are.

import { runCapture } from './capture-process.ts';
import { type MemoryRow, type MemoryRun, sizesFrom } from './memory-row.ts';
import { captureConfig, dropSlot, startBenchPostgres } from './postgres.ts';
import { createTable, lineItems, tableBinding } from './postgres-tables.ts';

export const pgRssBackfill: MemoryRow = {
  id: 'pg-rss-backfill',
  title: 'peak RSS of source-postgres over backfills of growing tables of 12 columns',
  limitMiB: 200,
  limitGrowth: 1.1,
  sizes: sizesFrom('WEIR_BENCH_RSS_ROWS', [1_000_000, 3_000_000, 10_000_000]),
  conditions: 'PostgreSQL 15 on loopback, rows of about 130 bytes',
  async prepare(): Promise<MemoryRun> {
    const server = await startBenchPostgres();
    await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
    return {
      async run(rows) {
        await createTable(server, lineItems, rows);
        const slot = `backfill_${rows}`;
        const figures = await runCapture({
          connector: 'source-postgres',
          config: captureConfig(server, slot),
          bindings: [tableBinding(lineItems)],
          documents: rows,
        });
        await dropSlot(server, slot);
        await server.query(`DROP TABLE ${lineItems.name}`);
        return figures;
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
