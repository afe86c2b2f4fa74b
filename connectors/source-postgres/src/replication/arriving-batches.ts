// Batches of frames as they arrive. One stays valid until it is dropped, and only then the next is asked for.

import type { ReplicationBatch } from '@weir/pgwire';
import { queryError } from '@weir/postgres';
import { errors } from '../errors.ts';
import { missingPublicationError } from '../publication.ts';
import { rowTooLargeError } from '../row-limit.ts';

const SILENCE_LIMIT_MS = 15 * 60_000;

export class ArrivingBatches {
  readonly #frames: AsyncIterator<ReplicationBatch>;
  readonly #signal: AbortSignal;
  readonly #silenceLimitMs: number;
  #current: ReplicationBatch | undefined;
  #pull: Promise<void> | undefined;
  #failure: unknown;
  #hasEnded = false;
  #interrupt: (() => void) | undefined;
  #lastHeardMs = performance.now();

  /** `signal` ends every wait. */
  constructor(
    frames: AsyncIterable<ReplicationBatch>,
    signal: AbortSignal,
    silenceLimitMs = SILENCE_LIMIT_MS,
  ) {
    this.#silenceLimitMs = silenceLimitMs;
    this.#frames = frames[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  get current(): ReplicationBatch | undefined {
    return this.#current;
  }

  drop(): void {
    this.#current = undefined;
  }

  /** The next wait, or one that is pending, throws this. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.interrupt();
  }

  /** A wait that is pending resolves. */
  interrupt(): void {
    this.#interrupt?.();
  }

  /** Resolves when there is a batch, or after `timeoutMs`. Throws when the stream has failed, ended or gone silent. */
  async wait(timeoutMs: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#current !== undefined) return;
    if (this.#hasEnded)
      throw errors.PG_CONNECTION_LOST({ message: 'the server ended the replication stream' });
    this.#pull ??= this.#pullBatch();
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
      onAbort = resolve;
      this.#interrupt = resolve;
      this.#signal.addEventListener('abort', onAbort);
    });
    try {
      await Promise.race([this.#pull, pause]);
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) this.#signal.removeEventListener('abort', onAbort);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (performance.now() - this.#lastHeardMs > this.#silenceLimitMs) {
      throw errors.PG_STREAM_SILENT({
        message: `the server has sent nothing on the replication connection for ${this.#silenceLimitMs / 60_000} minutes`,
      });
    }
  }

  /** Never rejects, since nobody may be waiting when it fails. */
  async #pullBatch(): Promise<void> {
    try {
      const result = await this.#frames.next();
      this.#lastHeardMs = performance.now();
      if (result.done === true) this.#hasEnded = true;
      else this.#current = result.value;
    } catch (error) {
      this.#failure =
        rowTooLargeError(error, 'a published table') ??
        missingPublicationError(error) ??
        queryError(error, 'replication failed');
    } finally {
      this.#pull = undefined;
    }
  }
}
