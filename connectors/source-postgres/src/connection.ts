// Opening connections, and turning what goes wrong into sentences. Both connections pin the settings that decide how
// values are printed, so that backfill and replication agree whatever the server's own settings are.

import { databasePassword } from '@weir/auth';
import {
  connect,
  type ConnectOptions,
  type PgConnection,
  PgConnectionError,
  PgServerError,
  quoteIdentifier,
  serverAddress,
} from '@weir/pgwire';
import { WeirError } from '@weir/protocol';
import { type SourceSettings } from './config.ts';
import { AZURE_SCOPE, type EndpointConfig } from './endpoint-schema.ts';
import { errors } from './errors.ts';
import { sessionSettings } from '@weir/postgres';
import { tlsOptions } from './tls.ts';

const SQL_CONNECT_TIMEOUT_MS = 20_000;
const REPLICATION_CONNECT_TIMEOUT_MS = 30_000;

export type ConnectionFactory = (kind: 'sql' | 'replication', signal?: AbortSignal) => Promise<PgConnection>;

export interface Route {
  /** The near end of the tunnel, if there is one. */
  readonly via?: { readonly host: string; readonly port: number };
  /** Why the tunnel could not carry the last connection on. */
  readonly failure?: () => unknown;
}

/** Tokens of a cloud identity are renewed before they end, and asked for by each new connection. */
function passwordProvider(config: EndpointConfig, settings: SourceSettings): () => Promise<string> {
  const { credentials } = config;
  if (credentials.auth_type === 'UserPassword') {
    const password = credentials.password.reveal();
    return () => Promise.resolve(password);
  }
  return databasePassword(credentials, settings, {
    googleScopes: ['https://www.googleapis.com/auth/sqlservice.login'],
    azureScope: AZURE_SCOPE,
  });
}

export function connectionFactory(
  config: EndpointConfig,
  settings: SourceSettings,
  route: Route = {},
): ConnectionFactory {
  const password = passwordProvider(config, settings);
  const isToken = config.credentials.auth_type !== 'UserPassword';
  const tls = tlsOptions(config);
  return async (kind, signal) => {
    const options: ConnectOptions = {
      host: settings.host,
      port: settings.port,
      ...(route.via === undefined ? {} : { via: route.via }),
      user: settings.user,
      // Before the connection is opened: the server does not wait for long.
      password: await password(),
      database: settings.database,
      applicationName: 'estuary_flow',
      settings: sessionSettings,
      connectTimeoutMs: kind === 'sql' ? SQL_CONNECT_TIMEOUT_MS : REPLICATION_CONNECT_TIMEOUT_MS,
      ...tls,
      ...(kind === 'replication' ? { replication: 'database' as const } : {}),
      ...(signal === undefined ? {} : { signal }),
    };
    let connection: PgConnection;
    try {
      connection = await connect(options);
    } catch (error) {
      const refused = isToken ? tokenRefused(error, settings) : undefined;
      throw route.failure?.() ?? refused ?? connectError(error, settings);
    }
    if (kind === 'sql') await setUp(connection, settings);
    return connection;
  };
}

/** A token ends within the hour, and a new one may be taken; a password stays wrong. */
function tokenRefused(error: unknown, { user, ...address }: SourceSettings): unknown {
  if (!(error instanceof PgServerError) || !['28P01', '28000'].includes(error.sqlstate)) return undefined;
  if (isReplicationRefusal(error)) return undefined;
  return errors.PG_TOKEN_REFUSED({
    message: `${serverAddress(address)} refused the token for the user ${JSON.stringify(user)}: ${error.message}`,
    cause: error,
  });
}

function isReplicationRefusal(error: PgServerError): boolean {
  return /REPLICATION|replication slot|walsender/.test(error.message);
}

/**
 * Parallel sequential scans would be preferred to the range of pages that a chunk is. A policy that hides rows from a
 * backfill, though not from replication, is an error and no filter.
 */
async function setUp(connection: PgConnection, settings: SourceSettings): Promise<void> {
  await connection.query('SET max_parallel_workers_per_gather = 0');
  await connection.query('SET row_security = off');
  await connection.query(`SET statement_timeout = '${settings.statementTimeout}'`);
}

/** What went wrong when connecting, with what to do about it. */
export function connectError(error: unknown, settings: SourceSettings): unknown {
  const { user, database } = settings;
  const address = serverAddress(settings);
  if (error instanceof PgServerError) {
    const detail = { message: `${address}: ${error.message}`, cause: error };
    switch (error.sqlstate) {
      case '28P01':
      case '28000':
        return errors.PG_AUTH_FAILED({
          message: `${address} refused the user ${JSON.stringify(user)}: ${error.message}`,
          cause: error,
          ...(isReplicationRefusal(error)
            ? { fix: `Run: ALTER ROLE ${quoteIdentifier(user)} WITH REPLICATION;` }
            : {}),
        });
      case '3D000':
        return errors.PG_DATABASE_NOT_FOUND({
          message: `${address} has no database ${JSON.stringify(database)}`,
          cause: error,
        });
      case '42501':
        if (/replication|walsender/i.test(error.message)) return roleError(user, error);
        return errors.PG_CONNECT_DENIED({
          message: `the user ${JSON.stringify(user)} may not connect to the database ${JSON.stringify(database)}`,
          fix: `Run: GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};`,
          cause: error,
        });
      case '53300':
        return errors.PG_TOO_MANY_CONNECTIONS(detail);
      case '57P01':
      case '57P02':
      case '57P03':
        return errors.PG_SERVER_UNAVAILABLE(detail);
      default:
        return errors.PG_UNREACHABLE({ ...detail, fix: '' });
    }
  }
  if (error instanceof PgConnectionError) {
    if (error.kind === 'aborted') return error.cause ?? error;
    const detail = { message: `cannot connect to ${address}: ${error.message}`, cause: error };
    if (error.kind === 'tls') {
      return errors.PG_TLS_FAILED({
        ...detail,
        ...(isOfAnotherName(error.cause)
          ? { fix: 'Set /address to a name that is in the certificate, or /advanced/sslmode to verify-ca.' }
          : {}),
      });
    }
    if (error.kind === 'auth') return errors.PG_AUTH_FAILED(detail);
    return errors.PG_UNREACHABLE(detail);
  }
  return error;
}

function isOfAnotherName(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_TLS_CERT_ALTNAME_INVALID';
}

export function roleError(user: string, cause?: unknown): WeirError {
  return errors.PG_ROLE({
    message: `the user ${JSON.stringify(user)} may not replicate`,
    fix: `Run: ALTER ROLE ${quoteIdentifier(user)} WITH REPLICATION;  (on Amazon RDS: GRANT rds_replication TO ${quoteIdentifier(user)};)`,
    cause,
  });
}

/** What went wrong later on, where no more is known than what the server said. */
export function runtimeError(error: unknown, doing: string): unknown {
  if (error instanceof WeirError) return error;
  if (error instanceof PgServerError) {
    const message = `${doing}: ${error.message} (SQLSTATE ${error.sqlstate})`;
    const isShutdown = error.sqlstate.startsWith('57P');
    return isShutdown
      ? errors.PG_SERVER_UNAVAILABLE({ message, cause: error })
      : errors.PG_QUERY_FAILED({ message, cause: error, fix: error.hint ?? '' });
  }
  if (error instanceof PgConnectionError) {
    return errors.PG_CONNECTION_LOST({ message: `${doing}: ${error.message}`, cause: error });
  }
  return error;
}
