// Streams of changes that are read by times, by numbers or by tokens.

import type { JsonObject } from '@weir/schema/json';
import type { AnswerRule, Query } from '../http/request.ts';
import type { Paging } from '../paging/paging.ts';
import type { Span } from '../time/duration.ts';
import type { Instant } from '../time/instant.ts';
import type { ChildChangesDefinition } from './definition.ts';
import type { Known, KnownPlace, KnownWindow, ListOptions } from './list-options.ts';
import type { Bounds, DeletionOptions, KeyOptions, StreamOptions, TimeOfRow } from './stream-options.ts';
import type { Timestamp } from './timestamp.ts';

interface WindowsOfTime<C>
  extends ListOptions<Paging<'stable'>, KnownWindow<C>>, StreamOptions, KeyOptions, DeletionOptions {
  /** The filter by time. Without it the whole list is read each time, and rows that have not changed are left out. */
  readonly between?: (bounds: Bounds) => Query;
  /** The filter's lower bound is not part of it. */
  readonly excludesStart?: boolean;
  /** The filter's upper bound is not part of it. */
  readonly excludesEnd?: boolean;
  /** No window is longer than this; of changes, and of the backfill. */
  readonly longestWindow?: Span;
  /** Of changes alone, where it is not as long: the pages of the backfill are its positions. */
  readonly longestLook?: Span;
  /** All rows are wanted, also those from before the start date: settings of the account, which others refer to. */
  readonly ignoresStart?: boolean;
}

/** Where a backfill that was interrupted goes on. */
type Resuming =
  | { readonly resumes?: 'at its page' }
  /**
   * Of an API that forgets its pages. The position is a time: the one at which the window begins, or, of rows that are sorted
   * by their times, oldest first, one on the last page that was read. Those times name their zone.
   */
  | {
      readonly resumes: 'at its window' | 'at its last page';
      readonly longestWindow: Span;
      readonly between: (bounds: Bounds) => Query;
    };

interface SecondLook {
  /**
   * A second look at the same times so much later, for rows that appear later than the lag. The lag then says how soon the
   * first look is; rows that appear later than the second one are lost.
   */
  readonly lookback?: Span;
  /** The name of the second look in the state; `lookback` when absent. */
  readonly lookbackAs?: string;
  /**
   * Times are so fine that a row with the time of one that was sent is that one, which the second look leaves out. Otherwise
   * it compares the rows themselves, and reads what is below them again.
   */
  readonly sameTimeIsSameRow?: boolean;
}

export type ChangesOptions<C = unknown> = WindowsOfTime<C> & SecondLook & Resuming & TimeOfRow;

interface WalkedList<C>
  extends Omit<ListOptions<Paging, KnownPlace<C>>, 'paging'>, StreamOptions, KeyOptions, DeletionOptions {
  /** The filter by time, and the order. Rows from `from` on are wanted, it included. */
  readonly since: (from: string) => Query;
  /** The parameter of the number of rows on a page, and that number. */
  readonly size: readonly [param: string, rows: number];
  /** short: a page with fewer rows is the last. level: one that shows no later time than it was asked for is. */
  readonly ends?: 'short' | 'level';
}

/** A list that is sorted by the time of the update, oldest first, and gives a number of rows at once. */
export type WalkOptions<C = unknown> = WalkedList<C> & TimeOfRow;

interface NewestFirstList<C>
  extends ListOptions<Paging<'stable'>, Known<C>>, StreamOptions, KeyOptions, DeletionOptions {}

/** A list that is sorted by time, newest first. */
export type DescentOptions<C = unknown> = NewestFirstList<C> & TimeOfRow;

/** What an event says of a row. */
export interface RowChange {
  readonly row: JsonObject;
  readonly isDeleted?: boolean;
}

/** A list that is sorted by time, newest first. */
export interface ListByTime<K = Known> extends ListOptions<Paging<'stable'>, K>, DeletionOptions {
  readonly cursor: Timestamp;
}

/** Rows whose changes are events of a log. */
export interface EventsOptions<C = unknown> extends StreamOptions, KeyOptions {
  /** The log, newest first. The events that this stream wants are asked for, or the others told apart by `rowOf`. */
  readonly events: ListByTime<KnownWindow<C>> & { readonly between: (bounds: Bounds) => Query };
  /** undefined for an event that is none of this stream's. */
  readonly rowOf: (event: JsonObject) => RowChange | undefined;
  readonly longestWindow: Span;
  /** So long events are kept. */
  readonly retention: Span;
  /** What was before: the list of the rows themselves, or the lists below others. */
  readonly history: ListByTime<Known<C>> | ChildChangesDefinition<C>;
}

/** A list whose rows have a number, and every new one a greater number than all before it. */
export interface SequenceOptions<C = unknown>
  extends Omit<ListOptions<Paging, KnownPlace<C>>, 'paging'>, StreamOptions, KeyOptions, DeletionOptions {
  /** Where a row has its number: a JSON pointer. */
  readonly number: string;
  /** The filter: rows with a greater number are wanted, in the order of their numbers. */
  readonly after: (number: string) => Query;
  /** The parameter of the number of rows on a page, and that number. */
  readonly size: readonly [param: string, rows: number];
  /** Nothing up to this number is wanted; 0. */
  readonly first?: bigint;
}

/** A list that tells by a token what has changed since the token was given. */
export interface TokenOptions<C = unknown>
  extends
    Omit<ListOptions<Paging, KnownPlace<C, string | undefined>>, 'paging'>,
    StreamOptions,
    KeyOptions,
    DeletionOptions {
  /** Where an answer has the token of the next request, and the parameter that it is sent as; in the body of a POST. */
  readonly token: {
    readonly at: string;
    readonly param: string;
    /** How the state has it, where that is not as the API gives it, and what is asked for with what the state has. */
    readonly kept?: {
      readonly form: (token: string) => string;
      readonly query: (kept: string) => Query;
    };
  };
  /** Where an answer says whether there is more right now; without it and `last`, a page without rows is the end. */
  readonly more?: string;
  /** Where an answer says that nothing is left for now. */
  readonly last?: string;
  /** Of the first request, which has no token: where the list begins. Otherwise everything is wanted. */
  readonly first?: (start: Instant) => Query;
  /** The answer to a token that is too old. Everything is listed again then. */
  readonly forgotten?: Pick<AnswerRule, 'status' | 'text'>;
}

export interface Days {
  /** `2024-05-05`; both included. */
  readonly from: string;
  readonly to: string;
}

/** A report whose rows are what the API says of a day. Its window is the days. */
export interface ReportOptions<C = unknown>
  extends ListOptions<Paging<'stable'>, KnownWindow<C>>, StreamOptions, KeyOptions {
  readonly between: (days: Days) => Query;
  /** So long after its end a day is complete. */
  readonly lag: Span;
  /** The IANA zone of the days; UTC when absent. */
  readonly zone?: string;
  /** The longest window, in days; one. */
  readonly longestWindow?: number;
  /** So many days go on changing after they were complete, and are read again each day. */
  readonly reread?: number;
}
