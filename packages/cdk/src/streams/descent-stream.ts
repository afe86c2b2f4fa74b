// Changes of a list that is sorted by time, newest first, and has no filter: it is read from its top down to what has been
// seen. A row that is updated meanwhile moves to the top, where the next descent finds it. The order is checked, for a row
// that is too old and too far up would end the descent before what is below it.

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
import { documents } from '../documents/document-batch.ts';
import { errors } from '../errors.ts';
import type { ListPosition } from '../paging/paging.ts';
import type { Instant } from '../time/instant.ts';
import type { ListByTime } from './changes-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import { fixedList } from './list-options.ts';
import { baseRequest } from './list-source.ts';
import { TimedList, wanted } from './timed-list.ts';
import { positionOf } from './windowed-stream.ts';

/** For a stream that is written by hand and made of such lists: the rows of one, from its top down to a time. `name`: for messages. */
export function rowsSince(
  name: string,
  list: ListByTime,
  from: Instant,
  context: StreamContext,
  signal: AbortSignal,
): AsyncIterable<DocumentBatch> {
  return new DescentStream(name, list, context).rowsSince(from, signal);
}

export class DescentStream implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly #options: ListByTime;
  readonly #context: StreamContext;
  readonly #list: TimedList;

  constructor(name: string, options: ListByTime, context: StreamContext) {
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
    const end = this.#list.horizon(nowMs);
    if (!end.isAfter(seen)) return;
    yield* this.rowsSince(seen, signal);
    yield reached(end);
  }

  async *rowsSince(from: Instant, signal: AbortSignal): AsyncGenerator<DocumentBatch, void, void> {
    for await (const event of this.#down(undefined, from, signal)) if (event.kind !== 'page') yield event;
  }

  /** The rows above the cutoff are the changes' own; that they are sent from here too does no harm. */
  async *fetchPage({ page, signal }: PageCall<Instant>): AsyncGenerator<PageEvent, void, void> {
    yield* this.#down(positionOf(page), this.#context.start, signal);
    // What ends with a position is asked for again.
    yield documents([]);
  }

  /** The rows from a position on, as far as they are not older than `oldest`. */
  async *#down(
    from: ListPosition | undefined,
    oldest: Instant,
    signal: AbortSignal,
  ): AsyncGenerator<DocumentBatch | Extract<PageEvent, { kind: 'page' }>, void, void> {
    let last: Instant | undefined;
    const list = fixedList(this.#options, knownIn(this.#context), this.#context.query);
    for await (const event of this.#list.read(list, baseRequest(list), from, signal)) {
      if ('next' in event) {
        if (last !== undefined && oldest.isAfter(last)) return;
        yield nextPage(event.next);
        continue;
      }
      for (const { time } of event.rows) {
        if (last !== undefined && time.isAfter(last)) throw this.#unsorted(last, time);
        last = time;
      }
      yield* documentsOf(
        wanted(event, ({ time }) => !oldest.isAfter(time)),
        this.#options.isDeleted,
      );
    }
  }

  #unsorted(before: Instant, after: Instant): Error {
    return errors.CDK_ORDER_BROKEN({
      message: `${JSON.stringify(this.#list.name)} lists a row of ${after.toString()} below one of ${before.toString()}.`,
    });
  }
}
