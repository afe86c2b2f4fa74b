// The main job in small: a real Postgres with a shop in it, `weir run` over the quickstart's catalog, a workload, and
// at the end every table of the copy against its source, row for row.

import type { PgConnection } from '@weir/pgwire';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { compareTable, isEqual, type TableComparison } from './compare-tables.ts';
import { demoCatalog, quickstart } from './demo-catalog.ts';
import { LatencyProbe } from './latency-probe.ts';
import { ShopDatabase } from './shop-database.ts';
import { WeirRun } from './weir-run.ts';
import { runWorkload, type WorkloadCounts } from './workload.ts';

const tables = ['customers', 'products', 'orders', 'order_lines', 'page_views'];

export interface DemoOptions {
  /** Where the demo's files live: an absolute path. */
  readonly folder: string;
  /** Of the shop's PostgreSQL. 0: one that is free. */
  readonly port: number;
  /** Undefined: until the signal. */
  readonly seconds: number | undefined;
  readonly transactionsPerSecond: number;
  readonly signal: AbortSignal;
  /** Ends also the wait for the last rows. */
  readonly hurry: AbortSignal;
  readonly say: (line: string) => void;
  /** The one line that shows what is going on now. */
  readonly showProgress: (line: string) => void;
}

const catchUpTimeoutMs = 120_000;
/** A difference that stays as it is for so long is one. */
const settledMs = 15_000;
const number = (value: number) => value.toLocaleString('en');

class Copy implements Disposable {
  readonly #path: string;
  #database: DatabaseSync | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The copy for reading, once all its tables are there. */
  open(): DatabaseSync | undefined {
    if (this.#database !== undefined) return this.#database;
    if (!existsSync(this.#path)) return undefined;
    const database = new DatabaseSync(this.#path, { readOnly: true, timeout: 10_000 });
    const { found } = database
      .prepare(
        `SELECT count(*) AS found FROM sqlite_schema WHERE name IN (${tables.map(() => '?').join(', ')})`,
      )
      .get(...tables) as { found: number };
    if (found === tables.length) this.#database = database;
    else database.close();
    return this.#database;
  }

  countRows(): number {
    const database = this.open();
    if (database === undefined) return 0;
    const union = tables.map((table) => `SELECT count(*) AS n FROM "${table}"`).join(' UNION ALL ');
    return (database.prepare(`SELECT sum(n) AS total FROM (${union})`).get() as { total: number }).total;
  }

  [Symbol.dispose](): void {
    this.#database?.close();
  }
}

async function countSourceRows(connection: PgConnection): Promise<number> {
  const union = tables.map((table) => `SELECT count(*) AS n FROM ${table}`).join(' UNION ALL ');
  const { rows } = await connection.query(`SELECT sum(n) FROM (${union}) AS counts`);
  return Number(rows[0]?.[0] ?? 0);
}

async function compareAll(connection: PgConnection, copy: Copy): Promise<TableComparison[]> {
  const database = copy.open();
  if (database === undefined) return [];
  const comparisons: TableComparison[] = [];
  for (const table of tables) comparisons.push(await compareTable(connection, database, table));
  return comparisons;
}

function allEqual(comparisons: readonly TableComparison[]): boolean {
  return comparisons.length === tables.length && comparisons.every(isEqual);
}

/** With the workload over: until every row has arrived, nothing comes any more, or the time is up. */
async function waitUntilEqual(
  connection: PgConnection,
  copy: Copy,
  run: WeirRun,
  hurry: AbortSignal,
): Promise<void> {
  const started = performance.now();
  let [difference, sinceMs] = ['', started];
  while (run.ended === undefined && !hurry.aborted) {
    const comparisons = await compareAll(connection, copy);
    if (allEqual(comparisons)) return;
    const now = performance.now();
    const seen = JSON.stringify(comparisons);
    if (seen !== difference) [difference, sinceMs] = [seen, now];
    const isSettled = comparisons.length > 0 && now - sinceMs > settledMs;
    if (isSettled || now - started > catchUpTimeoutMs) return;
    await delay(200);
  }
}

function report(comparisons: readonly TableComparison[], say: (line: string) => void): void {
  say('');
  say('  table          rows in Postgres   rows in SQLite');
  for (const comparison of comparisons) {
    const { table, sourceRows, copyRows } = comparison;
    const verdict = isEqual(comparison) ? 'equal, row for row' : 'DIFFERENT';
    say(
      `  ${table.padEnd(14)} ${number(sourceRows).padStart(16)} ${number(copyRows).padStart(16)}   ${verdict}`,
    );
    for (const row of comparison.onlyInSource) say(`      only in Postgres: ${row}`);
    for (const row of comparison.onlyInCopy) say(`      only in SQLite:   ${row}`);
  }
}

/** Resolves to whether every table of the copy equals its source. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const { folder, say } = options;
  mkdirSync(folder, { recursive: true });
  say(`files: ${folder} (delete it to start afresh)`);
  await using shop = await ShopDatabase.start({
    folder: join(folder, 'postgres'),
    port: options.port,
    shopSql: new URL('shop.sql', quickstart),
    say,
  });
  say(
    `source: PostgreSQL 18 on port ${shop.port}, ${shop.isNew ? 'made just now' : 'as the last start left it'}`,
  );
  await using workloadConnection = await shop.connect();
  await using probeConnection = await shop.connect();
  await using watchConnection = await shop.connect();

  const logFile = join(folder, 'weir-run.log');
  rmSync(logFile, { force: true });
  const catalog = demoCatalog(folder, shop.port);
  await using run = await WeirRun.start({
    catalog,
    stateFolder: join(folder, 'state'),
    logFile,
    pidFile: join(folder, 'weir-run.pid'),
  });
  say(`pipeline: weir run --source ${relative('.', catalog)} (log: ${logFile})`);
  using copy = new Copy(join(folder, 'shop.db'));
  const started = performance.now();
  // Latency is that of the running pipeline: measured once the copy has almost everything that was there before.
  let caughtUpSeconds: number | undefined;
  const probe = new LatencyProbe(probeConnection, () =>
    caughtUpSeconds === undefined ? undefined : copy.open(),
  );

  const ending = new AbortController();
  const workload = runWorkload(workloadConnection, {
    transactionsPerSecond: options.transactionsPerSecond,
    signal: ending.signal,
    random: Math.random,
  });
  const probing = probe.run(250, ending.signal);
  const isOver = () =>
    options.signal.aborted ||
    run.ended !== undefined ||
    (options.seconds !== undefined && performance.now() - started >= options.seconds * 1000);
  while (!isOver()) {
    const sourceRows = await countSourceRows(watchConnection);
    const seconds = Math.round((performance.now() - started) / 1000);
    const copyRows = copy.countRows();
    if (copyRows >= 0.95 * sourceRows) caughtUpSeconds ??= seconds;
    const latency = probe.latestMs === undefined ? '' : ` · latest row took ${probe.latestMs.toFixed(0)} ms`;
    options.showProgress(
      `${seconds} s · Postgres ${number(sourceRows)} rows · SQLite ${number(copyRows)} rows${latency}`,
    );
    await delay(500, undefined, { signal: options.signal }).catch(() => undefined);
  }
  ending.abort();
  const counts: WorkloadCounts = await workload;
  await probing;

  options.showProgress('the workload has stopped; comparing every row…');
  const seconds = (performance.now() - started) / 1000;
  await waitUntilEqual(watchConnection, copy, run, options.hurry);
  const endedEarly = run.ended;
  const status = await run.stop();
  const comparisons = await compareAll(watchConnection, copy);
  report(comparisons, say);
  const { samples, p50Ms, p99Ms } = probe.figures();
  const changes = counts.inserts + counts.updates + counts.deletes;
  say('');
  say(
    `  ${number(counts.transactions)} transactions (${number(changes)} statements) in ${seconds.toFixed(1)} s, ${(counts.transactions / seconds).toFixed(0)} a second`,
  );
  if (samples > 0)
    say(
      `  commit in Postgres to row in SQLite: p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms (${samples} samples)`,
    );
  const succeeded = allEqual(comparisons) && endedEarly === undefined && status === 0;
  if (endedEarly !== undefined || status !== 0) {
    say(`  weir run ended with status ${endedEarly ?? status}; its last words:\n${run.lastLogLines(5)}`);
  }
  say(
    succeeded
      ? '  Every table is equal.'
      : '  NOT EQUAL: this is a defect; please report it with the folder above.',
  );
  return succeeded;
}
