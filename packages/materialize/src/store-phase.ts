import type { ConnectorStreams } from '@weir/connector';
import { type MaterializeRequest, type StartCommitRequest, StoreFrame } from '@weir/protocol';
import { errors } from './errors.ts';
import { unexpected } from './session-request.ts';
import type { StoreBatch, Stores } from './transactor.ts';

/** A batch is handed on when nothing more has arrived, when the binding changes, or at this many documents. */
const MAX_BATCH_DOCUMENTS = 4096;

/** The store phase of one transaction: batches of documents until the runtime sends StartCommit. */
export class StorePhase implements Stores {
  readonly #requests: ConnectorStreams<'materialize'>['requests'];
  readonly #hardDelete: boolean;
  #startCommit: StartCommitRequest | undefined;

  constructor(requests: ConnectorStreams<'materialize'>['requests'], hardDelete: boolean) {
    this.#requests = requests;
    this.#hardDelete = hardDelete;
  }

  /** The request that ended the phase. The connector must have taken every document before. */
  startCommit(): StartCommitRequest {
    if (this.#startCommit !== undefined) return this.#startCommit;
    throw errors.MATERIALIZE_OUT_OF_ORDER({
      message: 'The connector ended its store before the runtime did.',
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StoreBatch, void, undefined> {
    let request = await this.#next();
    while (request !== undefined) {
      const binding = request.binding;
      const documents: StoreFrame[] = [];
      do {
        if (!this.#isVoid(request)) documents.push(request);
        request = documents.length < MAX_BATCH_DOCUMENTS ? this.#poll() : undefined;
      } while (request !== undefined && request.binding === binding);
      if (documents.length > 0) yield { binding, documents };
      request ??= await this.#next();
    }
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
