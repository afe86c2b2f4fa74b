// The way to the server for the length of one request.

import type { Logger } from '@weir/connector';
import type { PgConnection } from '@weir/pgwire';
import { checkEndpoint, sessionSettings, withServer } from '@weir/postgres';
import { type EndpointConfig, endpointOf, type SourceSettings, sourceSettings } from './config.ts';

export interface Source {
  readonly settings: SourceSettings;
  /** Opens a connection, which the caller closes. */
  readonly connect: () => Promise<PgConnection>;
  /** Aborted when the request has to end, or the tunnel is lost. */
  readonly signal: AbortSignal;
}

export function checkConfig(config: EndpointConfig): void {
  sourceSettings(config);
  checkEndpoint(endpointOf(config));
}

/** Closes what was opened when `use` is done. Throws what `use` throws, or why the tunnel was lost meanwhile. */
export function withSource<T>(
  config: EndpointConfig,
  context: { readonly log: Logger; readonly signal: AbortSignal },
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const settings = sourceSettings(config);
  const { statementTimeout } = settings;
  return withServer(endpointOf(config), context, ({ connect, signal }) =>
    use({
      settings,
      signal,
      connect: () =>
        connect({
          signal,
          settings: {
            ...sessionSettings,
            // Parallel scans would be preferred to the range of pages that a chunk is.
            max_parallel_workers_per_gather: '0',
            ...(statementTimeout === undefined ? {} : { statement_timeout: statementTimeout }),
          },
        }),
    }),
  );
}
