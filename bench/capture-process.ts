// A capture connector as the runtime would run it: checkpoints are acknowledged as they come, documents are thrown away.

import {
  type CaptureRequest,
  type CaptureResponse,
  type CollectionSpec,
  createDecoder,
  createEncoder,
  FULL_RANGE,
} from '@weir/protocol';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { RunFigures } from './bench-row.ts';
import { type ProcessFigures, readProcess } from './process-figures.ts';
import { spawnConnector } from './spawn-connector.ts';

export interface CaptureOptions {
  /** The folder's name under connectors/. */
  readonly connector: string;
  readonly config: object;
  readonly bindings: readonly CaptureBinding[];
  readonly state?: Record<string, unknown>;
}

export interface CaptureBinding {
  readonly resource: object;
  readonly path: readonly string[];
  readonly key: readonly string[];
}

export class CaptureProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<void>;
  readonly #encoder = createEncoder('capture.Request', 'proto');
  /** As of the last checkpoint. */
  state: Record<string, unknown>;

  constructor(options: CaptureOptions) {
    this.#child = spawnConnector(options.connector);
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.state = options.state ?? {};
    this.#send(openRequest(options));
  }

  /** Hands over every response until `handle` returns true, or the connector ends. */
  async read(handle: (response: CaptureResponse) => boolean): Promise<void> {
    const decoder = createDecoder('capture.Response', 'proto');
    // It stays open: the connector would fail if its output were closed while it is being stopped.
    const chunks = this.#child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) {
      decoder.push(chunk);
      let isDone = false;
      for (let response = decoder.next(); response !== undefined; response = decoder.next()) {
        if (response.kind === 'checkpoint') {
          this.state = mergePatch(this.state, JSON.parse(response.state.updated));
          this.#send({ kind: 'acknowledge', checkpoints: 1 });
        }
        isDone = handle(response) || isDone;
      }
      if (isDone) return;
    }
  }

  /** Throws when it has ended. */
  figures(): ProcessFigures {
    if (this.#child.pid === undefined) throw new Error('the connector could not be started');
    return readProcess(this.#child.pid);
  }

  #send(request: CaptureRequest): void {
    this.#encoder.write(request);
    this.#child.stdin.write(this.#encoder.take());
  }

  /** The connector ends when what it has written is read. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdout.resume();
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

export interface CaptureRunOptions extends CaptureOptions {
  /** The run is over at the first checkpoint after this many documents for which `isDone` holds. */
  readonly documents: number;
  /** Always, when absent. */
  readonly isDone?: (state: Record<string, unknown>) => boolean;
}

/** Counts what is captured, start-up included. */
export async function runCapture(
  options: CaptureRunOptions,
): Promise<RunFigures & { readonly state: Record<string, unknown> }> {
  const started = performance.now();
  await using capture = new CaptureProcess(options);
  let count = 0;
  await capture.read((response) => {
    if (response.kind === 'captured') count += 1;
    if (response.kind !== 'checkpoint' || count < options.documents) return false;
    return options.isDone?.(capture.state) !== false;
  });
  const seconds = (performance.now() - started) / 1000;
  if (count < options.documents) throw new Error(`only ${count} documents were captured`);
  return { ...capture.figures(), count, seconds, state: capture.state };
}

function openRequest(options: CaptureOptions): CaptureRequest {
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
        stateKey: stateKey(path),
      })),
    },
  };
}

export function stateKey(path: readonly string[]): string {
  return encodeURIComponent(path.join('/'));
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
