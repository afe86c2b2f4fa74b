// The way to the server for the length of one request: through the SSH tunnel, if the configuration has one. A tunnel
// that dies takes its connections along; what is told then is the tunnel's end, and not theirs.

import type { Logger } from '@weir/connector';
import { openSshTunnel, type SshTunnel } from '@weir/network-tunnel';
import { type SourceSettings, sourceSettings, tunnelTarget } from './config.ts';
import type { EndpointConfig } from './endpoint-schema.ts';
import { type ConnectionFactory, connectionFactory } from './connection.ts';
import { SqlSession } from './sql-session.ts';

export interface Source {
  readonly settings: SourceSettings;
  readonly connect: ConnectionFactory;
  readonly sql: SqlSession;
  /** Aborted when the request has to end, or the tunnel is lost. */
  readonly signal: AbortSignal;
}

/** Closes what was opened when `use` is done. Throws what `use` throws, or why the tunnel was lost meanwhile. */
export async function withSource<T>(
  config: EndpointConfig,
  context: { readonly log: Logger; readonly signal: AbortSignal },
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const settings = sourceSettings(config);
  await using tunnel = await openTunnel(config, context);
  const route = tunnel === undefined ? {} : { via: tunnel, failure: () => tunnel.forwardFailure };
  const signal = tunnel === undefined ? context.signal : AbortSignal.any([context.signal, tunnel.signal]);
  const connect = connectionFactory(config, settings, route);
  await using sql = new SqlSession(connect);
  try {
    return await use({ settings, connect, sql, signal });
  } catch (error) {
    tunnel?.signal.throwIfAborted();
    throw error;
  }
}

async function openTunnel(
  config: EndpointConfig,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<SshTunnel | undefined> {
  const forwarding = config.networkTunnel?.sshForwarding;
  if (forwarding === undefined) return undefined;
  log.status('Connecting to the SSH server');
  return openSshTunnel({ ...forwarding, target: tunnelTarget(config), log, signal });
}
