// Postgres to protocol frames: the backfill against COPY, the stream of changes against pg_recvlogical.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchRow, BenchRun } from './bench-row.ts';
import { runCapture } from './capture-run.ts';
import {
  captureConfig,
  clientEnv,
  createLineItems,
  dropSlot,
  pgBin,
  startBenchPostgres,
} from './postgres.ts';
import { runShell } from './process-figures.ts';

const backfillRows = Number(process.env['WEIR_BENCH_ROWS'] ?? 1_000_000);
const changes = Number(process.env['WEIR_BENCH_CHANGES'] ?? 300_000);

const binding = { resource: { namespace: 'public', stream: 'li' }, path: ['public', 'li'], key: ['/id'] };

export const pgBackfill: BenchRow = {
  id: 'pg-backfill',
  title: 'a table of 12 columns to protocol frames, against psql COPY TO STDOUT',
  target: 0.9,
  unit: 'rows/s',
  conditions: `PostgreSQL 15 on loopback, ${backfillRows} rows of about 130 bytes, both sides with start-up`,
  async prepare(): Promise<BenchRun> {
    const server = await startBenchPostgres();
    await createLineItems(server, backfillRows);
    await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
    return {
      native: () =>
        runShell(`${pgBin}/psql -qAtc 'COPY li TO STDOUT' >/dev/null`, backfillRows, clientEnv(server)),
      async ours(round) {
        const slot = `backfill_${round}`;
        const figures = await runCapture({
          connector: 'source-postgres',
          config: captureConfig(server, slot),
          bindings: [binding],
          documents: backfillRows,
        });
        await dropSlot(server, slot);
        return figures;
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

export const pgCdc: BenchRow = {
  id: 'pg-cdc',
  title: 'updates of that table to protocol frames, against pg_recvlogical to a file',
  target: 0.95,
  unit: 'changes/s',
  conditions: `PostgreSQL 15 on loopback, ${changes} updates in transactions of 1000, read from a slot afterwards, both sides with start-up`,
  async prepare(): Promise<BenchRun> {
    const server = await startBenchPostgres();
    await createLineItems(server, 100_000);
    await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
    // A session leaves a slot and the state to go on from; every round reads a copy of the slot.
    const onlyChanges = [{ ...binding, resource: { ...binding.resource, mode: 'Only Changes' } }];
    const { state } = await runCapture({
      connector: 'source-postgres',
      config: captureConfig(server, 'ours'),
      bindings: onlyChanges,
      documents: 0,
      isDone: (reached) => JSON.stringify(reached).includes('"Active"'),
    });
    await server.query(`SELECT pg_create_logical_replication_slot('native', 'pgoutput')`);
    const withCopy = async <T>(
      side: string,
      round: number,
      use: (slot: string) => Promise<T>,
    ): Promise<T> => {
      const slot = `${side}_${round}`;
      await server.query(`SELECT pg_copy_logical_replication_slot('${side}', '${slot}')`);
      const result = await use(slot);
      await dropSlot(server, slot);
      return result;
    };
    for (let done = 0; done < changes; done += 1000) {
      await server.query(
        `UPDATE li SET price = price + 0.01 WHERE id > ${done % 100_000} AND id <= ${(done % 100_000) + 1000}`,
      );
    }
    const [end] = await server.query('SELECT pg_current_wal_flush_lsn() AS lsn');
    const file = join(tmpdir(), `weir-bench-${process.pid}.changes`);
    return {
      native: (round) =>
        withCopy('native', round, (slot) =>
          runShell(
            `${pgBin}/pg_recvlogical --start --slot ${slot} -o proto_version=1 -o publication_names=flow_publication --no-loop --endpos=${end?.['lsn'] ?? ''} -f ${file} -d "$PGDATABASE"`,
            changes,
            clientEnv(server),
          ),
        ),
      ours: (round) =>
        withCopy('ours', round, (slot) =>
          runCapture({
            connector: 'source-postgres',
            config: captureConfig(server, slot),
            bindings: onlyChanges,
            state,
            documents: changes,
          }),
        ),
      async [Symbol.asyncDispose]() {
        rmSync(file, { force: true });
        await server[Symbol.asyncDispose]();
      },
    };
  },
};
