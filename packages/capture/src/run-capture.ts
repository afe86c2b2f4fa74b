import { runConnector, serve, type ConnectorProcess } from '@weir/connector';
import type { Capture } from './capture.ts';
import { captureHandler } from './capture-handler.ts';

/** Runs a capture connector in the current process, and ends the process. The whole of a connector's main.ts. */
export function runCapture<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
): Promise<never> {
  return runConnector(captureHandler(capture));
}

/** Runs a capture over the given streams, for tests. Resolves to the exit code. */
export function serveCapture<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  host: ConnectorProcess,
): Promise<0 | 1> {
  return serve(captureHandler(capture), host);
}
