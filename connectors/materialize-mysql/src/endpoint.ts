// A way to the server: the tunnel if there is one, and sessions through it that are all set alike.

import { connect as openSocket } from 'node:net';
import { createConnection, type Connection, type ConnectionOptions } from 'mysql2';
import { openSshTunnel, type SshTunnel } from '@weir/network-tunnel';
import type { Logger } from '@weir/connector';
import { splitAddress } from './address.ts';
import { isBlank, tunnelTarget } from './config.ts';
import type { EndpointConfig } from './endpoint-schema.ts';
import { errors } from './errors.ts';
import { type Product, productOf } from './product.ts';
import { explainConnect, type ServerError } from './server-errors.ts';
import { Session } from './session.ts';
import { parseTimeZone, type TimeZone } from './time-zone.ts';
import { tlsPlan } from './tls.ts';

const CONNECT_TIMEOUT_MS = 20_000;

/**
 * What does not fit its column is refused, never bent; backslashes escape (quoting and LOAD DATA rely on it); a zero in a
 * column of the user's own counter stays a zero. Idle and slow clients are not cut off: rows are read and written as fast
 * as the task at the other end goes.
 */
const sessionSettings = [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'",
  "SET SESSION time_zone = '+00:00'",
  'SET SESSION sql_notes = 0, sql_safe_updates = 0',
  'SET SESSION default_storage_engine = InnoDB, default_tmp_storage_engine = InnoDB',
  'SET SESSION wait_timeout = 2147483, net_read_timeout = 3600, net_write_timeout = 3600',
  // Fewer locks between rows: ranges of one task write between each other's keys.
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

export interface ServerFacts {
  readonly product: Product;
  readonly zone: TimeZone;
  /** The server can convert from the zone. */
  readonly zoneOnServer: boolean;
}

export interface SessionOptions {
  /** Several statements in one, as users may have in their own SQL. */
  readonly multipleStatements?: boolean;
}

export class Endpoint implements AsyncDisposable {
  readonly #config: EndpointConfig;
  readonly #tunnel: SshTunnel | undefined;

  private constructor(config: EndpointConfig, tunnel: SshTunnel | undefined) {
    this.#config = config;
    this.#tunnel = tunnel;
  }

  static async open(config: EndpointConfig, log: Logger, signal?: AbortSignal): Promise<Endpoint> {
    const forwarding = config.networkTunnel?.sshForwarding;
    if (forwarding === undefined) return new Endpoint(config, undefined);
    const target = tunnelTarget(config);
    const tunnel = await openSshTunnel({
      ...forwarding,
      target,
      log,
      ...(signal === undefined ? {} : { signal }),
    });
    return new Endpoint(config, tunnel);
  }

  get database(): string {
    return this.#config.database;
  }

  /** Throws MYSQL_UNREACHABLE, MYSQL_AUTH_FAILED, MYSQL_DATABASE_NOT_FOUND, MYSQL_TLS_FAILED and what else may be wrong. */
  async session({ multipleStatements = false }: SessionOptions = {}): Promise<Session> {
    const { ssl, mayFallBack } = tlsPlan(this.#config);
    const { host, port } = splitAddress(this.#config.address);
    const tunnel = this.#tunnel;
    const base: ConnectionOptions = {
      host,
      port,
      // The certificate of the server is for its own name, not for that of the near end of a tunnel.
      ...(tunnel === undefined ? {} : { stream: () => openSocket({ host: tunnel.host, port: tunnel.port }) }),
      user: this.#config.user,
      password: this.#config.password.reveal(),
      database: this.#config.database,
      charset: 'utf8mb4_bin',
      connectTimeout: CONNECT_TIMEOUT_MS,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      multipleStatements,
      connectAttributes: { program_name: 'weir' },
    };
    const encrypted = ssl === undefined ? base : { ...base, ssl, enableCleartextPlugin: true };
    const connection = await connect(encrypted)
      .catch(async (cause: unknown) => {
        if (mayFallBack && (cause as ServerError).code === 'HANDSHAKE_NO_SSL_SUPPORT')
          return await connect(base);
        throw cause;
      })
      .catch((cause: unknown) => {
        throw tunnelFailure(tunnel) ?? explainConnect(cause, this.#config.address);
      });
    const session = new Session(connection);
    try {
      for (const setting of sessionSettings) await session.run(setting, 'setting the session up');
      return session;
    } catch (failure) {
      await session[Symbol.asyncDispose]();
      throw failure;
    }
  }

  /** Throws MYSQL_PRODUCT_UNSUPPORTED, MYSQL_TIME_ZONE. */
  async facts(session: Session): Promise<ServerFacts> {
    const doing = 'asking the server for its version';
    const [row] = await session.rows(
      'SELECT @@version AS version, @@version_comment AS comment, @@GLOBAL.time_zone AS zone, @@lower_case_table_names AS folding',
      doing,
    );
    const collations = await session.rows(
      "SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS WHERE COLLATION_NAME IN ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')",
      doing,
    );
    const product = productOf({
      version: String(row?.['version']),
      versionComment: String(row?.['comment']),
      collations: collations.map(({ name }) => String(name)),
      lowerCaseTableNames: Number(row?.['folding']),
    });
    const zone = this.#zone(String(row?.['zone']));
    const [converted] = await session.rows(`SELECT CONVERT_TZ('2000-01-01', ?, '+00:00') AS at`, doing, [
      zone.name,
    ]);
    return { product, zone, zoneOnServer: converted?.['at'] !== null };
  }

  #zone(ofServer: string): TimeZone {
    const { timezone } = this.#config;
    if (!isBlank(timezone)) return parseTimeZone(timezone);
    if (ofServer !== 'SYSTEM') return parseTimeZone(ofServer);
    throw errors.MYSQL_TIME_ZONE({
      message: `/timezone is not set, and the time_zone of the server is SYSTEM, which does not tell the zone`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tunnel?.[Symbol.asyncDispose]();
  }
}

/** Why the tunnel could not carry a connection on, if that is what happened. */
function tunnelFailure(tunnel: SshTunnel | undefined): unknown {
  return tunnel?.signal.aborted === true ? tunnel.signal.reason : tunnel?.forwardFailure;
}

function connect(options: ConnectionOptions): Promise<Connection> {
  const connection = createConnection(options);
  return new Promise((resolve, reject) => {
    connection.once('error', reject);
    connection.connect((error) => {
      connection.off('error', reject);
      if (error === null) return resolve(connection);
      connection.on('error', () => {});
      connection.destroy();
      reject(error);
    });
  });
}
