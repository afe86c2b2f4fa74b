// One PostgreSQL cluster and the server over it. The server runs detached, in a process group of its own: a Ctrl-C
// on the terminal must reach the program that owns it, not the database under it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type UnprivilegedUser, unprivilegedUser } from './unprivileged-user.ts';

export interface ClusterOptions {
  /** Holds initdb and postgres. */
  readonly binDirectory: string;
  /** Must be reachable by the server's user; made when absent. */
  readonly dataDirectory: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** smart waits for clients, fast ends their sessions, immediate stops without a checkpoint as a crash would. */
export type StopMode = 'smart' | 'fast' | 'immediate';

export class PostgresServerError extends Error {
  override name = 'PostgresServerError';
}

const stopSignals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** For killed processes to be gone. */
const GONE_TIMEOUT_MS = 5000;

export class PostgresCluster {
  readonly port: number;
  readonly dataDirectory: string;
  readonly user: string;
  readonly password: string;
  readonly #options: ClusterOptions;
  readonly #owner: UnprivilegedUser | undefined = unprivilegedUser();
  #server: ChildProcess | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.port = options.port;
    this.dataDirectory = options.dataDirectory;
    this.user = options.user ?? 'postgres';
    this.password = options.password ?? 'postgres';
  }

  get logFile(): string {
    return join(this.dataDirectory, 'server.log');
  }

  /** The postmaster's process id while it runs. */
  get pid(): number | undefined {
    return this.#server?.pid ?? this.#readPostmaster()?.pid;
  }

  /** Runs initdb unless the cluster exists already. Returns whether it made one. */
  initialize(): boolean {
    if (existsSync(join(this.dataDirectory, 'PG_VERSION'))) return false;
    mkdirSync(this.dataDirectory, { recursive: true, mode: 0o700 });
    if (this.#owner !== undefined) chownSync(this.dataDirectory, this.#owner.uid, this.#owner.gid);
    const passwordFile = `${this.dataDirectory}.password`;
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    if (this.#owner !== undefined) chownSync(passwordFile, this.#owner.uid, this.#owner.gid);
    try {
      const result = spawnSync(
        join(this.#options.binDirectory, 'initdb'),
        [
          '-D',
          this.dataDirectory,
          '-U',
          this.user,
          `--pwfile=${passwordFile}`,
          '--auth=scram-sha-256',
          '--encoding=UTF8',
          '--locale=C',
          '--no-sync',
        ],
        { encoding: 'utf8', cwd: '/', ...this.#owner },
      );
      if (result.status !== 0) {
        throw new PostgresServerError(`initdb failed: ${(result.error?.message ?? result.stderr).trim()}`);
      }
    } finally {
      rmSync(passwordFile, { force: true });
    }
    return true;
  }

  /** Starts the server and waits until it takes connections. A server left by a killed owner is stopped first. */
  async start(timeoutMs = 60_000): Promise<void> {
    await this.#stopLeftover();
    const settings: Record<string, string> = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: '',
      ...this.#options.settings,
    };
    const log = openSync(this.logFile, 'a');
    const server = spawn(
      join(this.#options.binDirectory, 'postgres'),
      [
        '-D',
        this.dataDirectory,
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      { detached: true, stdio: ['ignore', log, log], cwd: '/', ...this.#owner },
    );
    closeSync(log);
    this.#server = server;
    const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    void exited.then(() => {
      if (this.#server === server) this.#server = undefined;
    });
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (this.#server !== server)
        throw new PostgresServerError(`postgres ended while starting:\n${this.#logTail()}`);
      const postmaster = this.#readPostmaster();
      if (postmaster?.pid === server.pid && postmaster?.status === 'ready') {
        server.unref();
        return;
      }
      await Promise.race([delay(20), exited]);
    }
    throw new PostgresServerError(`postgres was not ready after ${timeoutMs} ms:\n${this.#logTail()}`);
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    const server = this.#server;
    if (server === undefined) return this.#stopLeftover();
    const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.ref();
    server.kill(stopSignals[mode]);
    await exited;
  }

  /** `kill -9` of the postmaster and all its children, as when the machine loses power. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server?.pid === undefined) return;
    const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.ref();
    // Children of the postmaster have process groups of their own; they notice its death, but not at once. Stopped, it
    // makes no more of them. Until the last is gone the shared memory is in use, and no server starts over the data.
    process.kill(server.pid, 'SIGSTOP');
    const list =
      spawnSync('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { encoding: 'utf8' }).stdout ?? '';
    const children = list
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0);
    for (const pid of [server.pid, ...children]) signalled(pid, 'SIGKILL');
    const deadline = Date.now() + GONE_TIMEOUT_MS;
    while (children.some((pid) => signalled(pid, 0)) && Date.now() < deadline) await delay(5);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate');
  }

  /** A server over this data folder that this object did not start. */
  async #stopLeftover(): Promise<void> {
    const leftover = this.#readPostmaster();
    if (leftover === undefined || !isPostgres(leftover.pid)) return;
    process.kill(leftover.pid, stopSignals.fast);
    while (isPostgres(leftover.pid)) await delay(50);
  }

  #readPostmaster(): { pid: number; status: string } | undefined {
    try {
      const lines = readFileSync(join(this.dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
      return { pid: Number(lines[0]), status: lines[7]?.trim() ?? '' };
    } catch {
      return undefined;
    }
  }

  #logTail(): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-15).join('\n');
  }
}

function isPostgres(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return false;
  }
}

/** False when there is no such process any more. */
function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
