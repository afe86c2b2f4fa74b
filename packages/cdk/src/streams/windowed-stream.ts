// Changes of a list with times. A window of time is read to its end, and then claimed: everything up to its end has been
// seen. The end stays behind the clock by the lag and two ticks, so that nothing can still appear in what is claimed.
// The next window begins with the tick at which the last one ended, not behind it: the API's own times may be finer than
// those it shows, and a row that is read twice does no harm.

import type { Logger } from '@weir/connector';
import type { JsonValue } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import {
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  type DocumentBatch,
  nextPage,
  type PageCall,
  type PageEvent,
  type PagePosition,
  reached,
} from '../engine/stream.ts';
import type { ListPosition } from '../paging/paging.ts';
import { spanMs } from '../time/duration.ts';
import { Instant } from '../time/instant.ts';
import type { ChangesOptions } from './changes-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import { withFilter } from './graphql.ts';
import { fixedList } from './list-options.ts';
import { baseRequest } from './list-source.ts';
import type { SentRows } from './sent-rows.ts';
import { type TimedEvent, TimedList, wanted } from './timed-list.ts';
import { WindowProgress } from './window-progress.ts';

/** A call of a backfill ends at a page after this long, so that its session can end. */
const CALL_MS = 5 * 60_000;
/** After so many reads of rows of which none was new, a log line says that the filter may be wrong. */
const FRUITLESS_READS = 5;

/** Of two looks at the same rows, a soon one and a late one, which this is; see twins.ts. */
export interface Look {
  readonly is: 'soon' | 'late';
  readonly sent: SentRows;
}

export class WindowedStream implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly isLate: boolean;
  readonly #options: ChangesOptions;
  readonly #context: StreamContext;
  readonly #list: TimedList;
  readonly #look: Look | undefined;
  #fruitlessReads = 0;

  constructor(name: string, options: ChangesOptions, context: StreamContext, look?: Look) {
    this.#options = options;
    this.#context = context;
    this.#list = new TimedList(name, options, context);
    this.#look = look;
    this.lagMs = this.#list.lagMs;
    this.isLate = look?.is === 'late';
  }

  readonly initial = (nowMs: number): { cursor: Instant; cutoff?: Instant } => this.#list.initial(nowMs);

  async *fetchChanges({
    cursor: seen,
    nowMs,
    signal,
    log,
  }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    const end = this.#list.horizon(nowMs);
    let from = seen;
    while (end.isAfter(from)) {
      const to = this.#windowEnd(from, end, this.#options.longestLook);
      for await (const event of this.#read(from, to, undefined, signal)) {
        if (!('next' in event)) yield* this.#rows(event, from, to, log, this.#look);
      }
      yield reached(to);
      if (this.isLate) this.#look?.sent.forgetBefore(to);
      from = to;
    }
  }

  async *fetchPage({
    page,
    cutoff,
    nowMs,
    signal,
    log,
  }: PageCall<Instant>): AsyncGenerator<PageEvent, void, void> {
    const { start, clock } = this.#context;
    // A list without a filter shows each row once, with or without windows.
    const isWindowed = this.#options.longestWindow !== undefined && this.#options.between !== undefined;
    const { resumes = 'at its page' } = this.#options;
    const keepsPages = resumes === 'at its page';
    let { from, position } = isWindowed ? windowOf(page, start) : { from: start, position: positionOf(page) };
    const endsMs = nowMs + CALL_MS;
    for (;;) {
      const to = isWindowed ? this.#windowEnd(from, cutoff) : cutoff;
      const progress = resumes === 'at its last page' ? this.#progress(from, to) : undefined;
      for await (const event of this.#read(from, to, position, signal)) {
        if (!('next' in event)) {
          progress?.add(event.rows);
          yield* this.#rows(event, from, to, log, undefined);
          continue;
        }
        if (keepsPages) {
          position = event.next;
          yield nextPage(isWindowed ? { from: from.toString(), page: event.next } : event.next);
        } else {
          const reachedTo = progress?.endPage();
          if (reachedTo === undefined) continue;
          yield nextPage(reachedTo.toString());
        }
        if (clock.now() > endsMs) return;
      }
      if (!cutoff.isAfter(to)) {
        // What ends with a position is asked for again: this says that nothing is left.
        yield documents([]);
        return;
      }
      from = to;
      position = undefined;
      yield nextPage(keepsPages ? { from: from.toString() } : from.toString());
      if (clock.now() > endsMs) return;
    }
  }

  #progress(from: Instant, to: Instant): WindowProgress {
    return new WindowProgress(this.#list.name, this.#options.cursor.tickNs, { from, to });
  }

  #windowEnd(from: Instant, end: Instant, span = this.#options.longestWindow): Instant {
    // Without a filter each window would read the whole list.
    if (span === undefined || this.#options.between === undefined) return end;
    const longest = from.plusMs(spanMs(span));
    return longest.isAfter(end) ? end : longest;
  }

  #read(
    from: Instant,
    to: Instant,
    position: ListPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<TimedEvent, void, void> {
    const { cursor, between, excludesStart = false, excludesEnd = false } = this.#options;
    const first = excludesStart ? from.plusNs(-cursor.tickNs) : from;
    const last = excludesEnd ? to.plusNs(cursor.tickNs) : to;
    const window = { from: cursor.print(first, 'from'), to: cursor.print(last, 'to') };
    const list = fixedList(this.#options, { ...knownIn(this.#context), window }, this.#context.query);
    const base = baseRequest(list);
    const request = between === undefined ? base : withFilter(base, between(window));
    return this.#list.read(list, request, position, signal);
  }

  /**
   * With a filter of the API, every row; without one, those that are not older than the window. A row that is newer is
   * sent as well, since one that changes all the time would be left out for ever otherwise.
   */
  *#rows(
    event: Extract<TimedEvent, { rows: unknown }>,
    from: Instant,
    to: Instant,
    log: Logger,
    look: Look | undefined,
  ): Generator<DocumentBatch> {
    const { between, isDeleted } = this.#options;
    if (between !== undefined) {
      this.#watchFilter(
        event.rows.some(({ time }) => !from.isAfter(time) && !time.isAfter(to)),
        log,
      );
    }
    const isWanted = between === undefined ? (time: Instant) => !from.isAfter(time) : () => true;
    const sent = look?.sent;
    const batch = wanted(
      event,
      (row) => isWanted(row.time) && (look?.is !== 'late' || sent?.has(row) !== true),
    );
    if (look?.is === 'soon') for (const row of event.rows) if (isWanted(row.time)) sent?.add(row);
    yield* documentsOf(batch, isDeleted);
  }

  #watchFilter(hasFitting: boolean, log: Logger): void {
    this.#fruitlessReads = hasFitting ? 0 : this.#fruitlessReads + 1;
    if (this.#fruitlessReads !== FRUITLESS_READS) return;
    log.warn(
      'the API gives rows, and none of them is of the time that was asked for: its filter may have changed',
      {
        stream: this.#list.name,
      },
    );
  }
}

/** Of a backfill in windows: where the window begins that is being read, and its page where it is kept. */
function windowOf(
  page: PagePosition | undefined,
  start: Instant,
): { from: Instant; position: ListPosition | undefined } {
  if (typeof page === 'string') return { from: Instant.parse(page) ?? start, position: undefined };
  if (typeof page !== 'object') return { from: start, position: undefined };
  const { from, page: position } = page;
  const begins = typeof from === 'string' ? Instant.parse(from) : undefined;
  return { from: begins ?? start, position: positionOf(position) };
}

export function positionOf(value: JsonValue | undefined): ListPosition | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}
