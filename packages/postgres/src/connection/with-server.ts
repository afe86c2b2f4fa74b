// The way to the server for the length of one request: through the SSH tunnel, if the configuration has one. A tunnel
// that dies takes its connections along; what is told then is the tunnel's end, and not theirs.

import type { Logger } from '@weir/connector';
import { openSshTunnel } from '@weir/network-tunnel';
import { tunnelTarget } from './address.ts';
import { type Connect, connectTo } from './connect-to.ts';
import type { PostgresEndpoint } from './endpoint.ts';

export interface Server {
  readonly connect: Connect;
  /** Aborted when the request has to end, or the tunnel is lost. */
  readonly signal: AbortSignal;
}

export interface OpenServer extends Server, AsyncDisposable {
  /** Throws why the tunnel was lost, if it was: what connections say then is only its consequence. */
  throwIfLost(): void;
}

interface Context {
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Closes the tunnel when `use` is done. Throws what `use` throws, or why the tunnel was lost meanwhile. */
export async function withServer<T>(
  endpoint: PostgresEndpoint,
  context: Context,
  use: (server: Server) => Promise<T>,
): Promise<T> {
  await using server = await openServer(endpoint, context);
  try {
    return await use(server);
  } catch (error) {
    server.throwIfLost();
    throw error;
  }
}

/** For what outlives a function; disposing of it closes the tunnel, and no connection. */
export async function openServer(endpoint: PostgresEndpoint, { log, signal }: Context): Promise<OpenServer> {
  const forwarding = endpoint.networkTunnel?.sshForwarding;
  if (forwarding === undefined) {
    return {
      connect: connectTo(endpoint),
      signal,
      throwIfLost: () => undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  log.status('Connecting to the SSH server');
  const target = tunnelTarget(endpoint.address);
  const tunnel = await openSshTunnel({ ...forwarding, target, log, signal });
  return {
    connect: connectTo(endpoint, { via: tunnel, failure: () => tunnel.forwardFailure }),
    signal: AbortSignal.any([signal, tunnel.signal]),
    throwIfLost: () => tunnel.signal.throwIfAborted(),
    [Symbol.asyncDispose]: () => tunnel[Symbol.asyncDispose](),
  };
}
