// What a capture would ask of its source, as text for people: `weir explain` starts the connector with WEIR_EXPLAIN, gives it
// the configuration on stdin, if there is one, and prints what it says. Nothing of the source is asked for.

import { text as readText } from 'node:stream/consumers';
import type { Capture } from './capture.ts';
import { decodeEndpoint } from './capture-handler.ts';
import { errors } from './errors.ts';

export const EXPLAIN_VARIABLE = 'WEIR_EXPLAIN';

export async function explainCapture<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  stdin: NodeJS.ReadableStream,
): Promise<string> {
  if (capture.explain === undefined) {
    throw errors.CAPTURE_PLAN_UNKNOWN({ message: `${capture.name} has no plan of requests to show.` });
  }
  const config = (await readText(stdin)).trim();
  return capture.explain(config === '' ? undefined : decodeEndpoint(capture, config));
}
