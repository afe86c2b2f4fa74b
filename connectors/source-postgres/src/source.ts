// The way to the server for the length of one request, and what a capture opens over it.

import type { Logger } from '@weir/connector';
import { SqlSession, withServer } from '@weir/postgres';
import { type SourceSettings, sourceSettings } from './config.ts';
import { type ConnectionFactory, connectionFactory } from './connection.ts';
import type { EndpointConfig } from './endpoint-schema.ts';

export interface Source {
  readonly settings: SourceSettings;
  readonly connect: ConnectionFactory;
  readonly sql: SqlSession;
  /** Aborted when the request has to end, or the tunnel is lost. */
  readonly signal: AbortSignal;
}

/** Closes what was opened when `use` is done. Throws what `use` throws, or why the tunnel was lost meanwhile. */
export function withSource<T>(
  config: EndpointConfig,
  context: { readonly log: Logger; readonly signal: AbortSignal },
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const settings = sourceSettings(config);
  return withServer(config, context, async (server) => {
    const connect = connectionFactory(server.connect, settings);
    await using sql = new SqlSession(() => connect('sql'));
    return await use({ settings, connect, sql, signal: server.signal });
  });
}
