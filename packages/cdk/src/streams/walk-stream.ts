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
import type { RecordBatch } from '../records/record-buffer.ts';
import { Instant } from '../time/instant.ts';
import type { WalkOptions } from './changes-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import { withFilter } from './graphql.ts';
import { fixedList } from './list-options.ts';
import { baseRequest } from './list-source.ts';
import { type TimedEvent, TimedList, wanted } from './timed-list.ts';

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
  readonly #options: WalkOptions;
  readonly #context: StreamContext;
  readonly #list: TimedList;

  constructor(name: string, options: WalkOptions, context: StreamContext) {
    this.#options = options;
    this.#context = context;
    this.#list = new TimedList(name, options, context);
    this.lagMs = this.#list.lagMs;
  }

  readonly initial = (nowMs: number): { cursor: Instant; cutoff?: Instant } => this.#list.initial(nowMs);

  async *fetchChanges({
    cursor: seen,
    nowMs,
    signal,
  }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    const { cursor, isDeleted } = this.#options;
    const end = this.#list.horizon(nowMs);
    let claimed = seen;
    let from = seen;
    while (end.isAfter(claimed)) {
      const page = await this.#page(from, end, signal);
      for (const batch of page.batches) yield* documentsOf(batch, isDeleted);
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
    for (const batch of page.batches) yield* documentsOf(batch, this.#options.isDeleted);
    // What ends with a position is asked for again.
    yield page.isLast ? documents([]) : nextPage(page.last.toString());
  }

  /** The rows from a time on, up to the end of a page or of what may be claimed. */
  async #page(from: Instant, end: Instant, signal: AbortSignal): Promise<WalkedPage> {
    const { size, ends = 'short' } = this.#options;
    const [, rows] = size;
    const batches: RecordBatch[] = [];
    let last = from;
    let count = 0;
    for await (const event of this.#read(from, signal)) {
      if ('next' in event) continue;
      for (const { time } of event.rows) {
        if (last.isAfter(time)) throw this.#unsorted(last, time);
        last = time;
      }
      count += event.rows.length;
      batches.push(wanted(event, ({ time }) => !time.isAfter(end)));
    }
    const isLevel = !last.isAfter(from);
    if (isLevel && count >= rows && !last.isAfter(end)) {
      throw errors.CDK_TICK_TOO_FULL({
        message: `${JSON.stringify(this.#list.name)} has ${rows} rows or more that were updated at ${last.toString()}.`,
      });
    }
    const isLast = last.isAfter(end) || (ends === 'level' ? isLevel : count < rows);
    return { batches, last, isLast };
  }

  #read(from: Instant, signal: AbortSignal): AsyncGenerator<TimedEvent, void, void> {
    const { cursor, since, size } = this.#options;
    const after = cursor.print(from);
    const list = fixedList(this.#options, { ...knownIn(this.#context), after }, this.#context.query);
    const request = withFilter(baseRequest(list), { [size[0]]: size[1], ...since(after) });
    return this.#list.read(list, request, undefined, signal);
  }

  #unsorted(before: Instant, after: Instant): Error {
    return errors.CDK_ORDER_BROKEN({
      message: `${JSON.stringify(this.#list.name)} lists a row of ${after.toString()} behind one of ${before.toString()}.`,
    });
  }
}
