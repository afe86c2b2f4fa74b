// Reports by days: rows without a time of their own, which are what the API says of a day. A day is claimed once it is
// over and the lag has passed. Some reports go on changing for a while (what is attributed later, what is refunded): then so many
// days before are read again whenever a day is claimed.

import { documents } from '../documents/document-batch.ts';
import {
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  type DocumentBatch,
  nextPage,
  type PageCall,
  type PageEvent,
  reached,
} from '../engine/stream.ts';
import { spanMs } from '../time/duration.ts';
import { Instant } from '../time/instant.ts';
import { ofShown, shownIn } from '../time/zone.ts';
import type { ReportOptions } from './changes-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import { readList } from './list-reader.ts';
import { fixedList } from './list-options.ts';
import { baseRequest, listSource } from './list-source.ts';

const DAY_NS = 86_400_000_000_000n;

export class ReportStream implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly #options: ReportOptions;
  readonly #context: StreamContext;

  constructor(options: ReportOptions, context: StreamContext) {
    this.#options = options;
    this.#context = context;
    this.lagMs = spanMs(options.lag);
  }

  readonly initial = (nowMs: number): { cursor: Instant; cutoff?: Instant } => {
    const cutoff = this.#lastMidnight(Instant.ofMs(nowMs - this.lagMs));
    const { start } = this.#context;
    return start.isAfter(cutoff) ? { cursor: this.#lastMidnight(start) } : { cursor: cutoff, cutoff };
  };

  /** A cursor is the midnight up to which all days are claimed. */
  async *fetchChanges({
    cursor: seen,
    nowMs,
    signal,
  }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    const end = this.#lastMidnight(Instant.ofMs(nowMs - this.lagMs));
    if (!end.isAfter(seen)) return;
    let from = this.#daysLater(seen, -(this.#options.reread ?? 0));
    while (end.isAfter(from)) {
      const to = this.#windowEnd(from, end);
      yield* this.#days(from, to, signal);
      if (to.isAfter(seen)) yield reached(to);
      from = to;
    }
  }

  async *fetchPage({ page, cutoff, signal }: PageCall<Instant>): AsyncGenerator<PageEvent, void, void> {
    const begins = typeof page === 'string' ? Instant.parse(page) : undefined;
    const from = begins ?? this.#lastMidnight(this.#context.start);
    const to = this.#windowEnd(from, cutoff);
    if (to.isAfter(from)) yield* this.#days(from, to, signal);
    // What ends with a position is asked for again.
    yield cutoff.isAfter(to) ? nextPage(to.toString()) : documents([]);
  }

  async *#days(from: Instant, to: Instant, signal: AbortSignal): AsyncGenerator<DocumentBatch, void, void> {
    const days = { from: this.#dayOf(from), to: this.#dayOf(this.#daysLater(to, -1)) };
    const list = fixedList(this.#options, { ...knownIn(this.#context), window: days }, this.#context.query);
    const base = baseRequest(list);
    const request = { ...base, query: { ...base.query, ...this.#options.between(days) } };
    for await (const event of readList(this.#context.client, listSource(list), request, undefined, signal)) {
      if (!('next' in event)) yield* documentsOf(event, undefined);
    }
  }

  #windowEnd(from: Instant, end: Instant): Instant {
    const longest = this.#daysLater(from, this.#options.longestWindow ?? 1);
    return longest.isAfter(end) ? end : longest;
  }

  #lastMidnight(at: Instant): Instant {
    return this.#ofShown(this.#shown(at).floor(DAY_NS));
  }

  /** Days of a zone may have 23 or 25 hours. */
  #daysLater(midnight: Instant, days: number): Instant {
    return this.#ofShown(this.#shown(midnight).plusNs(BigInt(days) * DAY_NS));
  }

  #dayOf(midnight: Instant): string {
    return this.#shown(midnight).toText(0).slice(0, 10);
  }

  #shown(at: Instant): Instant {
    const { zone } = this.#options;
    return zone === undefined ? at : shownIn(zone, at);
  }

  #ofShown(shown: Instant): Instant {
    const { zone } = this.#options;
    return zone === undefined ? shown : ofShown(zone, shown);
  }
}
