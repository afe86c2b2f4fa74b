// The incremental half of a stream: calls `fetchChanges` again and again from the last cursor, commits at each cursor,
// and decides when to call next.

import type { Clock, Logger } from '@weir/connector';
import { errors } from '../errors.ts';
import { Instant } from '../time/instant.ts';
import { type ApiBinding, partName } from './api-binding.ts';
import { type BindingState, compareCursors, cursorJson } from './binding-state.ts';
import type { PagesInFlight } from './pages-in-flight.ts';
import type { Stopping } from './stopping.ts';
import type { ChangeStream, Cursor, Reached } from './stream.ts';
import { TaskOutput, type TaskTargets } from './task-output.ts';
import type { Turns } from './turns.ts';

/** What a task of a binding works with. */
export interface TaskContext {
  readonly targets: TaskTargets;
  readonly binding: ApiBinding;
  readonly part: string | undefined;
  readonly state: BindingState;
  /** Those of the binding's backfills. */
  readonly pages: PagesInFlight;
  /** What its later looks are reading. */
  readonly lateRows: PagesInFlight;
  /** Where a binding has many parts: whose turn it is to read. */
  readonly turns: Turns | undefined;
  readonly clock: Clock;
  readonly stopping: Stopping;
  readonly log: Logger;
}

/** `onBackfillNeeded` writes down that the binding starts over; the session then ends. */
export async function runChanges(
  context: TaskContext,
  stream: ChangeStream<Cursor>,
  first: Cursor,
  onBackfillNeeded: (reason: string) => Promise<void>,
): Promise<void> {
  const { targets, binding, clock, stopping, lateRows, turns } = context;
  await using out = new TaskOutput(targets, binding);
  const pace = { intervalMs: binding.intervalMs, lagMs: stream.lagMs ?? 0 };
  let cursor = first;
  if (cursor instanceof Instant) await clock.until(dueMs(cursor, pace), stopping.gentle);
  while (!stopping.isAsked) {
    let called: Called;
    {
      const waitingSinceMs = clock.now();
      using _turn = await turns?.take(() => rankOf(cursor, waitingSinceMs), stopping.gentle);
      try {
        if (stream.isLate === true) lateRows.departs(out);
        called = await callOnce(context, stream, cursor, out);
      } finally {
        lateRows.lands(out);
      }
    }
    if (called.backfillReason !== undefined) return await onBackfillNeeded(called.backfillReason);
    ({ cursor } = called);
    if (stopping.isAsked) return;
    if (called.isIdle) await clock.until(clock.now() + pace.intervalMs, stopping.gentle);
    else if (cursor instanceof Instant) await clock.until(dueMs(cursor, pace), stopping.gentle);
  }
}

interface Called {
  readonly cursor: Cursor;
  /** Nothing was new, or nothing more is. */
  readonly isIdle: boolean;
  readonly backfillReason?: string;
}

/** One call of the stream, up to its end or to the first checkpoint after the session was asked to end. */
async function callOnce(
  context: TaskContext,
  stream: ChangeStream<Cursor>,
  from: Cursor,
  out: TaskOutput,
): Promise<Called> {
  const { binding, clock, stopping, part, state, pages, lateRows, log } = context;
  let cursor = from;
  let isIdle = true;
  const call = { cursor, signal: stopping.hard, log, nowMs: clock.now() };
  for await (const event of stream.fetchChanges(call)) {
    stopping.hard.throwIfAborted();
    switch (event.kind) {
      case 'documents':
        await out.add(event);
        break;
      case 'deletions':
        await out.addDeletions(event);
        break;
      case 'backfill':
        out.discard();
        return { cursor, isIdle, backfillReason: event.reason };
      case 'reached':
        assertAdvanced(context, cursor, event);
        cursor = event.cursor;
        isIdle = event.isIdle === true;
        await pages.landed(stopping.hard);
        if (stream.isLate !== true) await lateRows.landed(stopping.hard);
        await out.commit(state.setCursor(part, cursor));
        if (stream.isLate === true) {
          lateRows.lands(out);
          lateRows.departs(out);
        }
        // A checkpoint is where a call may end early.
        if (stopping.isAsked) return { cursor, isIdle };
        break;
    }
  }
  if (out.pending > 0) {
    throw errors.CDK_STREAM_DEFECT({
      message: `${partName(binding, part)} gave ${out.pending} documents and no cursor that covers them.`,
    });
  }
  return { cursor, isIdle };
}

/** Those that are furthest behind come first. Where no time tells how far that is, it counts from when it began to wait. */
function rankOf(cursor: Cursor, waitingSinceMs: number): number {
  return cursor instanceof Instant ? cursor.ms : waitingSinceMs;
}

interface Pace {
  readonly intervalMs: number;
  readonly lagMs: number;
}

/** A stream that is further behind than its interval is called again at once. */
function dueMs(cursor: Instant, { intervalMs, lagMs }: Pace): number {
  return cursor.ms + lagMs + intervalMs;
}

function assertAdvanced(
  { binding, part, clock }: TaskContext,
  before: Cursor,
  { cursor }: Reached<Cursor>,
): void {
  const order = compareCursors(cursor, before);
  const isToken = typeof cursor === 'string' && typeof before === 'string';
  if (!isToken && (order === undefined || order <= 0)) {
    throw errors.CDK_CURSOR_NOT_ADVANCED({
      message: `${partName(binding, part)} went from the cursor ${text(before)} to ${text(cursor)}.`,
    });
  }
  if (cursor instanceof Instant && cursor.isAfter(Instant.ofMs(clock.now()))) {
    throw errors.CDK_CURSOR_AHEAD({
      message: `${partName(binding, part)} claims everything up to ${text(cursor)}, and it is only ${text(Instant.ofMs(clock.now()))}.`,
    });
  }
}

function text(cursor: Cursor): string {
  return JSON.stringify(cursorJson(cursor), (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}
