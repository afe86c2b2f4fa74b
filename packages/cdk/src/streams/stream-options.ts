// What streams of several kinds say: how often they are read, how their rows are told apart, and what they get to work with.

import type { Clock } from '@weir/connector';
import type { JsonObject } from '@weir/schema/json';
import type { HttpClient } from '../http/http-client.ts';
import type { Query } from '../http/request.ts';
import type { FieldSchema, ReductionStrategy } from '../schema/document-schema.ts';
import type { Span } from '../time/duration.ts';
import type { Instant } from '../time/instant.ts';
import type { Known } from './list-options.ts';
import type { Timestamp } from './timestamp.ts';

/** What every stream may say. */
export interface StreamOptions {
  readonly interval: Span;
  /** When it is backfilled again, as five fields of cron in UTC, unless its binding says otherwise. */
  readonly schedule?: string;
  /** A schedule that discovery proposes. A binding that has none is not backfilled again. */
  readonly proposedSchedule?: string;
  /** Discovered but not enabled: large, or of use to few. */
  readonly disabled?: boolean;
  /** Fields that the connector relies on, beside the key and the cursor, by JSON pointer. */
  readonly fields?: Readonly<Record<string, FieldSchema>>;
  readonly reduction?: ReductionStrategy;
  /** Where a stream like it has parts in other configurations: the part whose state goes on in a stream without any. */
  readonly formerPart?: string;
  /** What the API itself tells of the documents, as the schema of an object. Asked for when a session begins. */
  readonly sourcedSchema?: (context: StreamContext, signal: AbortSignal) => Promise<JsonObject>;
}

/** What a stream that is written by hand gets to work with. */
export interface StreamContext {
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Nothing before it is wanted. */
  readonly start: Instant;
  /** What the user has configured; undefined while a plan is made. */
  readonly config?: object;
  /** Parameters of every list. */
  readonly query?: Query;
  /** Those of the sites of the configuration, by their names, where the definition has sites. */
  readonly sites?: ReadonlyMap<string, StreamContext>;
}

/** What every list of a stream knows. */
export function knownIn({ config = {}, start }: Pick<StreamContext, 'config' | 'start'>): Known {
  return { config, start };
}

export interface Bounds {
  /** As the timestamp prints them. Rows from `from` up to `to` are wanted, both included. */
  readonly from: string;
  readonly to: string;
}

/** How the rows of a collection are told apart. */
export interface KeyOptions {
  /** JSON pointers. */
  readonly key: readonly string[];
  readonly keyType?: 'integer' | 'string';
}

/** Rows that say themselves that they are deleted leave as deletions. */
export interface DeletionOptions {
  readonly isDeleted?: (record: JsonObject) => boolean;
}

/** A time of creation never shows a change: what changed is found by a backfill, which then has to have a schedule. */
export type TimeOfRow =
  | { readonly cursor: Timestamp<'updated'> }
  | { readonly cursor: Timestamp<'created'>; readonly schedule: string };

/**
 * How the rows of a snapshot are told apart. By their numbers, they have to come in the same order each time, or all of them
 * are sent each time. `as listed`: the API sorts them (say how with `query`); otherwise they are sorted here by a pointer,
 * which holds all of them in memory. By their keys, only what changes is sent; for at most 100,000 rows.
 */
export type RowIdentity = { readonly order: 'as listed' | { readonly by: string } } | KeyOptions;
