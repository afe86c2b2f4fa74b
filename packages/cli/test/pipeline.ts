// A pipeline of real processes under test: a PostgreSQL, `weir run`, and the SQLite file it fills. The catalog is what
// a user has: `weir discover` writes the capture and its collections, the materialization is written by hand.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import {
  endsWithProcess,
  type PostgresServer,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@weir/testing';

export { until } from '@weir/testing';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');

/** Processes here live for seconds: what one of them compiled, the next one takes. */
const environment = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'weir-test-compile-cache') };

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type ConnectorName =
  | 'source-postgres'
  | 'source-http-ingest'
  | 'materialize-sqlite'
  | 'materialize-postgres'
  | 'materialize-mysql';

export interface PipelineOptions {
  readonly server: PostgresServer;
  /** Table of the source → the collection that discovery names after it, without the prefix. */
  readonly tables: Readonly<Record<string, string>>;
  /** Merged into the configuration of the capture. */
  readonly source?: Readonly<Record<string, unknown>>;
  /** Default out.db in the folder of the pipeline. */
  readonly destination?: string;
}

export interface StartOptions {
  /** Beside the environment that every process of a test has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly statePath?: string;
  readonly args?: readonly string[];
}

export const captureTask = 'acme/source';
export const materializationTask = 'acme/sqlite';

export class Pipeline implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly tables: readonly string[];
  readonly destination: string;
  readonly #folder: TemporaryDirectory;
  readonly #collections: Readonly<Record<string, string>>;
  readonly #runs: WeirRun[] = [];

  private constructor(folder: TemporaryDirectory, options: PipelineOptions) {
    this.#folder = folder;
    this.server = options.server;
    this.tables = Object.keys(options.tables);
    this.#collections = options.tables;
    this.destination = options.destination ?? join(folder.path, 'out.db');
  }

  static create(options: PipelineOptions): Pipeline {
    const { server, source = {} } = options;
    const pipeline = new Pipeline(temporaryDirectory('weir-pipeline-'), options);
    const config = {
      address: server.address,
      user: server.user,
      database: server.database,
      historyMode: false,
      credentials: { auth_type: 'UserPassword', password: server.password },
      ...source,
    };
    const endpoint = { connector: { image: 'ghcr.io/estuary/source-postgres:v3', config } };
    pipeline.write('source.yaml', { captures: { [captureTask]: { endpoint, bindings: [] } } });
    const discovered = pipeline.weir('discover', '--source', 'source.yaml');
    if (discovered.status !== 0) throw new Error(`discover failed: ${discovered.stderr}`);
    pipeline.write('flow.yaml', {
      import: ['source.yaml'],
      materializations: {
        [materializationTask]: {
          endpoint: {
            connector: {
              image: 'ghcr.io/estuary/materialize-sqlite:v1',
              config: { path: pipeline.destination, hardDelete: true },
            },
          },
          bindings: Object.keys(options.tables).map((table) => ({
            resource: { table },
            source: pipeline.collectionOf(table),
          })),
        },
      },
    });
    return pipeline;
  }

  get path(): string {
    return this.#folder.path;
  }

  get statePath(): string {
    return join(this.path, 'state');
  }

  get log(): string {
    return readFileSync(join(this.path, 'run.log'), 'utf8');
  }

  /** The one that was started last. */
  get run(): WeirRun {
    const run = this.#runs.at(-1);
    if (run === undefined) throw new Error('the pipeline was never started');
    return run;
  }

  collectionOf(table: string): string {
    return `acme/${this.#collections[table] ?? ''}`;
  }

  /** JSON is YAML. */
  write(name: string, content: object): void {
    writeFileSync(join(this.path, name), JSON.stringify(content, undefined, 2));
  }

  /** Runs a command of weir in the folder of the pipeline, to its end. */
  weir(...args: readonly string[]): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: this.path,
      encoding: 'utf8',
      env: environment,
      timeout: 120_000,
      maxBuffer: 1 << 30,
    });
    return { status, stdout, stderr };
  }

  /** Starts `weir run`. */
  start({ env = {}, statePath = this.statePath, args = [] }: StartOptions = {}): WeirRun {
    const log = openSync(join(this.path, 'run.log'), 'a');
    const all = [main, 'run', '--source', 'flow.yaml', '--state', statePath, ...args];
    const child = spawn(process.execPath, all, {
      cwd: this.path,
      env: { ...environment, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const run = new WeirRun(child);
    this.#runs.push(run);
    return run;
  }

  /** After a test that failed, too, the next one finds nothing running. */
  async killRuns(): Promise<void> {
    for (const run of this.#runs) await run[Symbol.asyncDispose]();
  }

  /** The copy, read-only; undefined while there is none. */
  openCopy(): DatabaseSync | undefined {
    try {
      return new DatabaseSync(this.destination, { readOnly: true, timeout: 10_000 });
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killRuns();
    this.#folder[Symbol.dispose]();
  }
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

async function processes(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args='], {
    maxBuffer: 1 << 24,
  });
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, command]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: command ?? '',
    }));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** One `weir run`. */
export class WeirRun implements AsyncDisposable {
  readonly pid: number;
  /** Resolves to the exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    const end = endsWithProcess(() => child.kill('SIGKILL'));
    this.ended = once(child, 'exit').then(([code, signal]) => {
      end[Symbol.dispose]();
      return (code as number | null) ?? (signal as NodeJS.Signals);
    });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Process ids of a connector's processes: of the session, or of a Validate or Apply before it. */
  async connectors(name: ConnectorName): Promise<number[]> {
    return (await processes())
      .filter(({ parent, command }) => parent === this.pid && command.includes(`/connectors/${name}/`))
      .map(({ pid }) => pid);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to end, and resolves to its exit status. */
  async stop(): Promise<number | NodeJS.Signals> {
    if (!this.hasEnded) this.#child.kill('SIGTERM');
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasEnded) await this.kill();
  }
}
