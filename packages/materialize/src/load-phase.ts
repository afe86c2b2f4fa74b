// The load phase of one transaction, as the connector sees it. Requests are read only as fast as the connector takes
// batches. Answers are refused before the previous transaction's Acknowledged, whatever the connector does.

import type { ConnectorStreams } from '@weir/connector';
import type { LoadRequest } from '@weir/protocol';
import { errors } from './errors.ts';
import type { ResponseOrder } from './response-order.ts';
import { unexpected } from './session-request.ts';
import type { LoadBatch, Loads } from './transactor.ts';

/** A batch is handed on when nothing more has arrived, or at this many keys. */
const MAX_BATCH_KEYS = 8192;

export class LoadPhase implements Loads {
  readonly #streams: ConnectorStreams<'materialize'>;
  readonly #order: ResponseOrder;
  readonly #acknowledged: Promise<void>;
  readonly #first: LoadRequest;
  readonly signal: AbortSignal;
  /** The flush request has been read. */
  #flushed = false;

  /** `signal` is aborted when the previous transaction fails to commit. */
  constructor(
    streams: ConnectorStreams<'materialize'>,
    order: ResponseOrder,
    first: LoadRequest,
    acknowledged: Promise<void>,
    signal: AbortSignal,
  ) {
    this.#streams = streams;
    this.#order = order;
    this.#first = first;
    this.#acknowledged = acknowledged;
    this.signal = signal;
  }

  acknowledged(): Promise<void> {
    return this.#acknowledged;
  }

  loaded(binding: number, doc: Buffer): void {
    this.#order.advance('loaded');
    this.#streams.responses.write({ kind: 'loaded', binding, doc });
  }

  get congested(): boolean {
    return this.#streams.responses.congested;
  }

  drained(): Promise<void> {
    return this.#streams.responses.drained();
  }

  /** The connector has returned: it must have taken every key. */
  assertExhausted(): void {
    if (this.#flushed) return;
    throw errors.MATERIALIZE_OUT_OF_ORDER({
      message: 'The connector ended its load before the runtime did.',
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LoadBatch, void, undefined> {
    let request: LoadRequest | undefined = this.#first;
    while (request !== undefined) {
      yield* this.#collect(request);
      request = await this.#next();
    }
    await this.#acknowledged;
  }

  /** Groups by binding what has already arrived: keys of several bindings come interleaved, and their order says nothing. */
  #collect(first: LoadRequest): LoadBatch[] {
    const byBinding = new Map<number, Buffer[]>([[first.binding, [first.keyPacked]]]);
    for (let keys = 1; keys < MAX_BATCH_KEYS; keys += 1) {
      const request = this.#streams.requests.poll();
      if (request === undefined) break;
      if (request.kind !== 'load') {
        this.#end(request);
        break;
      }
      const group = byBinding.get(request.binding);
      if (group === undefined) byBinding.set(request.binding, [request.keyPacked]);
      else group.push(request.keyPacked);
    }
    return [...byBinding].map(([binding, keyPackeds]) => ({ binding, keys: keyPackeds }));
  }

  async #next(): Promise<LoadRequest | undefined> {
    if (this.#flushed) return undefined;
    const request = await this.#streams.requests.next(this.signal);
    if (request?.kind === 'load') return request;
    this.#end(request);
    return undefined;
  }

  #end(request: { readonly kind: string } | undefined): void {
    if (request?.kind === 'flush') {
      this.#flushed = true;
      return;
    }
    this.signal.throwIfAborted();
    throw unexpected(request, 'load or flush');
  }
}
