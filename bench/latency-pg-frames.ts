// From the commit of a row in Postgres to its protocol frame, on an idle system and while a large table is read.

import type { PostgresServer } from '@weir/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { CaptureProcess } from './capture-process.ts';
import type { LatencyFigures, LatencyRow } from './latency-row.ts';
import { captureConfig, startBenchPostgres, tableMode } from './postgres.ts';
import { createTable, lineItems, readings, tableBinding } from './postgres-tables.ts';

const backfillRows = Number(process.env['WEIR_BENCH_LATENCY_ROWS'] ?? 5_000_000);
const pauseMs = 10;
/** The first samples only warm up. */
const warmUp = 20;
const patienceMs = 60_000;

export const latencyPgFrames: LatencyRow = {
  id: 'latency-pg-frames',
  title: 'from the commit of a row in Postgres to its protocol frame, nothing else going on',
  targetP50Ms: 50,
  targetP99Ms: 50,
  conditions: `PostgreSQL 15 on loopback, an insert every ${pauseMs} ms whether or not the last one has arrived`,
  async measure(samples) {
    await using server = await startBenchPostgres();
    await createTable(server, readings, 0);
    await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
    return await measureFrames(server, samples, false);
  },
};

export const latencyPgBackfill: LatencyRow = {
  id: 'latency-pg-backfill',
  title: 'from the commit of a row in Postgres to its protocol frame, while another table is backfilled',
  targetP50Ms: 50,
  targetP99Ms: 50,
  conditions: `PostgreSQL 15 on loopback, an insert every ${pauseMs} ms whether or not the last one has arrived, during the backfill of ${backfillRows} rows of 12 columns`,
  async measure(samples) {
    await using server = await startBenchPostgres();
    await createTable(server, readings, 0);
    await createTable(server, lineItems, backfillRows);
    await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
    return await measureFrames(server, samples, true);
  },
};

async function measureFrames(
  server: PostgresServer,
  samples: number,
  withBackfill: boolean,
): Promise<LatencyFigures> {
  const small = tableBinding(readings);
  const large = tableBinding(lineItems);
  await using capture = await CaptureProcess.start({
    connector: 'source-postgres',
    config: captureConfig(server, 'latency'),
    bindings: withBackfill ? [small, large] : [small],
  });
  const isReady = (): boolean =>
    tableMode(capture.state, small) === 'Active' &&
    (!withBackfill || tableMode(capture.state, large) === 'Backfill');

  // By the id of the sample, performance.now().
  const committedMs = new Map<number, number>();
  const arrivedMs = new Map<number, number>();
  const checkpointMs = new Map<number, number>();
  let captured = 0;
  let open: number[] = [];
  const started = Promise.withResolvers<void>();
  const reading = capture.read((response) => {
    if (response.kind === 'captured') {
      captured += 1;
      if (response.binding !== 0) return false;
      const { id } = JSON.parse(response.doc.toString()) as { readonly id: number };
      arrivedMs.set(id, performance.now());
      open.push(id);
    } else if (response.kind === 'checkpoint') {
      for (const id of open) checkpointMs.set(id, performance.now());
      open = [];
      if (isReady()) started.resolve();
    }
    return checkpointMs.size === samples + warmUp;
  });
  await Promise.race([started.promise, reading, patience('the capture does not become ready')]);
  const before = { captured, cpuSeconds: capture.figures().cpuSeconds };
  for (let id = 1; id <= samples + warmUp; id += 1) {
    await server.query(`INSERT INTO readings VALUES (${id}, now(), 1)`);
    committedMs.set(id, performance.now());
    await delay(pauseMs);
  }
  const isBackfilling = !withBackfill || tableMode(capture.state, large) === 'Backfill';
  await Promise.race([reading, patience('samples do not arrive')]);
  if (checkpointMs.size < samples + warmUp) throw new Error('the capture ended early');
  if (!isBackfilling)
    throw new Error('the backfill ended before the last sample; set WEIR_BENCH_LATENCY_ROWS higher');
  const { cpuSeconds, peakRssMiB } = capture.figures();
  const since = (seen: ReadonlyMap<number, number>): number[] =>
    // The frame may be here before the answer to the commit is.
    [...committedMs].slice(warmUp).map(([id, ms]) => Math.max(0, (seen.get(id) ?? Number.NaN) - ms));
  return {
    latencies: since(arrivedMs),
    checkpointLatencies: since(checkpointMs),
    cpuSecondsPerMillion: ((cpuSeconds - before.cpuSeconds) / (captured - before.captured)) * 1e6,
    peakRssMiB,
  };
}

async function patience(complaint: string): Promise<never> {
  await delay(patienceMs, undefined, { ref: false });
  throw new Error(complaint);
}
