// The way to the server for as long as a session lasts: through the SSH tunnel, if the configuration has one.

import type { Logger } from '@weir/connector';
import { openSshTunnel } from '@weir/network-tunnel';
import type { PgConnection } from '@weir/pgwire';
import { connectTo, tunnelTarget } from '@weir/postgres';
import type { EndpointConfig } from './config.ts';
import { type LockPatience, openConnection } from './connection.ts';

export interface Server extends AsyncDisposable {
  /** Opens a connection, which the caller closes. */
  readonly connect: () => Promise<PgConnection>;
}

export async function openServer(
  config: EndpointConfig,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
  patience?: LockPatience,
): Promise<Server> {
  const forwarding = config.networkTunnel?.sshForwarding;
  if (forwarding === undefined) {
    const connect = connectTo(config);
    return {
      connect: () => openConnection(connect, signal, patience),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  log.status('Connecting to the SSH server');
  const target = tunnelTarget(config.address);
  const tunnel = await openSshTunnel({ ...forwarding, target, log, signal });
  const connect = connectTo(config, { via: tunnel, failure: () => tunnel.forwardFailure });
  return {
    connect: () => openConnection(connect, signal, patience),
    [Symbol.asyncDispose]: () => tunnel[Symbol.asyncDispose](),
  };
}
