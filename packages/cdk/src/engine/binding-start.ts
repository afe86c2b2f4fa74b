// What a binding begins its session with: the state it was committed with, a fresh one, or, when its schedule says so, a
// backfill anew. Whatever is written here is committed before any of the binding's documents.

import { type JsonObject, setProperty } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { Instant } from '../time/instant.ts';
import { type ApiBinding, partName } from './api-binding.ts';
import {
  backfillJson,
  BindingState,
  compareCursors,
  cursorJson,
  NO_SNAPSHOT,
  sameKind,
  snapshotJson,
} from './binding-state.ts';
import { underParts } from './main-part.ts';
import type { ChangeStream, Cursor, Parts, Stream } from './stream.ts';

export type Start = 'goes on' | 'begins' | 'begins again by schedule';

/** Brings the state to where tasks can begin. `requested`: a backfill was asked for by the stream itself. */
export function startBinding(
  binding: ApiBinding,
  stored: BindingState,
  requested: boolean,
  nowMs: number,
): { readonly start: Start; readonly json: JsonObject } {
  if (requested || stored.isEmpty) return { start: 'begins', json: initialState(binding, nowMs, false) };
  const state = new BindingState(binding.name, underParts(binding, stored.json));
  const due = dueRestart(binding, state, nowMs);
  if (!due) return { start: 'goes on', json: withNewParts(binding, state, nowMs) };
  return { start: 'begins again by schedule', json: scheduledState(binding, state, nowMs) };
}

/** Whether the schedule has asked for a backfill that has not begun. One that is running is left alone. */
export function dueRestart({ schedule, stream }: ApiBinding, state: BindingState, nowMs: number): boolean {
  const since = state.lastInitialized;
  if (schedule === undefined || since === undefined || stream.kind !== 'changes') return false;
  const isRunning = backfillsOf(stream).some(([part]) => state.backfill(part) !== undefined);
  return !isRunning && schedule.next(since.ms, nowMs) !== undefined;
}

type NamedStream = readonly [part: string | undefined, stream: ChangeStream<Cursor>];

/** The streams whose backfills a binding has, and the names those have in its state. */
export function backfillsOf(stream: Extract<Stream, { kind: 'changes' }>): NamedStream[] {
  return stream.history === undefined ? partsOf(stream.parts) : [[undefined, stream.history]];
}

export function partsOf<S>(parts: Parts<S>): (readonly [part: string | undefined, stream: S])[] {
  return 'only' in parts ? [[undefined, parts.only]] : Object.entries(parts.named);
}

function initialState(binding: ApiBinding, nowMs: number, isConnectorInitiated: boolean): JsonObject {
  const json: JsonObject = {};
  const { stream } = binding;
  if (stream.kind === 'changes') {
    for (const [part, each] of partsOf(stream.parts)) putCursor(json, part, each, nowMs);
    for (const [part, each] of backfillsOf(stream)) putBackfill(json, part, each, nowMs);
  } else if (stream.kind === 'snapshot') {
    for (const [part] of partsOf(stream.parts)) put(json, 'snapshot', part, snapshotJson(NO_SNAPSHOT));
  }
  json['last_initialized'] = Instant.ofMs(nowMs).toString();
  json['is_connector_initiated'] = isConnectorInitiated;
  return json;
}

function putCursor(
  json: JsonObject,
  part: string | undefined,
  stream: ChangeStream<Cursor>,
  nowMs: number,
  former?: Cursor,
): void {
  // What a late look would have found, the one cursor before it had not seen.
  const { isLate = false, lagMs = 0 } = stream;
  const seen = isLate && former instanceof Instant ? former.plusMs(-lagMs) : former;
  put(json, 'inc', part, { cursor: cursorJson(earlier(stream.initial(nowMs).cursor, seen)) });
}

function putBackfill(
  json: JsonObject,
  part: string | undefined,
  stream: ChangeStream<Cursor>,
  nowMs: number,
  former?: Cursor,
): void {
  const { cutoff } = stream.initial(nowMs);
  if (cutoff === undefined) return;
  put(json, 'backfill', part, backfillJson({ cutoff: earlier(cutoff, former), page: undefined }));
}

/** Tokens have no order: a part begins with its own. */
function earlier(own: Cursor, former: Cursor | undefined): Cursor {
  return former !== undefined && (compareCursors(former, own) ?? 0) < 0 ? former : own;
}

function put(json: JsonObject, field: string, part: string | undefined, value: JsonObject): void {
  if (part === undefined) {
    json[field] = value;
    return;
  }
  const parts = (json[field] ??= {}) as JsonObject;
  setProperty(parts, part, value);
}

/**
 * Where cursors are times and there is one backfill up to a time, changes go on as they are, and the backfill reads
 * again what lies before the oldest of their cursors. Otherwise everything begins again.
 */
function scheduledState(binding: ApiBinding, state: BindingState, nowMs: number): JsonObject {
  const { stream } = binding;
  if (stream.kind !== 'changes') return initialState(binding, nowMs, true);
  const cursors = partsOf(stream.parts).map(([part]) => state.cursor(part));
  const backfills = backfillsOf(stream).filter(([, each]) => each.initial(nowMs).cutoff !== undefined);
  const [first, ...others] = cursors;
  const [backfill, ...more] = backfills;
  if (!(first instanceof Instant) || backfill === undefined || more.length > 0) {
    return initialState(binding, nowMs, true);
  }
  let oldest = first;
  for (const other of others) {
    if (!(other instanceof Instant)) return initialState(binding, nowMs, true);
    if (oldest.isAfter(other)) oldest = other;
  }
  const json: JsonObject = { inc: state.json['inc'] ?? {} };
  put(json, 'backfill', backfill[0], backfillJson({ cutoff: oldest, page: undefined }));
  json['last_initialized'] = Instant.ofMs(nowMs).toString();
  json['is_connector_initiated'] = true;
  return json;
}

/**
 * Parts that the stream has now and the state does not know begin where a new binding would; where the stream had no parts
 * before, not later than where it was, as what has changed since then is known to none of them.
 */
function withNewParts(binding: ApiBinding, state: BindingState, nowMs: number): JsonObject {
  const { stream } = binding;
  if (stream.kind !== 'changes') return state.json;
  const added: JsonObject = {};
  const all = partsOf(stream.parts);
  const hadNone = all.every(([part]) => state.cursor(part) === undefined);
  const former = hadNone ? state.cursor(undefined) : undefined;
  for (const [part, each] of all) {
    const known = state.cursor(part) ?? former;
    if (known !== undefined) assertKind(binding, part, known, each.initial(nowMs).cursor);
    if (state.cursor(part) !== undefined) continue;
    putCursor(added, part, each, nowMs, former);
    // A later look at rows that are known already has no history of its own.
    if (stream.history === undefined) putBackfill(added, part, each, nowMs, former);
  }
  return mergeParts(state.json, added, 'named' in stream.parts);
}

function mergeParts(json: JsonObject, added: JsonObject, isNamed: boolean): JsonObject {
  const merged = { ...json };
  for (const [field, value] of Object.entries(added)) {
    const old = merged[field];
    const keeps =
      isNamed && typeof old === 'object' && old !== null && !('cursor' in old) && !('cutoff' in old);
    merged[field] = keeps ? { ...(old as JsonObject), ...(value as JsonObject) } : value;
  }
  return merged;
}

function assertKind(binding: ApiBinding, part: string | undefined, stored: Cursor, own: Cursor): void {
  if (sameKind(stored, own) && (compareCursors(stored, own) !== undefined || typeof own === 'string')) return;
  throw errors.CDK_STATE_INVALID({
    message: `The stored cursor of ${partName(binding, part)} is of another kind than the stream has.`,
  });
}
