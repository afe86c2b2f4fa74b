// The way to the server for as long as a session lasts.

import type { Logger } from '@weir/connector';
import type { PgConnection } from '@weir/pgwire';
import { openServer as openWay } from '@weir/postgres/connection';
import type { EndpointConfig } from './config.ts';
import { type LockPatience, openConnection } from './connection.ts';

export interface Server extends AsyncDisposable {
  /** Opens a connection, which the caller closes. Throws why the tunnel was lost, if it was. */
  readonly connect: () => Promise<PgConnection>;
}

export async function openServer(
  config: EndpointConfig,
  context: { readonly log: Logger; readonly signal: AbortSignal },
  patience?: LockPatience,
): Promise<Server> {
  const way = await openWay(config, context);
  return {
    connect: () => {
      way.throwIfLost();
      return openConnection(way.connect, way.signal, patience);
    },
    [Symbol.asyncDispose]: () => way[Symbol.asyncDispose](),
  };
}
