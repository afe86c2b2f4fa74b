// Changes of a list that is sorted by the time of the update, oldest first. A page is asked for by the time at which the
// one before it ended, that time included: a row that moves to the end of the list leaves no gap behind that another row
// could fall into, as it would with offsets. It is right only if the list is sorted and if no tick has more rows than a
// page, so both are checked on every page.

import {
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  nextPage,
  type PageCall,
  type PageEvent,
  reached,
} from '../engine/stream.ts';
import { documents } from '../documents/document-batch.ts';
import { errors } from '../errors.ts';
import type { ApiRequest } from '../http/request.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import { horizon, Instant } from '../time/instant.ts';
import type { StreamContext, WalkOptions } from './definition.ts';
import { asDocuments, batchOf, readList, recordsOf } from './list-reader.ts';
import { baseRequest, listSource } from './list-source.ts';
import { claimedLagMs, initialWindow, TimestampReader } from './timestamp.ts';

/** One page, with what of it is wanted. */
interface WalkedPage {
  readonly batches: readonly RecordBatch[];
  /** Of the last row on the page. */
  readonly last: Instant;
  /** Nothing that is wanted comes behind it. */
  readonly isLast: boolean;
}

export class WalkStream implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly #name: string;
  readonly #options: WalkOptions;
  readonly #context: StreamContext;
  readonly #times: TimestampReader;

  constructor(name: string, options: WalkOptions, context: StreamContext) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#times = new TimestampReader(name, options.cursor);
    this.lagMs = claimedLagMs(options.cursor);
  }

  readonly initial = (nowMs: number): { cursor: Instant; cutoff?: Instant } =>
    initialWindow(this.#options.cursor, this.#context.start, nowMs);

  async *fetchChanges({
    cursor: seen,
    nowMs,
    signal,
  }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    const { cursor } = this.#options;
    const end = horizon(nowMs, cursor.tickNs, cursor.lagMs);
    let claimed = seen;
    let from = seen;
    while (end.isAfter(claimed)) {
      const page = await this.#page(from, end, signal);
      yield* page.batches.map(asDocuments);
      // The tick in which the page ends may go on behind it.
      const to = page.isLast ? end : page.last.plusNs(-cursor.tickNs);
      if (to.isAfter(claimed)) {
        yield reached(to);
        claimed = to;
      }
      from = page.last;
    }
  }

  async *fetchPage({
    page: position,
    cutoff,
    signal,
  }: PageCall<Instant>): AsyncGenerator<PageEvent, void, void> {
    const begins = typeof position === 'string' ? Instant.parse(position) : undefined;
    const page = await this.#page(begins ?? this.#context.start, cutoff, signal);
    yield* page.batches.map(asDocuments);
    // What ends with a position is asked for again.
    yield page.isLast ? documents([]) : nextPage(page.last.toString());
  }

  /** The rows from a time on, up to the end of a page or of what may be claimed. */
  async #page(from: Instant, end: Instant, signal: AbortSignal): Promise<WalkedPage> {
    const [, rows] = this.#options.size;
    const batches: RecordBatch[] = [];
    let last = from;
    let count = 0;
    let isBeyond = false;
    const source = listSource(this.#options);
    for await (const event of readList(
      this.#context.client,
      source,
      this.#request(from),
      undefined,
      signal,
    )) {
      if ('next' in event) continue;
      const wanted: Buffer[] = [];
      for (const record of recordsOf(event)) {
        const time = this.#times.read(record);
        if (last.isAfter(time)) throw this.#unsorted(last, time);
        last = time;
        count += 1;
        if (time.isAfter(end)) isBeyond = true;
        else wanted.push(record);
      }
      if (wanted.length > 0) batches.push(wanted.length === event.count ? event : batchOf(wanted));
    }
    const isLast = isBeyond || count < rows;
    if (!isLast && !last.isAfter(from)) {
      throw errors.CDK_TICK_TOO_FULL({
        message: `${JSON.stringify(this.#name)} has ${rows} rows or more that were updated at ${last.toString()}.`,
      });
    }
    return { batches, last, isLast };
  }

  #request(from: Instant): ApiRequest {
    const { cursor, since, size } = this.#options;
    const base = baseRequest(this.#options);
    return { ...base, query: { ...base.query, [size[0]]: size[1], ...since(cursor.print(from)) } };
  }

  #unsorted(before: Instant, after: Instant): Error {
    return errors.CDK_ORDER_BROKEN({
      message: `${JSON.stringify(this.#name)} lists a row of ${after.toString()} behind one of ${before.toString()}.`,
    });
  }
}
