// Runs a capture connector as the runtime would and counts what it captures, throwing the documents away.

import {
  type CaptureRequest,
  type CaptureResponse,
  type CollectionSpec,
  createDecoder,
  createEncoder,
  FULL_RANGE,
} from '@weir/protocol';
import type { RunFigures } from './bench-row.ts';
import { readProcess } from './process-figures.ts';
import { spawnConnector } from './spawn-connector.ts';

export interface CaptureRunOptions {
  /** The folder's name under connectors/. */
  readonly connector: string;
  readonly config: object;
  readonly bindings: readonly {
    readonly resource: object;
    readonly path: readonly string[];
    readonly key: readonly string[];
  }[];
  readonly state?: object;
  /** The run is over when this many documents were captured and their checkpoint has come. */
  readonly documents: number;
}

function collection(name: string, key: readonly string[]): CollectionSpec {
  return {
    name,
    key,
    uuidPtr: '/_meta/uuid',
    partitionFields: [],
    projections: [],
    writeSchema: '{"type":"object"}',
  };
}

function openRequest(options: CaptureRunOptions): CaptureRequest {
  return {
    kind: 'open',
    version: 'bench',
    range: FULL_RANGE,
    state: JSON.stringify(options.state ?? {}),
    capture: {
      name: 'bench/capture',
      connectorType: 'LOCAL',
      config: JSON.stringify(options.config),
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: options.bindings.map(({ resource, path, key }) => ({
        resourceConfig: JSON.stringify(resource),
        resourcePath: path,
        collection: collection(`bench/${path.join('/')}`, key),
        backfill: 0,
        stateKey: encodeURIComponent(path.join('/')),
      })),
    },
  };
}

export interface CaptureRun extends RunFigures {
  /** The last value that each top-level key of the state was patched to. */
  readonly state: Record<string, unknown>;
  /** From the first to the last document, leaving out start-up. */
  readonly streamingSeconds: number;
  /** CPU time in that span. */
  readonly streamingCpuSeconds: number;
}

export async function runCapture(options: CaptureRunOptions): Promise<CaptureRun> {
  const started = performance.now();
  const child = spawnConnector(options.connector);
  const { stdin, stdout } = child;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const encoder = createEncoder('capture.Request', 'proto');
  const send = (request: CaptureRequest) => {
    encoder.write(request);
    stdin.write(encoder.take());
  };
  send(openRequest(options));

  const decoder = createDecoder('capture.Response', 'proto');
  const state: Record<string, unknown> = {};
  let count = 0;
  let firstAt = 0;
  let firstCpuSeconds = 0;
  const handle = (message: CaptureResponse): boolean => {
    if (message.kind === 'captured') {
      if (count === 0) {
        firstAt = performance.now();
        firstCpuSeconds = readProcess(child.pid ?? 0).cpuSeconds;
      }
      count += 1;
    } else if (message.kind === 'checkpoint') {
      Object.assign(state, JSON.parse(message.state.updated));
      send({ kind: 'acknowledge', checkpoints: 1 });
      return count >= options.documents;
    }
    return false;
  };
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    decoder.push(chunk);
    let done = false;
    for (let message = decoder.next(); message !== undefined; message = decoder.next())
      done = handle(message) || done;
    if (done) break;
  }
  const ended = performance.now();
  if (count < options.documents || child.pid === undefined)
    throw new Error(`only ${count} documents were captured`);
  const figures = readProcess(child.pid);
  child.kill('SIGTERM');
  await exited;
  return {
    count,
    seconds: (ended - started) / 1000,
    streamingSeconds: (ended - firstAt) / 1000,
    streamingCpuSeconds: figures.cpuSeconds - firstCpuSeconds,
    state,
    ...figures,
  };
}
