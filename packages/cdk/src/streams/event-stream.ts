// Changes by a log of events, each of which holds a row as it was then: one list for many kinds of rows, newest first. Of
// the events of a window the newest of a row counts. Events are kept for a while only; a stream that has not been read for
// longer starts over. What lies before the first event comes from the list of the rows themselves.

import { canonicalJson, parsePointer, resolvePointer } from '@weir/schema';
import { isJsonObject, parseJson, type JsonObject } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import {
  backfillNeeded,
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  type DocumentBatch,
  type PageCall,
  type PageEvent,
  reached,
} from '../engine/stream.ts';
import { spanMs } from '../time/duration.ts';
import { Instant } from '../time/instant.ts';
import type { EventsOptions } from './changes-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { fixedList } from './list-options.ts';
import { baseRequest } from './list-source.ts';
import { type TimedEvent, TimedList } from './timed-list.ts';

export class EventStream implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly #options: EventsOptions;
  readonly #context: StreamContext;
  readonly #list: TimedList;
  readonly #history: ChangeStream<Instant>;
  readonly #key: readonly (readonly string[])[];

  /** `history`: its backfill is the stream's. */
  constructor(name: string, options: EventsOptions, context: StreamContext, history: ChangeStream<Instant>) {
    this.#options = options;
    this.#context = context;
    this.#list = new TimedList(name, options.events, context);
    this.#history = history;
    this.#key = options.key.map(parsePointer);
    this.lagMs = this.#list.lagMs;
  }

  readonly initial = (nowMs: number): { cursor: Instant; cutoff?: Instant } => this.#list.initial(nowMs);

  async *fetchChanges({
    cursor: seen,
    nowMs,
    signal,
  }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    const { events, longestWindow, retention } = this.#options;
    if (Instant.ofMs(nowMs - spanMs(retention)).isAfter(seen)) {
      yield backfillNeeded(
        `its events are kept for ${retention}, and it was last read at ${seen.toString()}`,
      );
      return;
    }
    const end = this.#list.horizon(nowMs);
    let from = seen;
    while (end.isAfter(from)) {
      const longest = from.plusMs(spanMs(longestWindow));
      const to = longest.isAfter(end) ? end : longest;
      const window = { from: events.cursor.print(from, 'from'), to: events.cursor.print(to, 'to') };
      const list = fixedList(events, { ...knownIn(this.#context), window }, this.#context.query);
      const base = baseRequest(list);
      const request = { ...base, query: { ...base.query, ...events.between(window) } };
      const known = new Set<string>();
      for await (const event of this.#list.read(list, request, undefined, signal)) {
        if (!('next' in event)) yield* this.#rows(event, known);
      }
      yield reached(to);
      from = to;
    }
  }

  fetchPage(call: PageCall<Instant>): AsyncIterable<PageEvent> {
    return this.#history.fetchPage?.(call) ?? none();
  }

  /** `known`: the keys of rows of which a newer event was seen. */
  *#rows({ rows }: Extract<TimedEvent, { rows: unknown }>, known: Set<string>): Generator<DocumentBatch> {
    const kept: JsonObject[] = [];
    const gone: JsonObject[] = [];
    for (const { bytes } of rows) {
      const event = parseJson(bytes);
      const change = isJsonObject(event) ? this.#options.rowOf(event) : undefined;
      if (change === undefined) continue;
      const { row, isDeleted = false } = change;
      const key = canonicalJson(this.#key.map((pointer) => resolvePointer(row, pointer) ?? null));
      if (known.has(key)) continue;
      known.add(key);
      (isDeleted ? gone : kept).push(row);
    }
    if (kept.length > 0) yield documents(kept);
    if (gone.length > 0) yield documents(gone, { op: 'd' });
  }
}

async function* none(): AsyncGenerator<never, void, void> {}
