// The way to the server for the length of one request: through the SSH tunnel, if the configuration has one.

import type { Logger } from '@weir/connector';
import { checkSshTunnel, openSshTunnel } from '@weir/network-tunnel';
import {
  connect,
  type ConnectOptions,
  type PgConnection,
  PgConnectionError,
  PgServerError,
  serverAddress,
} from '@weir/pgwire';
import { sessionSettings } from '@weir/postgres';
import { WeirError } from '@weir/protocol';
import { type EndpointConfig, type SourceSettings, sourceSettings } from './config.ts';
import { errors } from './errors.ts';

export interface Source {
  readonly settings: SourceSettings;
  /** Opens a connection, which the caller closes. */
  readonly connect: () => Promise<PgConnection>;
  /** Aborted when the request has to end, or the tunnel is lost. */
  readonly signal: AbortSignal;
}

export function checkConfig(config: EndpointConfig): void {
  const { host, port } = sourceSettings(config);
  const forwarding = config.networkTunnel?.sshForwarding;
  if (forwarding !== undefined) checkSshTunnel({ ...forwarding, target: { host, port } });
}

/** Closes what was opened when `use` is done. Throws what `use` throws, or why the tunnel was lost meanwhile. */
export async function withSource<T>(
  config: EndpointConfig,
  context: { readonly log: Logger; readonly signal: AbortSignal },
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const settings = sourceSettings(config);
  const forwarding = config.networkTunnel?.sshForwarding;
  if (forwarding === undefined) {
    return use({ settings, signal: context.signal, connect: () => open(config, settings) });
  }
  context.log.status('Connecting to the SSH server');
  const target = { host: settings.host, port: settings.port };
  await using tunnel = await openSshTunnel({ ...forwarding, target, ...context });
  const near = { host: tunnel.host, port: tunnel.port };
  try {
    return await use({
      settings,
      signal: AbortSignal.any([context.signal, tunnel.signal]),
      connect: () => open(config, settings, near, () => tunnel.forwardFailure),
    });
  } catch (error) {
    tunnel.signal.throwIfAborted();
    throw error;
  }
}

async function open(
  config: EndpointConfig,
  settings: SourceSettings,
  via?: { readonly host: string; readonly port: number },
  tunnelFailure?: () => unknown,
): Promise<PgConnection> {
  const { host, port, statementTimeout } = settings;
  const options: ConnectOptions = {
    host,
    port,
    ...(via === undefined ? {} : { via }),
    user: config.user,
    password: config.password.reveal(),
    database: config.database,
    // Parallel scans would be preferred to the range of pages that a chunk is.
    settings: {
      ...sessionSettings,
      max_parallel_workers_per_gather: '0',
      ...(statementTimeout === undefined ? {} : { statement_timeout: statementTimeout }),
    },
    ...(config.advanced.sslmode === undefined ? {} : { sslmode: config.advanced.sslmode }),
  };
  try {
    return await connect(options);
  } catch (error) {
    throw tunnelFailure?.() ?? connectError(error, settings);
  }
}

const loginStates = new Set(['28P01', '28000', '3D000', '42501']);

function connectError(error: unknown, settings: SourceSettings): unknown {
  const address = serverAddress(settings);
  if (error instanceof PgServerError) {
    const detail = { message: `${address}: ${error.message}`, cause: error };
    return loginStates.has(error.sqlstate)
      ? errors.PGBATCH_LOGIN_REFUSED(detail)
      : errors.PGBATCH_UNREACHABLE(detail);
  }
  if (!(error instanceof PgConnectionError)) return error;
  const detail = { message: `cannot connect to ${address}: ${error.message}`, cause: error };
  if (error.kind === 'tls') return errors.PGBATCH_TLS_FAILED(detail);
  if (error.kind === 'auth') return errors.PGBATCH_LOGIN_REFUSED(detail);
  return errors.PGBATCH_UNREACHABLE(detail);
}

/** What went wrong later on. `doing` begins the message: `cannot list the tables`. */
export function queryError(error: unknown, doing: string): unknown {
  if (error instanceof WeirError) return error;
  if (error instanceof PgServerError) {
    const message = `${doing}: ${error.message} (SQLSTATE ${error.sqlstate})`;
    if (error.sqlstate.startsWith('57P')) return errors.PGBATCH_CONNECTION_LOST({ message, cause: error });
    return errors.PGBATCH_QUERY_FAILED({
      message,
      cause: error,
      ...(error.hint === undefined ? {} : { fix: error.hint }),
    });
  }
  if (error instanceof PgConnectionError) {
    return errors.PGBATCH_CONNECTION_LOST({ message: `${doing}: ${error.message}`, cause: error });
  }
  return error;
}
