// A whole pipeline for the bench: a PostgreSQL with one table, a catalog that takes it into a sink, and `weir run` over it
// from nothing.

import type { PostgresServer } from '@weir/testing';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PipelineSink } from './pipeline-sink.ts';
import { captureConfig, dropSlot, startBenchPostgres } from './postgres.ts';
import { createTable, lineItems } from './postgres-tables.ts';
import { type ProcessFigures, readTree } from './process-figures.ts';

const weir = join(import.meta.dirname, '..', 'packages/cli/bin/weir.js');
const slot = 'pipeline';
const weirTimeoutMs = 600_000;

export interface PipelineRun {
  /** From the start of the command to the last row's commit in the sink. */
  readonly seconds: number;
  /** Over all processes of the pipeline. */
  readonly cpuSeconds: number;
  /** Peak RSS of each. */
  readonly processes: readonly ProcessFigures[];
}

export class Pipeline implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly sink: PipelineSink;
  readonly #folder: string;
  readonly #rows: number;

  private constructor(server: PostgresServer, sink: PipelineSink, folder: string, rows: number) {
    this.server = server;
    this.sink = sink;
    this.#folder = folder;
    this.#rows = rows;
  }

  static async create(
    rows: number,
    makeSink: (folder: string) => PipelineSink | Promise<PipelineSink>,
  ): Promise<Pipeline> {
    const server = await startBenchPostgres();
    await createTable(server, lineItems, rows);
    await server.query('CREATE PUBLICATION flow_publication FOR ALL TABLES');
    const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
    const pipeline = new Pipeline(server, await makeSink(folder), folder, rows);
    pipeline.#writeCatalog();
    return pipeline;
  }

  /** Starts the command with no state and no copy. */
  start(): ChildProcess {
    const { FLOW_RUNTIME_CODEC: _codec, ...env } = process.env;
    const args = ['run', '--source', join(this.#folder, 'sink.flow.yaml'), '--state', this.#state];
    return spawn(process.execPath, [weir, ...args, '--log-level', 'warn'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
  }

  /** Resolves when every row of the table is in the copy. */
  async copied(child: ChildProcess): Promise<void> {
    for (const deadline = performance.now() + weirTimeoutMs; performance.now() < deadline; await delay(20)) {
      if (child.exitCode !== null) throw new Error(`weir run ended with ${child.exitCode}`);
      // The backfill goes by key, so that the last key comes last.
      if ((await this.sink.ask('SELECT max(id) FROM li')) === this.#rows) return;
    }
    throw new Error('the copy is not complete');
  }

  /** Stops the command, and forgets everything that it did. */
  async stop(child: ChildProcess): Promise<void> {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await exited;
    }
    rmSync(this.#state, { recursive: true, force: true });
    await this.sink.clear();
    await dropSlot(this.server, slot);
  }

  /** The whole table, from nothing. */
  async run(): Promise<PipelineRun> {
    const started = performance.now();
    const child = this.start();
    try {
      await this.copied(child);
      const seconds = (performance.now() - started) / 1000;
      const processes = readTree(child.pid ?? 0);
      const cpuSeconds = processes.reduce(
        (sum, figures) => sum + figures.cpuSeconds + figures.endedCpuSeconds,
        0,
      );
      const count = await this.sink.ask('SELECT count(*) FROM li');
      if (count !== this.#rows) throw new Error(`${count} of ${this.#rows} rows were copied`);
      return { seconds, cpuSeconds, processes };
    } finally {
      await this.stop(child);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sink[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
    await this.server[Symbol.asyncDispose]();
  }

  get #state(): string {
    return join(this.#folder, 'state');
  }

  /** What a user would do: `weir discover`, and then a materialization of what it found. */
  #writeCatalog(): void {
    const catalog = join(this.#folder, 'flow.yaml');
    const endpoint = (image: string, config: object) => ({
      connector: { image: `ghcr.io/estuary/${image}:v1`, config },
    });
    const capture = { endpoint: endpoint('source-postgres', captureConfig(this.server, slot)), bindings: [] };
    writeFileSync(catalog, JSON.stringify({ captures: { 'bench/postgres': capture } }, null, 2));
    execFileSync(process.execPath, [weir, 'discover', '--source', catalog, '--log-level', 'warn']);
    const sink = {
      'bench/sink': {
        endpoint: endpoint(this.sink.connector, this.sink.config),
        bindings: [{ resource: { table: 'li' }, source: 'bench/public/li' }],
      },
    };
    writeFileSync(
      join(this.#folder, 'sink.flow.yaml'),
      JSON.stringify({ import: ['flow.yaml'], materializations: sink }),
    );
  }
}
