// The contract between the engine and what reads an API. A stream yields documents, and positions that cover all
// documents before them: the engine commits at each position, and may end a call right after one.

import type { Logger } from '@weir/connector';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { Instant } from '../time/instant.ts';

/** c: created, u: updated, or not known to be new, d: deleted. */
export type Operation = 'c' | 'u' | 'd';

/** JSON objects one after another, valid and without space between their tokens. */
export interface DocumentBatch {
  readonly kind: 'documents';
  readonly bytes: Uint8Array;
  /** The n-th document ends before `ends[n]`; the first starts at 0. */
  readonly ends: ArrayLike<number>;
  readonly count: number;
  /** u when absent. */
  readonly op?: Operation;
  /** More members of `_meta`, for instance what a document's parent is. */
  readonly meta?: JsonObject;
  /** The name of another binding that the documents belong to; nothing is sent while that one is not captured. */
  readonly stream?: string;
}

/** Rows that are gone, each by the values of the binding's key in its order. The engine makes the documents. */
export interface Deletions {
  readonly kind: 'deletions';
  readonly keys: readonly (readonly JsonValue[])[];
  readonly stream?: string;
}

/** A point in time, an integer that only grows, or a token that only the API understands and that has no order. */
export type Cursor = Instant | bigint | string;

/** Where a backfill goes on. An object may be a long worklist: only what changed of it is sent. It holds no nulls. */
export type PagePosition = string | number | JsonObject;

export interface Reached<C> {
  readonly kind: 'reached';
  readonly cursor: C;
  /** Nothing more is there now: the stream is called again after the binding's interval. */
  readonly isIdle?: boolean;
}

export interface NextPage {
  readonly kind: 'page';
  readonly page: PagePosition;
  /**
   * What comes next is being read already, and is as old as that: the changes go on waiting for it. Not of parts that take
   * turns.
   */
  readonly isOpen?: boolean;
}

/** The stream cannot go on from its cursor (a log that was cut, a token that is too old): the binding starts over. */
export interface BackfillNeeded {
  readonly kind: 'backfill';
  readonly reason: string;
}

export type ChangeEvent<C> = DocumentBatch | Deletions | Reached<C> | BackfillNeeded;
export type PageEvent = DocumentBatch | Deletions | NextPage;

export interface Call {
  /** Aborted when the session has to end at once. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

export interface ChangesCall<C> extends Call {
  readonly cursor: C;
}

export interface PageCall<C> extends Call {
  /** undefined: from the beginning. */
  readonly page: PagePosition | undefined;
  /** Where the changes begin: the backfill covers everything up to and including it. */
  readonly cutoff: C;
  /** The backfill was started by the binding's schedule, not by a user. */
  readonly isConnectorInitiated: boolean;
}

/**
 * A stream of changes, with or without a backfill beside it. Its methods are called with cursors of its own kind only:
 * a stored cursor of another kind is refused before.
 */
export interface ChangeStream<C extends Cursor> {
  /** Where a binding without state begins. With `cutoff` it has a backfill. */
  readonly initial: (nowMs: number) => { readonly cursor: C; readonly cutoff?: C };
  /** How far behind the clock its cursors always stay. */
  readonly lagMs?: number;
  /**
   * Its rows may be older than what other parts have sent of the same keys, as those of a second, later look are. The
   * others then wait with what they commit for what it is reading.
   */
  readonly isLate?: boolean;
  /**
   * What a call of `fetchPage` was reading when it failed or was cut off, the next session reads as it was then: a file that
   * the API made. Such a call reads nothing behind a position.
   */
  readonly readsOn?: boolean;
  /**
   * Yields documents and then a cursor that covers them, any number of times. Yields no cursor when nothing is new: it
   * is then called again after the binding's interval. Does not wait by itself.
   */
  fetchChanges(call: ChangesCall<C>): AsyncIterable<ChangeEvent<C>>;
  /** Yields documents and page positions. The backfill is done when it ends without a position at last. */
  fetchPage?(call: PageCall<C>): AsyncIterable<PageEvent>;
}

/** All rows there are; always in the same order, unless they have a key. */
export interface SnapshotStream {
  fetchSnapshot(call: Call): AsyncIterable<DocumentBatch>;
  /**
   * JSON pointers. Rows are then known by their keys and not by their numbers: one that is new at the top of the list is all
   * that is sent. The state holds each key, so it is for lists of at most 100,000 rows.
   */
  readonly key?: readonly string[];
  /** Constant members of `_meta` that are part of the collection's key beside the number of the row. */
  readonly meta?: JsonObject;
  /** Members that collections require of every document, so that the deletion of a number has them too. */
  readonly tombstone?: JsonObject;
}

/** Documents that arrive by themselves: webhooks, queues. Ends when the signal is aborted. */
export interface FeedStream {
  run(feed: Feed): Promise<void>;
}

export interface Feed {
  /** Aborted when nothing more may be taken. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * Resolves once the runtime has committed all of it. Calls may overlap. What has not been sent on when `abandoned` is
   * aborted is dropped, and the call rejects with its reason.
   */
  readonly publish: (batches: Iterable<DocumentBatch>, abandoned?: AbortSignal) => Promise<void>;
}

/** One stream, or named ones with a state each: twins, one per account, one per direction. */
export type Parts<S> = { readonly only: S } | { readonly named: Readonly<Record<string, S>> };

export interface StreamOfChanges {
  readonly kind: 'changes';
  readonly parts: Parts<ChangeStream<Cursor>>;
  /** The one backfill of all named parts together; otherwise each has its own. Its changes are not asked for. */
  readonly history?: ChangeStream<Cursor>;
  /** So many parts are read at the same time; those that are furthest behind come first. */
  readonly atOnce?: number;
}

export type Stream =
  | StreamOfChanges
  | { readonly kind: 'snapshot'; readonly parts: Parts<SnapshotStream> }
  | { readonly kind: 'feed'; readonly feed: FeedStream };

export function reached<C>(cursor: C, isIdle = false): Reached<C> {
  return isIdle ? { kind: 'reached', cursor, isIdle } : { kind: 'reached', cursor };
}

export function nextPage(page: PagePosition, isOpen = false): NextPage {
  return isOpen ? { kind: 'page', page, isOpen } : { kind: 'page', page };
}

export function backfillNeeded(reason: string): BackfillNeeded {
  return { kind: 'backfill', reason };
}

export function deletions(keys: readonly (readonly JsonValue[])[]): Deletions {
  return { kind: 'deletions', keys };
}
