// A materialization connector as a process, and the runtime's side of its transactions.

import {
  createDecoder,
  createEncoder,
  FULL_RANGE,
  type MaterializationSpec,
  type MaterializeRequest,
  type MaterializeResponse,
} from '@weir/protocol';
import type { ChildProcess } from 'node:child_process';
import type { RunFigures } from './bench-row.ts';
import { readProcess } from './process-figures.ts';
import { spawnConnector } from './spawn-connector.ts';

export class MaterializeProcess implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawnConnector>;
  readonly #exited: Promise<void>;
  readonly #encoder = createEncoder('materialize.Request', 'proto');
  readonly #decoder = createDecoder('materialize.Response', 'proto');
  readonly #chunks: AsyncIterator<Buffer>;

  private constructor(connector: string) {
    this.#child = spawnConnector(connector);
    this.#exited = exitOf(this.#child);
    this.#chunks = (this.#child.stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** Applies, opens a session, and takes one transaction of nothing. */
  static async open(connector: string, materialization: MaterializationSpec): Promise<MaterializeProcess> {
    const process = new MaterializeProcess(connector);
    await process.send({ kind: 'apply', materialization, version: '1', lastVersion: '' });
    await process.receive('applied');
    await process.send({ kind: 'open', materialization, version: '1', range: FULL_RANGE, state: '{}' });
    await process.receive('opened');
    await process.transaction([], []);
    return process;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#child.stdin.write(bytes)) return;
    await new Promise<void>((resolve) => this.#child.stdin.once('drain', () => resolve()));
  }

  send(...requests: readonly MaterializeRequest[]): Promise<void> {
    for (const request of requests) this.#encoder.write(request);
    return this.write(this.#encoder.take());
  }

  /** The next response of this kind; returns how many `loaded` came before it. */
  async receive(kind: MaterializeResponse['kind']): Promise<number> {
    let loaded = 0;
    for (;;) {
      const message = this.#decoder.next();
      if (message?.kind === kind) return loaded;
      if (message?.kind === 'loaded') loaded += 1;
      if (message !== undefined) continue;
      const chunk = await this.#chunks.next();
      if (chunk.done === true) throw new Error(`the connector ended before ${kind}`);
      this.#decoder.push(chunk.value);
    }
  }

  /** One transaction of requests that are encoded already, to the end of its commit; returns how many were loaded. */
  async transaction(loads: readonly Buffer[], stores: readonly Buffer[]): Promise<number> {
    await this.send({ kind: 'acknowledge' });
    await this.receive('acknowledged');
    const flushed = this.receive('flushed');
    for (const batch of loads) await this.write(batch);
    await this.send({ kind: 'flush' });
    const loaded = await flushed;
    for (const batch of stores) await this.write(batch);
    await this.send({ kind: 'startCommit', runtimeCheckpoint: { sources: {}, ackIntents: {} } });
    await this.receive('startedCommit');
    // The commit may go on behind StartedCommit; the next transaction tells when it is over.
    await this.send({ kind: 'acknowledge' });
    await this.receive('acknowledged');
    await this.send({ kind: 'flush' });
    await this.receive('flushed');
    await this.send({ kind: 'startCommit', runtimeCheckpoint: { sources: {}, ackIntents: {} } });
    await this.receive('startedCommit');
    return loaded;
  }

  /** What `work` took, for so many rows. */
  async measure(count: number, work: () => Promise<unknown>): Promise<RunFigures> {
    const pid = this.#child.pid ?? 0;
    const before = readProcess(pid);
    const started = performance.now();
    await work();
    const seconds = (performance.now() - started) / 1000;
    const after = readProcess(pid);
    return { count, seconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakRssMiB: after.peakRssMiB };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#child.stdout.resume();
    await this.#exited;
  }
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Requests as batches of frames, encoded before a clock starts: what is measured is the connector. */
export function encodeRequests(requests: Iterable<MaterializeRequest>): Buffer[] {
  const encoder = createEncoder('materialize.Request', 'proto');
  const batches: Buffer[] = [];
  for (const request of requests) {
    encoder.write(request);
    if (encoder.byteLength >= 256 << 10) batches.push(encoder.take());
  }
  batches.push(encoder.take());
  return batches;
}
