// A real PostgreSQL of one's own for a test: 18 from npm, 15 from Debian, others by `npm run versions`. initdb runs once a
// version and is copied.

import { connect, type PgConnection, type QueryParameter, rowObjects } from '@weir/pgwire';
import {
  cachedBinaries,
  debianBinaries,
  embeddedBinaries,
  freePort,
  PostgresCluster,
  type StopMode,
} from '@weir/postgres-server';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithProcess } from './ends-with-process.ts';

export type PostgresVersion = 13 | 14 | 15 | 16 | 17 | 18;

const knownVersions: readonly PostgresVersion[] = [13, 14, 15, 16, 17, 18];
const chosen = process.env['WEIR_POSTGRES_VERSIONS']?.split(',').map(Number);

/** Those that a test of many runs against; WEIR_POSTGRES_VERSIONS, as in `13,17`, chooses others. */
export const postgresVersions: readonly PostgresVersion[] =
  chosen === undefined ? [18, 15] : knownVersions.filter((version) => chosen.includes(version));

/** An immediate stop gives processes five seconds before it kills them. */
const STOP_PATIENCE_MS = 15_000;

export interface PostgresServerOptions {
  /** 18 when absent. */
  readonly version?: PostgresVersion;
  /** Beside `wal_level=logical`, `fsync=off` and UTC. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Made by an initdb of its own, which takes seconds: all others are copies, and have one system identifier. */
  readonly ownSystem?: boolean;
}

/** Where the programs of `version` are, or undefined with one loud line; an error when servers are required. */
export function findPostgres(version: PostgresVersion): string | undefined {
  const found = version === 18 ? embeddedBinaries() : (debianBinaries(version) ?? cachedBinaries(version));
  if (found === undefined && process.env['WEIR_REQUIRE_SERVICES'] === '1') {
    throw new Error(`PostgreSQL ${version} is required (WEIR_REQUIRE_SERVICES=1) and is not installed`);
  }
  return found;
}

/** For `test(name, { skip: missingPostgres(15) }, …)`: the reason to skip, or false. */
export function missingPostgres(version: PostgresVersion): string | false {
  return findPostgres(version) === undefined ? `PostgreSQL ${version} is not installed` : false;
}

export class PostgresServer implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly user = 'postgres';
  readonly password = 'postgres';
  readonly database = 'postgres';
  readonly port: number;
  readonly dataDirectory: string;
  readonly #cluster: PostgresCluster;
  readonly #folder: string;
  readonly #end: Disposable;
  #connection: Promise<PgConnection> | undefined;

  constructor(cluster: PostgresCluster, folder: string) {
    this.#cluster = cluster;
    this.#folder = folder;
    this.#end = endsWithProcess(() => {
      if (cluster.pid !== undefined) process.kill(cluster.pid, 'SIGQUIT');
      removeSoon(folder);
    });
    this.port = cluster.port;
    this.dataDirectory = cluster.dataDirectory;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** The postmaster's process id while it runs. */
  get pid(): number | undefined {
    return this.#cluster.pid;
  }

  /** A connection as the superuser, which the caller closes. */
  connect(database: string = this.database): Promise<PgConnection> {
    const { host, port, user, password } = this;
    return connect({ host, port, user, password, database });
  }

  /** Runs on one shared superuser connection: rows as objects of text by column name. */
  async query(sql: string, parameters?: readonly QueryParameter[]): Promise<Record<string, string | null>[]> {
    this.#connection ??= this.connect();
    const connection = await this.#connection.catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    try {
      return rowObjects(
        await (parameters === undefined ? connection.query(sql) : connection.query(sql, parameters)),
      );
    } catch (error) {
      if (connection.isClosed) this.#connection = undefined;
      throw error;
    }
  }

  async #forgetConnection(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  async start(): Promise<void> {
    await this.#cluster.start();
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    await this.#forgetConnection();
    await this.#cluster.stop(mode);
  }

  /** As a power cut: the postmaster and every backend die at once. `start()` recovers. */
  async kill9(): Promise<void> {
    await this.#cluster.kill();
    await this.#forgetConnection();
  }

  /** Bounded, whatever state the server is in. */
  async [Symbol.asyncDispose](): Promise<void> {
    void this.#connection?.then(
      (open) => open.destroy(),
      () => undefined,
    );
    this.#connection = undefined;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_PATIENCE_MS);
    });
    await Promise.race([this.#cluster.stop('immediate'), patience]);
    clearTimeout(timer);
    await this.#cluster.kill();
    this.#end[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Processes of a server that was told to end may write there a moment longer, of which rmSync need not tell. */
function removeSoon(folder: string): void {
  for (let attempts = 0; existsSync(folder) && attempts < 100; attempts += 1) {
    if (attempts > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Once more.
    }
  }
}

/** A cluster fresh from initdb, made once per machine and version. */
function template(version: PostgresVersion, binDirectory: string): string {
  const folder = join(tmpdir(), `weir-postgres-template-${version}-${process.getuid?.() ?? 0}`);
  if (existsSync(folder)) return folder;
  const partial = mkdtempSync(`${folder}-`);
  chmodSync(partial, 0o755);
  new PostgresCluster({ binDirectory, dataDirectory: join(partial, 'data'), port: 0 }).initialize();
  try {
    renameSync(partial, folder);
  } catch {
    // Another test process was quicker.
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Starts a server with an empty database `postgres` and `wal_level=logical`; `await using` stops and removes it. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const version = options.version ?? 18;
  const binDirectory = findPostgres(version);
  if (binDirectory === undefined) throw new Error(`PostgreSQL ${version} is not installed`);
  const initial = options.ownSystem === true ? undefined : join(template(version, binDirectory), 'data');
  return startOver(initial, binDirectory, version, options.settings);
}

/** Over a copy of the data of a server that is stopped, which `prepare` may change; over new data when there are none. */
export async function startOver(
  dataDirectory: string | undefined,
  binDirectory: string,
  version: PostgresVersion,
  settings: Readonly<Record<string, string>> = {},
  prepare: (dataDirectory: string) => Promise<void> | void = () => undefined,
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), `weir-postgres-${version}-`));
  chmodSync(folder, 0o755);
  if (dataDirectory !== undefined) {
    const copied = spawnSync('cp', ['-a', dataDirectory, join(folder, 'data')], { encoding: 'utf8' });
    if (copied.status !== 0) throw new Error(`cannot copy the cluster: ${copied.stderr}`);
  }
  const cluster = new PostgresCluster({
    binDirectory,
    dataDirectory: join(folder, 'data'),
    port: await freePort(),
    settings: {
      wal_level: 'logical',
      fsync: 'off',
      timezone: 'UTC',
      max_replication_slots: '40',
      max_wal_senders: '40',
      ...settings,
    },
  });
  cluster.initialize();
  await prepare(join(folder, 'data'));
  await cluster.start();
  return new PostgresServer(cluster, folder);
}
