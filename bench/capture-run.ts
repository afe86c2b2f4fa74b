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
  readonly state?: Record<string, unknown>;
  /** The run is over at the first checkpoint after this many documents for which `isDone` holds. */
  readonly documents: number;
  /** Always, when absent. */
  readonly isDone?: (state: Record<string, unknown>) => boolean;
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
  let state = options.state ?? {};
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
      state = mergePatch(state, JSON.parse(message.state.updated));
      send({ kind: 'acknowledge', checkpoints: 1 });
      return count >= options.documents && options.isDone?.(state) !== false;
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

/** RFC 7396, of objects. */
function mergePatch(target: Record<string, unknown>, patch: unknown): Record<string, unknown> {
  const merged = { ...target };
  for (const [key, value] of Object.entries(patch as object)) {
    if (value === null) delete merged[key];
    else if (typeof value !== 'object' || Array.isArray(value)) merged[key] = value;
    else merged[key] = mergePatch((merged[key] ?? {}) as Record<string, unknown>, value);
  }
  return merged;
}
