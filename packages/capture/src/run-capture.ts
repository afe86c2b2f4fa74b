import { describeFailure, runConnector, serve, type ConnectorProcess } from '@weir/connector';
import type { Capture } from './capture.ts';
import { captureHandler } from './capture-handler.ts';
import { EXPLAIN_VARIABLE, explainCapture } from './explain.ts';

/** Runs a capture connector in the current process, and ends the process. The whole of a connector's main.ts. */
export async function runCapture<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
): Promise<never> {
  if (process.env[EXPLAIN_VARIABLE] !== undefined) return await runExplain(capture);
  return await runConnector(captureHandler(capture));
}

async function runExplain<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
): Promise<never> {
  try {
    process.stdout.write(await explainCapture(capture, process.stdin));
    process.exit(0);
  } catch (failure) {
    const { code, fix } = describeFailure(capture.name, failure);
    const message = failure instanceof Error ? failure.message : String(failure);
    process.stderr.write(JSON.stringify({ message, code, fix }));
    process.exit(1);
  }
}

/** Runs a capture over the given streams, for tests. Resolves to the exit code. */
export function serveCapture<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  host: ConnectorProcess,
): Promise<0 | 1> {
  return serve(captureHandler(capture), host);
}
