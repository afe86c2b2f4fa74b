import { runConnector, serve, type ConnectorProcess } from '@weir/connector';
import type { Materialization } from './materialization.ts';
import { materializeHandler } from './materialize-handler.ts';

/** Runs a materialization connector in the current process, and ends the process. The whole of a connector's main.ts. */
export function runMaterialize<Config, Resource>(
  materialization: Materialization<Config, Resource>,
): Promise<never> {
  return runConnector(materializeHandler(materialization));
}

/** Runs a materialization over the given streams, for tests. Resolves to the exit code. */
export function serveMaterialize<Config, Resource>(
  materialization: Materialization<Config, Resource>,
  host: ConnectorProcess,
): Promise<0 | 1> {
  return serve(materializeHandler(materialization), host);
}
