// Rows that an API finds by their times before it gives them: a search that names what changed, and may show a change late.
// There are two looks at what changed: a soon one up to now, and a late one at times of which everything can be found, which
// leaves out what the soon one has sent. Rows are read once they are found, so none is older than the time it was found by.
//
// The soon look leaves to the late one what is as old as that one reads. So no more than what changes between the two is
// remembered, however long the capture was stopped; where that is too much, the late look sends rows again.

import {
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  type DocumentBatch,
  type PageCall,
  type PageEvent,
  reached,
  type StreamOfChanges,
} from '../engine/stream.ts';
import { type Span, spanMs } from '../time/duration.ts';
import { horizon, Instant } from '../time/instant.ts';
import { SOON } from './twins.ts';

/** The finest step of the times. */
const TICK_NS = 1_000_000n;
/** A time that is still running, and the one before it, may get another row. */
const RUNNING_MS = 2;

export interface FoundRow {
  readonly id: string;
  readonly time: Instant;
}

export interface TwoLooksOptions<R extends FoundRow> {
  /** So late most changes are found; the soon look finds them. */
  readonly soon: Span;
  /** So late all of them are found. */
  readonly late: Span;
  /** The name of the late look in the state. */
  readonly lookbackAs: string;
  /** No look is at a longer time without a checkpoint. */
  readonly longestWindow?: Span;
  /** What changed in a time, both bounds included, in any order; more than that does no harm. */
  readonly find: (from: Instant, to: Instant, signal: AbortSignal) => AsyncIterable<readonly R[]>;
  readonly read: (rows: readonly R[], signal: AbortSignal) => AsyncIterable<DocumentBatch>;
  readonly fetchPage: (call: PageCall<Instant>) => AsyncIterable<PageEvent>;
}

export function twoLooks<R extends FoundRow>(options: TwoLooksOptions<R>): StreamOfChanges {
  const sent = new SentIds();
  const soon = new SoonLook(options, sent);
  const late = new LateLook(options, sent);
  return {
    kind: 'changes',
    parts: { named: { [SOON]: soon, [options.lookbackAs]: late } },
    history: soon,
  };
}

class SoonLook<R extends FoundRow> implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly #options: TwoLooksOptions<R>;
  readonly #sent: SentIds;

  constructor(options: TwoLooksOptions<R>, sent: SentIds) {
    this.#options = options;
    this.#sent = sent;
    this.lagMs = spanMs(options.soon) + RUNNING_MS;
  }

  readonly initial = (nowMs: number): { cursor: Instant; cutoff: Instant } => {
    const cursor = horizon(nowMs, TICK_NS, spanMs(this.#options.soon));
    return { cursor, cutoff: cursor };
  };

  async *fetchChanges({ cursor, nowMs, signal }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>> {
    const { find, read, soon, late, longestWindow } = this.#options;
    const end = horizon(nowMs, TICK_NS, spanMs(soon));
    const oldest = horizon(nowMs, TICK_NS, spanMs(late));
    for (const { from, to } of windows(later(cursor, oldest), end, longestWindow)) {
      const fresh: FoundRow[] = [];
      const until = end.isAfter(to) ? to : Instant.ofMs(nowMs);
      for await (const found of find(from, until, signal)) {
        const unsent = found.filter((row) => !this.#sent.has(row));
        yield* read(unsent, signal);
        for (const { id, time } of unsent) fresh.push({ id, time });
      }
      yield reached(to);
      // Only now it is committed, and may be left out by the late look, whose commit is another one.
      this.#sent.add(fresh);
    }
  }

  fetchPage(call: PageCall<Instant>): AsyncIterable<PageEvent> {
    return this.#options.fetchPage(call);
  }
}

class LateLook<R extends FoundRow> implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly isLate = true;
  readonly #options: TwoLooksOptions<R>;
  readonly #sent: SentIds;

  constructor(options: TwoLooksOptions<R>, sent: SentIds) {
    this.#options = options;
    this.#sent = sent;
    this.lagMs = spanMs(options.late) + RUNNING_MS;
  }

  readonly initial = (nowMs: number): { cursor: Instant } => ({
    cursor: horizon(nowMs, TICK_NS, spanMs(this.#options.late)),
  });

  async *fetchChanges({ cursor, nowMs, signal }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>> {
    const { find, read, late, longestWindow } = this.#options;
    const end = horizon(nowMs, TICK_NS, spanMs(late));
    for (const { from, to } of windows(cursor, end, longestWindow)) {
      for await (const found of find(from, to, signal)) {
        yield* read(
          found.filter((row) => !this.#sent.has(row)),
          signal,
        );
      }
      yield reached(to);
      this.#sent.forgetBefore(to);
    }
  }
}

/** Each begins with the tick at which the one before it ended. */
function* windows(
  first: Instant,
  end: Instant,
  longest: Span | undefined,
): Generator<{ readonly from: Instant; readonly to: Instant }, void, void> {
  let from = first;
  while (end.isAfter(from)) {
    const to = longest === undefined ? end : earlier(from.plusMs(spanMs(longest)), end);
    yield { from, to };
    from = to;
  }
}

function earlier(left: Instant, right: Instant): Instant {
  return left.isAfter(right) ? right : left;
}

function later(left: Instant, right: Instant): Instant {
  return left.isAfter(right) ? left : right;
}

/** So many are remembered: some megabytes. */
const MOST_SENT = 50_000;

/** What has been sent, by its time; of too much, the newest. */
export class SentIds {
  readonly #times = new Map<string, Instant>();

  get size(): number {
    return this.#times.size;
  }

  /** Whether the row was sent as it is, or as it was later. */
  has({ id, time }: FoundRow): boolean {
    const sent = this.#times.get(id);
    return sent !== undefined && !time.isAfter(sent);
  }

  add(rows: readonly FoundRow[]): void {
    for (const { id, time } of rows) {
      this.#times.delete(id);
      this.#times.set(id, time);
    }
    for (const id of this.#times.keys()) {
      if (this.#times.size <= MOST_SENT) return;
      this.#times.delete(id);
    }
  }

  forgetBefore(time: Instant): void {
    for (const [id, sent] of this.#times) if (time.isAfter(sent)) this.#times.delete(id);
  }
}
