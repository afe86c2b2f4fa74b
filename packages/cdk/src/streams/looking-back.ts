// Changes whose cursor is the time of the last look. Each look goes back beyond it, for rows that are shown late, and sends again
// what it finds there: for lists that are looked at seldom.

import { type ChangeStream, type DocumentBatch, reached } from '../engine/stream.ts';
import { type Span, spanMs } from '../time/duration.ts';
import { horizon, Instant } from '../time/instant.ts';

/** The finest step of the times. */
const TICK_NS = 1_000_000n;
const RUNNING_MS = 2;
const BEGINNING = new Instant(0n);

export interface LookingBackOptions {
  /** So late a row may be shown. */
  readonly lookback: Span;
  /** What changed since then, it included, in any order; more than that does no harm. */
  readonly fetchSince: (from: Instant, signal: AbortSignal) => AsyncIterable<DocumentBatch>;
  /** The backfill; what changed since the beginning of time, without positions, when absent. */
  readonly fetchPage?: NonNullable<ChangeStream<Instant>['fetchPage']>;
}

export function lookingBack({
  lookback,
  fetchSince,
  fetchPage = ({ signal }) => fetchSince(BEGINNING, signal),
}: LookingBackOptions): ChangeStream<Instant> {
  return {
    lagMs: RUNNING_MS,
    initial: (nowMs) => {
      const cursor = horizon(nowMs, TICK_NS, 0);
      return { cursor, cutoff: cursor };
    },
    async *fetchChanges({ cursor, nowMs, signal }) {
      const now = horizon(nowMs, TICK_NS, 0);
      if (!now.isAfter(cursor)) return;
      yield* fetchSince(cursor.plusMs(-spanMs(lookback)), signal);
      yield reached(now);
    },
    fetchPage,
  };
}
