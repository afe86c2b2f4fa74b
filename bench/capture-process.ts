// A capture connector as the runtime would run it: checkpoints are acknowledged as they come, documents are thrown away.

import {
  type CaptureRequest,
  type CaptureResponse,
  type CaptureCheckpointResponse,
  type CollectionSpec,
  createDecoder,
  createEncoder,
  FULL_RANGE,
} from '@weir/protocol';
import { socketPair } from '@weir/runtime';
import type { Socket } from 'node:net';
import type { RunFigures } from './bench-row.ts';
import { CapturedCounter } from './captured-counter.ts';
import { type ProcessFigures, readProcess } from './process-figures.ts';
import { spawnConnectorInto } from './spawn-connector.ts';

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
  readonly #options: CaptureOptions;
  readonly #child: ReturnType<typeof spawnConnectorInto>;
  readonly #exited: Promise<void>;
  readonly #encoder = createEncoder('capture.Request', 'proto');
  readonly #ended = Promise.withResolvers<void>();
  #take: (bytes: Buffer) => void = () => {};
  /** As of the last checkpoint. */
  state: Record<string, unknown>;

  private constructor(options: CaptureOptions, output: Socket) {
    this.#options = options;
    this.#child = spawnConnectorInto(options.connector, output);
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.state = options.state ?? {};
  }

  static async start(options: CaptureOptions): Promise<CaptureProcess> {
    const output: { take: (bytes: Buffer) => void } = { take: () => {} };
    const { reader, writer } = await socketPair((bytes) => {
      output.take(bytes);
      return true;
    });
    const capture = new CaptureProcess(options, writer);
    output.take = (bytes) => capture.#take(bytes);
    writer.destroy();
    reader.once('end', capture.#ended.resolve);
    return capture;
  }

  /** Hands over every response until `handle` returns true, or the connector ends. */
  async read(handle: (response: CaptureResponse) => boolean): Promise<void> {
    const decoder = createDecoder('capture.Response', 'proto');
    await this.#receive((bytes) => {
      decoder.push(Buffer.from(bytes));
      let isDone = false;
      for (let response = decoder.next(); response !== undefined; response = decoder.next()) {
        if (response.kind === 'checkpoint') this.#acknowledge(response);
        isDone = handle(response) || isDone;
      }
      return isDone;
    });
  }

  /** As `read`, of checkpoints only, with the number of documents captured so far. */
  async count(handle: (documents: number) => boolean): Promise<CountedDocuments> {
    let isDone = false;
    let firstMs = Number.NaN;
    const counter = new CapturedCounter((response) => {
      if (response.kind !== 'checkpoint') return;
      this.#acknowledge(response);
      isDone = handle(counter.count) || isDone;
    });
    await this.#receive((bytes) => {
      counter.push(bytes);
      if (counter.count > 0 && Number.isNaN(firstMs)) firstMs = performance.now();
      return isDone;
    });
    return { firstMs, last: counter.lastDocument() };
  }

  /** Opens the capture. What comes after `take` has returned true is thrown away, so that the connector can end. */
  async #receive(take: (bytes: Buffer) => boolean): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#take = (bytes) => {
      try {
        if (!take(bytes)) return;
        done.resolve();
      } catch (failure) {
        done.reject(failure);
      }
      this.#take = () => {};
    };
    this.#send(openRequest(this.#options));
    await Promise.race([done.promise, this.#ended.promise]);
  }

  #acknowledge({ state }: CaptureCheckpointResponse): void {
    this.state = mergePatch(this.state, JSON.parse(state.updated));
    this.#send({ kind: 'acknowledge', checkpoints: 1 });
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
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

interface CountedDocuments {
  /** When the first one arrived, as `performance.now()`; NaN when none did. */
  readonly firstMs: number;
  /** Parsed. */
  readonly last: unknown;
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
  await using capture = await CaptureProcess.start(options);
  let count = 0;
  const { firstMs, last } = await capture.count((documents) => {
    count = documents;
    return count >= options.documents && options.isDone?.(capture.state) !== false;
  });
  const seconds = (performance.now() - started) / 1000;
  if (count < options.documents) throw new Error(`only ${count} documents were captured`);
  if (count > 0 && !isDocument(last)) throw new Error(`not a document of a table: ${JSON.stringify(last)}`);
  const first = Number.isNaN(firstMs) ? {} : { firstSeconds: (firstMs - started) / 1000 };
  return { ...capture.figures(), ...first, count, seconds, state: capture.state };
}

/** Of a table of the bench. */
function isDocument(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '_meta' in value && 'id' in value;
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
