// Memory of the capture while it reads one transaction from the stream of changes: the same however large it is.

import { runCapture } from './capture-process.ts';
import { type MemoryRow, type MemoryRun, sizesFrom } from './memory-row.ts';
import { captureConfig, dropSlot, openSlot, startBenchPostgres } from './postgres.ts';
import { createTable, insertRows, lineItems, tableBinding } from './postgres-tables.ts';

export const pgRssTransaction: MemoryRow = {
  id: 'pg-rss-transaction',
  title: 'peak RSS of source-postgres over single transactions of growing size from the stream',
  limitMiB: 200,
  limitGrowth: 1.1,
  sizes: sizesFrom('WEIR_BENCH_RSS_TRANSACTION', [500_000, 5_000_000]),
  conditions: 'PostgreSQL 15 on loopback, rows of 12 columns and about 130 bytes inserted by one statement',
  async prepare(): Promise<MemoryRun> {
    const server = await startBenchPostgres();
    await createTable(server, lineItems, 0);
    await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
    const binding = tableBinding(lineItems, 'Only Changes');
    return {
      async run(rows) {
        await server.query(`TRUNCATE ${lineItems.name}`);
        const slot = `transaction_${rows}`;
        const state = await openSlot(server, slot, binding);
        await insertRows(server, lineItems, 1, rows);
        const figures = await runCapture({
          connector: 'source-postgres',
          config: captureConfig(server, slot),
          bindings: [binding],
          state,
          documents: rows,
        });
        await dropSlot(server, slot);
        return figures;
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
