// A real MySQL or MariaDB of one's own for a test: MySQL 9 from Debian's unstable, MariaDB 10.11 from Debian. A data folder
// is made once a version and copied.

import {
  debianMariadb,
  debianMysql,
  type Flavour,
  MysqlServer,
  type ServerProgram,
} from '@weir/mysql-server';
import { freePort } from '@weir/postgres-server';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Connection } from 'mysql2/promise';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithProcess } from './ends-with-process.ts';

export type MysqlFlavour = Flavour;

export const mysqlFlavours: readonly MysqlFlavour[] = ['mysql', 'mariadb'];

const names = { mysql: 'MySQL 9', mariadb: 'MariaDB 10.11' } as const;

/** The server's program; undefined when it is not installed, an error when servers are required. */
function findMysql(flavour: MysqlFlavour): ServerProgram | undefined {
  const found = flavour === 'mysql' ? debianMysql() : debianMariadb();
  if (found === undefined && process.env['WEIR_REQUIRE_SERVICES'] === '1') {
    throw new Error(`${names[flavour]} is required (WEIR_REQUIRE_SERVICES=1) and is not installed`);
  }
  return found;
}

/** For `test(name, { skip: missingMysql('mariadb') }, …)`: the reason to skip, or false. */
export function missingMysql(flavour: MysqlFlavour): string | false {
  return findMysql(flavour) === undefined ? `${names[flavour]} is not installed` : false;
}

export class MysqlTestServer implements AsyncDisposable {
  readonly flavour: MysqlFlavour;
  readonly host = '127.0.0.1';
  readonly user: string;
  readonly password: string;
  /** Empty, and there to be used. */
  readonly database = 'test';
  readonly port: number;
  readonly #server: MysqlServer;
  readonly #folder: string;
  readonly #end: Disposable;
  #connection: Promise<Connection> | undefined;

  constructor(server: MysqlServer, folder: string) {
    this.flavour = server.program.flavour;
    this.#server = server;
    this.#folder = folder;
    this.#end = endsWithProcess(() => {
      if (server.pid !== undefined) process.kill(server.pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    this.port = server.port;
    this.user = server.user;
    this.password = server.password;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get dataDirectory(): string {
    return this.#server.dataDirectory;
  }

  get pid(): number | undefined {
    return this.#server.pid;
  }

  /** A connection with every right, which the caller closes. Integers past 2^53 and decimals are text. */
  connect(database: string = this.database): Promise<Connection> {
    const { host, port, user, password } = this;
    return createConnection({
      host,
      port,
      user,
      password,
      database,
      charset: 'utf8mb4',
      supportBigNumbers: true,
      dateStrings: true,
      multipleStatements: true,
    });
  }

  /** Runs on one shared connection with every right: rows as objects by column name. */
  async query(sql: string, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    this.#connection ??= this.connect();
    const connection = await this.#connection.catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    const [rows] = await connection.query(sql, [...parameters]);
    return rows as Record<string, unknown>[];
  }

  async start(): Promise<void> {
    await this.#server.start();
  }

  async stop(): Promise<void> {
    await this.#forgetConnection();
    await this.#server.stop();
  }

  /** As a power cut. `start()` recovers. */
  async kill9(): Promise<void> {
    await this.#forgetConnection();
    await this.#server.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    this.#end[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #forgetConnection(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.then(
      (open) => open.destroy(),
      () => undefined,
    );
  }
}

export interface MysqlServerOptions {
  readonly flavour: MysqlFlavour;
  /** Beside UTC, `local-infile=ON` and logs that survive a kill of the server but not a power cut. */
  readonly settings?: Readonly<Record<string, string>>;
}

export async function startMysql(options: MysqlServerOptions): Promise<MysqlTestServer> {
  const program = findMysql(options.flavour);
  if (program === undefined) throw new Error(`${names[options.flavour]} is not installed`);
  const folder = mkdtempSync(join(tmpdir(), `weir-${options.flavour}-`));
  const server = new MysqlServer({
    program,
    dataDirectory: join(folder, 'data'),
    port: await freePort(),
    settings: {
      'default-time-zone': '+00:00',
      'local-infile': 'ON',
      'innodb-flush-log-at-trx-commit': '2',
      'sync-binlog': '0',
      'performance-schema': 'OFF',
      ...options.settings,
    },
  });
  const started = new MysqlTestServer(server, folder);
  try {
    await server.start();
    const connection = await started.connect('mysql');
    await connection.query('CREATE DATABASE IF NOT EXISTS test CHARACTER SET utf8mb4');
    await connection.end();
    return started;
  } catch (failure) {
    await started[Symbol.asyncDispose]();
    throw failure;
  }
}
