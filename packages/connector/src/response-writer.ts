// Responses to stdout. Frames are gathered into writes of at least 256 KiB, or sent at once with `send`. The pipe
// is not blocking: a producer has to look at `congested` and await `drained()`, or the frames pile up in memory.

import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createEncoder, type CodecName, type FrameEncoder } from '@weir/protocol';
import { errors } from './errors.ts';
import type { Direction, ResponseOf } from './request-reader.ts';

/** A write to the pipe holds at least this many bytes, unless something has to go out at once. */
const BATCH_BYTES = 256 * 1024;
/** Above this many bytes on their way, producers wait; below half of it they go on. */
const CONGESTED_BYTES = 1024 * 1024;

interface Waiter {
  readonly below: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class ResponseWriter<D extends Direction> {
  readonly #stdout: Writable;
  readonly #encoder: FrameEncoder<ResponseOf<D>>;
  readonly #failed: (error: Error) => void;
  #bytesInFlight = 0;
  #waiting: Waiter[] = [];
  #failure: Error | undefined;

  /** `failed` is called once, when the other end of the pipe is gone. */
  constructor(direction: D, codec: CodecName, stdout: Writable, failed: (error: Error) => void) {
    this.#stdout = stdout;
    this.#failed = failed;
    this.#encoder = createEncoder(`${direction}.Response` as const, codec) as FrameEncoder<ResponseOf<D>>;
    stdout.on('error', (error) => this.#fail(error));
  }

  /** Adds a message to the current batch. Its bytes are copied: the caller may reuse them. */
  write(message: ResponseOf<D>): void {
    this.#encoder.write(message);
    if (this.#encoder.byteLength >= BATCH_BYTES) this.flush();
  }

  /** Adds `count` captured documents that lie one after another in `bytes`, the n-th ending before `ends[n]`. */
  writeCaptured(binding: number, bytes: Buffer, ends: ArrayLike<number>, count: number): void {
    this.#encoder.writeCaptured(binding, bytes, ends, count);
    if (this.#encoder.byteLength >= BATCH_BYTES) this.flush();
  }

  /** Adds a message and sends everything that has been gathered. */
  send(message: ResponseOf<D>): void {
    this.#encoder.write(message);
    this.flush();
  }

  flush(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#encoder.byteLength === 0) return;
    const batch = this.#encoder.take();
    this.#bytesInFlight += batch.length;
    this.#stdout.write(batch, (error) => {
      if (error instanceof Error) this.#fail(error);
      else this.#sent(batch);
    });
  }

  /** True while the runtime takes frames more slowly than they are made. */
  get congested(): boolean {
    return this.#bytesInFlight >= CONGESTED_BYTES;
  }

  /**
   * Resolves when half of what is on its way has been taken, if congested. Otherwise at once, or after a turn of the
   * event loop in which the pipe is served, so that its reader works while the next batch is made.
   */
  async drained(): Promise<void> {
    if (this.congested) await this.#below(CONGESTED_BYTES / 2);
    else if (this.#bytesInFlight > 0) await nextTurn();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Sends what has been gathered and waits until the pipe has taken all of it. */
  finish(): Promise<void> {
    this.flush();
    return this.#below(1);
  }

  #below(bytes: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#bytesInFlight < bytes) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ below: bytes, resolve, reject }));
  }

  #sent(batch: Buffer): void {
    this.#bytesInFlight -= batch.length;
    this.#encoder.giveBack(batch);
    if (this.#waiting.length === 0) return;
    const ready = this.#waiting.filter(({ below }) => this.#bytesInFlight < below);
    this.#waiting = this.#waiting.filter(({ below }) => this.#bytesInFlight >= below);
    for (const waiter of ready) waiter.resolve();
  }

  #fail(cause: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = errors.CONNECTOR_STDOUT_CLOSED({
      message: `The runtime no longer reads the connector's output (${cause.message}).`,
      cause,
    });
    for (const waiter of this.#waiting) waiter.reject(this.#failure);
    this.#waiting = [];
    this.#failed(this.#failure);
  }
}
