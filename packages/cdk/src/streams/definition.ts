// What a connector says of its streams. Each kind takes what its rules need and nothing else, so that what would lose
// rows does not compile: changes cannot be paged by offsets of a list that shifts, and have to say how late rows may be.

import type { Clock } from '@weir/connector';
import type { JsonObject } from '@weir/schema/json';
import type { ChangeStream, Cursor, FeedStream, SnapshotStream } from '../engine/stream.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { AnswerRule, Query, RequestBody } from '../http/request.ts';
import type { Paging } from '../paging/paging.ts';
import type { RecordFormat } from '../records/read-records.ts';
import type { FieldSchema, ReductionStrategy } from '../schema/document-schema.ts';
import type { Span } from '../time/duration.ts';
import type { Instant } from '../time/instant.ts';
import type { WebhookDefinition } from '../webhook/webhook-definition.ts';
import type { Timestamp } from './timestamp.ts';

/** Where a list is and how it is read. */
export interface ListOptions<P extends Paging = Paging> {
  /** A path below the API's base. */
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly query?: Query;
  /** Of a POST, which is taken to read only. */
  readonly body?: RequestBody;
  /** Where the records are: `data.items`, `''` for a bare list, `sheets.*.rows`; or another format. */
  readonly records?: string | RecordFormat;
  readonly paging?: P;
  readonly answers?: readonly AnswerRule[];
  /** Changes a record, or leaves it out. Without it records keep their bytes. */
  readonly map?: (record: JsonObject) => JsonObject | undefined;
}

/** What every stream may say. */
export interface StreamOptions {
  readonly interval: Span;
  /** Discovered but not enabled: large, or of use to few. */
  readonly disabled?: boolean;
  /** Fields that the connector relies on, beside the key and the cursor, by JSON pointer. */
  readonly fields?: Readonly<Record<string, FieldSchema>>;
  readonly reduction?: ReductionStrategy;
  /** What the API itself tells of the documents, as the schema of an object. Asked for when a session begins. */
  readonly sourcedSchema?: (context: StreamContext, signal: AbortSignal) => Promise<JsonObject>;
}

export interface Bounds {
  /** As the timestamp prints them. Rows from `from` up to `to` are wanted, both included. */
  readonly from: string;
  readonly to: string;
}

export interface ChangesOptions extends ListOptions<Paging<'stable'>>, StreamOptions {
  /** JSON pointers. */
  readonly key: readonly string[];
  readonly keyType?: 'integer' | 'string';
  readonly cursor: Timestamp;
  /** The filter by time. Without it the whole list is read each time, and rows that have not changed are left out. */
  readonly between?: (bounds: Bounds) => Query;
  /** The filter's upper bound is not part of it. */
  readonly excludesEnd?: boolean;
  /** No window is longer than this; of changes, and of the backfill. */
  readonly longestWindow?: Span;
}

/** A list that is sorted by the time of the update, oldest first, and gives a number of rows at once. */
export interface WalkOptions extends Omit<ListOptions, 'paging'>, StreamOptions {
  /** JSON pointers. */
  readonly key: readonly string[];
  readonly keyType?: 'integer' | 'string';
  readonly cursor: Timestamp;
  /** The filter by time, and the order. Rows from `from` on are wanted, it included. */
  readonly since: (from: string) => Query;
  /** The parameter of the number of rows on a page, and that number. */
  readonly size: readonly [param: string, rows: number];
}

export interface SnapshotOptions extends ListOptions, StreamOptions {
  /**
   * Rows have to come in the same order each time, or all of them are sent each time. `as listed`: the API sorts them
   * (say how with `query`); otherwise they are sorted here by a pointer, which holds all of them in memory.
   */
  readonly order: 'as listed' | { readonly by: string };
}

/** A list below each row of another list, all of them together as one snapshot. */
export interface ChildrenOptions extends Omit<SnapshotOptions, 'path'> {
  /** The rows above. Only their ids are kept, and all of them before the first list is asked for. */
  readonly of: ListOptions;
  /** Where a row above has its id. */
  readonly id: string;
  /** The member of `_meta` that holds it in each document. */
  readonly as: string;
  /** The path of the list below a row; the id is encoded already. */
  readonly path: (id: string) => string;
}

/** What a stream that is written by hand gets to work with. */
export interface StreamContext {
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Nothing before it is wanted. */
  readonly start: Instant;
}

export interface RawChangesOptions extends StreamOptions {
  readonly key: readonly string[];
  readonly open: (context: StreamContext) => ChangeStream<Cursor>;
}

export interface RawSnapshotOptions extends StreamOptions {
  readonly open: (context: StreamContext) => SnapshotStream;
}

export interface FeedOptions extends StreamOptions {
  readonly key: readonly string[];
  readonly open: (context: StreamContext) => FeedStream;
}

interface Definition<K extends string, O> {
  readonly kind: K;
  readonly options: O;
}

export type ChangesDefinition = Definition<'changes', ChangesOptions>;
export type WalkDefinition = Definition<'walk', WalkOptions>;
export type SnapshotDefinition = Definition<'snapshot', SnapshotOptions>;
export type ChildrenDefinition = Definition<'children', ChildrenOptions>;
export type RawChangesDefinition = Definition<'raw changes', RawChangesOptions>;
export type RawSnapshotDefinition = Definition<'raw snapshot', RawSnapshotOptions>;

export type FeedDefinition = Definition<'feed', FeedOptions>;

export type StreamDefinition =
  | ChangesDefinition
  | WalkDefinition
  | SnapshotDefinition
  | ChildrenDefinition
  | RawChangesDefinition
  | RawSnapshotDefinition
  | FeedDefinition
  | WebhookDefinition;

/** Rows that have a time of their last update: what is new, and the history beside it. */
export function changes(options: ChangesOptions): ChangesDefinition {
  return { kind: 'changes', options };
}

/**
 * Changes of a list that is sorted by time. Each page is asked for from the last row of the one before it, by its time and
 * not by its place, so that no row falls between two pages when the list changes.
 */
export function walk(options: WalkOptions): WalkDefinition {
  return { kind: 'walk', options };
}

/** A list that is read whole each time. Rows that go away are deleted. */
export function snapshot(options: SnapshotOptions): SnapshotDefinition {
  return { kind: 'snapshot', options };
}

/**
 * A snapshot of the lists below the rows of another list. A row above that vanishes while it is read has to be told from a
 * failure, by `answers` (404: empty).
 */
export function children(options: ChildrenOptions): ChildrenDefinition {
  return { kind: 'children', options };
}

/** Changes by generators of the connector's own. */
export function rawChanges(options: RawChangesOptions): RawChangesDefinition {
  return { kind: 'raw changes', options };
}

/** A snapshot by a generator of the connector's own. */
export function rawSnapshot(options: RawSnapshotOptions): RawSnapshotDefinition {
  return { kind: 'raw snapshot', options };
}

/** Documents that arrive by themselves; whoever brought them hears back when they are committed. */
export function feed(options: FeedOptions): FeedDefinition {
  return { kind: 'feed', options };
}

/** One stream for each name. */
export function each<const N extends string, D extends StreamDefinition>(
  names: readonly N[],
  make: (name: N) => D,
): Record<N, D> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, D>;
}
