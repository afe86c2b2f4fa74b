// One MySQL or MariaDB server over a data folder of its own. It runs detached, in a process group of its own: a Ctrl-C on
// the terminal must reach the program that owns it, not the database under it.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MysqlServerError } from './mysql-server-error.ts';
import type { ServerProgram } from './server-program.ts';
import { asRoot, templateData } from './template-data.ts';

export { MysqlServerError } from './mysql-server-error.ts';

export interface ServerOptions {
  readonly program: ServerProgram;
  /** Made when absent. */
  readonly dataDirectory: string;
  readonly port: number;
  /** Of the account `admin`. */
  readonly password?: string;
  /** Server options without their dashes, as `{ 'max-allowed-packet': '1M' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class MysqlServer {
  readonly program: ServerProgram;
  readonly port: number;
  readonly dataDirectory: string;
  /** An account with every right, from any host: what is made with the data folder is `root`, without a password. */
  readonly user = 'admin';
  readonly password: string;
  readonly #settings: Readonly<Record<string, string>>;
  #server: ChildProcess | undefined;

  constructor(options: ServerOptions) {
    this.program = options.program;
    this.port = options.port;
    this.dataDirectory = options.dataDirectory;
    this.password = options.password ?? 'admin';
    this.#settings = options.settings ?? {};
  }

  get logFile(): string {
    return join(this.dataDirectory, 'server.log');
  }

  get pid(): number | undefined {
    return this.#server?.pid ?? this.#leftover();
  }

  /** Makes the data folder unless it exists. Returns whether it made one. */
  initialize(): boolean {
    if (existsSync(this.dataDirectory)) return false;
    cpSync(templateData(this.program), this.dataDirectory, { recursive: true });
    return true;
  }

  /** Starts the server and waits until it takes connections. A server left by a killed owner is stopped first. */
  async start(timeoutMs = 60_000): Promise<void> {
    this.initialize();
    await this.#stopLeftover();
    const log = openSync(this.logFile, 'a');
    const [command, ...leading] = this.program.command;
    const server = spawn(command, [...leading, ...this.#options()], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
    });
    closeSync(log);
    this.#server = server;
    const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    void exited.then(() => {
      if (this.#server === server) this.#server = undefined;
    });
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (this.#server !== server) {
        throw new MysqlServerError(`${this.program.flavour} ended while starting:\n${this.#logTail()}`);
      }
      if (await greets(this.port)) {
        server.unref();
        return;
      }
      await Promise.race([delay(20), exited]);
    }
    throw new MysqlServerError(
      `${this.program.flavour} was not ready after ${timeoutMs} ms:\n${this.#logTail()}`,
    );
  }

  /** A shutdown as an operator's: sessions end, and what is in memory is written. */
  async stop(): Promise<void> {
    if (this.#server === undefined) return this.#stopLeftover();
    await this.#end('SIGTERM');
  }

  /** `kill -9`, as when the machine loses power. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.ref();
    server.kill(signal);
    await exited;
  }

  #options(): string[] {
    const initFile = join(this.dataDirectory, 'account.sql');
    writeFileSync(initFile, accountSql(this.user, this.password), { mode: 0o600 });
    mkdirSync(this.#temporaryDirectory, { recursive: true });
    const settings: Record<string, string> = {
      datadir: this.dataDirectory,
      tmpdir: this.#temporaryDirectory,
      port: String(this.port),
      'bind-address': '127.0.0.1',
      socket: join(this.dataDirectory, 'server.sock'),
      'pid-file': this.#pidFile,
      'init-file': initFile,
      'skip-name-resolve': 'ON',
      ...(this.program.flavour === 'mysql' ? { mysqlx: 'OFF', 'secure-file-priv': 'NULL' } : {}),
      ...this.#settings,
    };
    return [...asRoot(), ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)];
  }

  /**
   * Of its own, and not within the data folder, where MariaDB takes each folder for a database: a MariaDB that starts deletes
   * the temporary tables that it finds, also those of another one that runs, which does not survive that.
   */
  get #temporaryDirectory(): string {
    return `${this.dataDirectory}-tmp`;
  }

  get #pidFile(): string {
    return join(this.dataDirectory, 'server.pid');
  }

  /** A server over this data folder that this object did not start. */
  #leftover(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#pidFile, 'utf8'));
      return isOver(this.dataDirectory, pid) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  async #stopLeftover(): Promise<void> {
    const pid = this.#leftover();
    if (pid === undefined) return;
    process.kill(pid, 'SIGTERM');
    while (isOver(this.dataDirectory, pid)) await delay(50);
  }

  #logTail(): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-15).join('\n');
  }
}

/** Not for the binary log: a replica has accounts of its own. */
function accountSql(user: string, password: string): string {
  const literal = `'${password.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return [
    'SET SESSION sql_log_bin = 0;',
    `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY ${literal};`,
    `GRANT ALL PRIVILEGES ON *.* TO '${user}'@'%' WITH GRANT OPTION;`,
    '',
  ].join('\n');
}

/** Whether a server at this port says hello, which it does once it takes connections. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

function isOver(dataDirectory: string, pid: number): boolean {
  try {
    process.kill(pid, 0);
    return (
      process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataDirectory)
    );
  } catch {
    return false;
  }
}
