import type { ConnectorStreams } from '@weir/connector';
import { type MaterializeRequest, type StartCommitRequest, StoreFrame } from '@weir/protocol';
import { errors } from './errors.ts';
import { unexpected } from './session-request.ts';
import type { StoreBatch, Stores } from './transactor.ts';

/**
 * The store phase of one transaction: batches of documents until the runtime sends StartCommit. A batch ends where nothing
 * more has arrived, or where the binding changes.
 */
export class StorePhase implements Stores {
  readonly #requests: ConnectorStreams<'materialize'>['requests'];
  readonly #hardDelete: boolean;
  #startCommit: StartCommitRequest | undefined;
  /** The first of another binding, behind the last batch. */
  #held: StoreFrame | undefined;
  #hasStored = false;
  /** Not all documents of the last batch have been taken. */
  #isOpen = false;

  constructor(requests: ConnectorStreams<'materialize'>['requests'], hardDelete: boolean) {
    this.#requests = requests;
    this.#hardDelete = hardDelete;
  }

  /** The request that ended the phase. The connector must have taken every document before. */
  startCommit(): StartCommitRequest {
    this.#assertTaken();
    if (this.#startCommit !== undefined) return this.#startCommit;
    throw errors.MATERIALIZE_OUT_OF_ORDER({
      message: 'The connector ended its store before the runtime did.',
    });
  }

  /** Whether there was a document. */
  get hasStored(): boolean {
    return this.#hasStored;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StoreBatch, void, undefined> {
    for (
      let first = await this.#next();
      first !== undefined;
      first = this.#takeHeld() ?? (await this.#next())
    ) {
      if (this.#isVoid(first)) continue;
      this.#hasStored = true;
      this.#isOpen = true;
      yield { binding: first.binding, documents: this.#documents(first) };
      this.#assertTaken();
    }
  }

  /** What is not taken would be lost. */
  #assertTaken(): void {
    if (!this.#isOpen) return;
    throw errors.MATERIALIZE_OUT_OF_ORDER({
      message: 'The connector asked for more before it had taken all documents of a batch.',
    });
  }

  /** What has arrived for the same binding, as far as it is asked for. */
  *#documents(first: StoreFrame): Generator<StoreFrame, void, undefined> {
    const { binding } = first;
    for (let frame: StoreFrame | undefined = first; frame !== undefined; frame = this.#poll()) {
      if (frame.binding !== binding) {
        this.#held = frame;
        break;
      }
      if (!this.#isVoid(frame)) yield frame;
    }
    this.#isOpen = false;
  }

  #takeHeld(): StoreFrame | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** The delete of a document that was never stored. */
  #isVoid(request: StoreFrame): boolean {
    return this.#hardDelete && request.delete && !request.exists;
  }

  #poll(): StoreFrame | undefined {
    if (this.#startCommit !== undefined) return undefined;
    const request = this.#requests.poll();
    return request === undefined ? undefined : this.#accept(request);
  }

  async #next(): Promise<StoreFrame | undefined> {
    if (this.#startCommit !== undefined) return undefined;
    return this.#accept(await this.#requests.next());
  }

  #accept(request: MaterializeRequest | undefined): StoreFrame | undefined {
    if (request?.kind === 'store') return StoreFrame.of(request);
    if (request?.kind !== 'startCommit') throw unexpected(request, 'store or startCommit');
    this.#startCommit = request;
    return undefined;
  }
}
