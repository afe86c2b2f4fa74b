// What a connector says of its streams. Each kind takes what its rules need and nothing else, so that what would lose
// rows does not compile: changes cannot be paged by offsets of a list that shifts, and have to say how late rows may be.

import type { Clock } from '@weir/connector';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { ChangeStream, Cursor, FeedStream, SnapshotStream } from '../engine/stream.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { BudgetLeft } from '../http/rate-limit.ts';
import type { AnswerRule, ApiRequest, Query, RequestBody } from '../http/request.ts';
import type { Paging } from '../paging/paging.ts';
import type { RecordFormat } from '../records/read-records.ts';
import type { FieldSchema, ReductionStrategy } from '../schema/document-schema.ts';
import type { Span } from '../time/duration.ts';
import type { Instant } from '../time/instant.ts';
import type { WebhookDefinition } from '../webhook/webhook-definition.ts';
import type { CompleteRecord } from './list-reader.ts';
import type { RecordMap } from './record-batches.ts';
import type { NestedRows } from './row-tree.ts';
import type { Timestamp } from './timestamp.ts';

/** Where a list is and how it is read. */
export interface ListOptions<P extends Paging = Paging> {
  /** A path below the API's base. */
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a POST, which is taken to read only. */
  readonly body?: RequestBody;
  /** Where the records are: `data.items`, `''` for a bare list, `sheets.*.rows`; or another format. */
  readonly records?: string | RecordFormat;
  readonly paging?: P;
  readonly answers?: readonly AnswerRule[];
  /** Changes a record, makes several of it, or leaves it out. Without it records keep their bytes. */
  readonly map?: RecordMap;
  /** Of a file whose lines belong below others of it. `map` gets whole documents. */
  readonly nested?: NestedRows;
  /** Asks for what a record lacks, before `map`; a page is then held in memory. */
  readonly complete?: CompleteRecord;
  /** Throws when what is around the records says that something failed, or that they are not all. */
  readonly check?: (envelope: JsonValue) => void;
  /** What a page spends of a budget of points (`costBudget`), and what its answer tells of what is left. */
  readonly cost?: number;
  readonly budget?: (envelope: JsonValue) => BudgetLeft | undefined;
}

/** What every stream may say. */
export interface StreamOptions {
  readonly interval: Span;
  /** When it is backfilled again, as five fields of cron in UTC, unless its binding says otherwise. */
  readonly schedule?: string;
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

interface WindowsOfTime extends ListOptions<Paging<'stable'>>, StreamOptions, KeyOptions, DeletionOptions {
  /** The filter by time. Without it the whole list is read each time, and rows that have not changed are left out. */
  readonly between?: (bounds: Bounds) => Query;
  /** The filter's lower bound is not part of it. */
  readonly excludesStart?: boolean;
  /** The filter's upper bound is not part of it. */
  readonly excludesEnd?: boolean;
  /** No window is longer than this; of changes, and of the backfill. */
  readonly longestWindow?: Span;
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
  /**
   * Times are so fine that a row with the time of one that was sent is that one, which the second look leaves out. Otherwise
   * it compares the rows themselves, and reads what is below them again.
   */
  readonly sameTimeIsSameRow?: boolean;
}

export type ChangesOptions = WindowsOfTime & SecondLook & Resuming & TimeOfRow;

interface WalkedList extends Omit<ListOptions, 'paging'>, StreamOptions, KeyOptions, DeletionOptions {
  /** The filter by time, and the order. Rows from `from` on are wanted, it included. */
  readonly since: (from: string) => Query;
  /** The parameter of the number of rows on a page, and that number. */
  readonly size: readonly [param: string, rows: number];
}

/** A list that is sorted by the time of the update, oldest first, and gives a number of rows at once. */
export type WalkOptions = WalkedList & TimeOfRow;

interface NewestFirstList extends ListOptions<Paging<'stable'>>, StreamOptions, KeyOptions, DeletionOptions {}

/** A list that is sorted by time, newest first. */
export type DescentOptions = NewestFirstList & TimeOfRow;

/** What an event says of a row. */
export interface RowChange {
  readonly row: JsonObject;
  readonly isDeleted?: boolean;
}

/** A list that is sorted by time, newest first. */
export interface ListByTime extends ListOptions<Paging<'stable'>>, DeletionOptions {
  readonly cursor: Timestamp;
}

/** Rows whose changes are events of a log. */
export interface EventsOptions extends StreamOptions, KeyOptions {
  /** The log, newest first. The events that this stream wants are asked for, or the others told apart by `rowOf`. */
  readonly events: ListByTime & { readonly between: (bounds: Bounds) => Query };
  /** undefined for an event that is none of this stream's. */
  readonly rowOf: (event: JsonObject) => RowChange | undefined;
  readonly longestWindow: Span;
  /** So long events are kept. */
  readonly retention: Span;
  /** What was before: the list of the rows themselves, or the lists below others. */
  readonly history: ListByTime | ChildChangesDefinition;
}

/** A list whose rows have a number, and every new one a greater number than all before it. */
export interface SequenceOptions
  extends Omit<ListOptions, 'paging'>, StreamOptions, KeyOptions, DeletionOptions {
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
export interface TokenOptions
  extends Omit<ListOptions, 'paging'>, StreamOptions, KeyOptions, DeletionOptions {
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
  /** Where an answer says whether there is more right now; without it, a page without rows is the end. */
  readonly more?: string;
  /** Of the first request, which has no token: where the list begins. Otherwise everything is wanted. */
  readonly first?: (start: Instant) => Query;
  /** The answer to a token that is too old. Everything is listed again then. */
  readonly forgotten?: Pick<AnswerRule, 'status' | 'text'>;
}

/** A file that the API makes when it is asked to. */
export interface ExportJob {
  /** Has the rows of a time exported, both bounds included. `isSafe` if it does no harm to ask twice. */
  readonly create: (bounds: Bounds) => ApiRequest;
  /** Where the answer to that has the id of the job. */
  readonly id: string;
  readonly poll: (id: string) => ApiRequest;
  /**
   * Looks for a job of these rows that was created, and whose id nobody could note: the session was killed, or the answer was
   * lost. It is waited for instead of having another made. What was created before `since` is not meant.
   */
  readonly find?: (
    bounds: Bounds,
    since: string,
  ) => { readonly request: ApiRequest; readonly id: (answer: JsonValue) => string | undefined };
  /** Where the answer to `create` says that the API makes no more jobs for now. It is asked again later. */
  readonly busy?: { readonly at: string; readonly says: readonly string[] };
  /** Where the answer to that says how the job is, and what it says when the job has ended. */
  readonly state: string;
  readonly done: readonly string[];
  readonly failed: readonly string[];
  /** Where it says why a job failed. */
  readonly reason?: string;
  /** The window had too many rows, and is halved: a state, or a reason of a failure. */
  readonly tooLarge?: readonly string[];
  /** The answer for a job that is no longer known. It is created anew then. */
  readonly gone?: Pick<AnswerRule, 'status' | 'text'>;
  /** The answer for a file that is no longer kept. The job is created anew then. */
  readonly forgotten?: Pick<AnswerRule, 'status' | 'text'>;
  /** The pause after the first question, and the longest that it grows to. */
  readonly wait: readonly [first: Span, longest: Span];
  /** So long a session waits for a job. */
  readonly patience: Span;
  /** Where a session is cut off, a job that it can not come back to is ended. */
  readonly cancel?: (id: string) => ApiRequest;
  /** What the rows are read from. undefined: there were rows, and their files are no longer kept. */
  readonly files: (answer: JsonObject, id: string) => readonly ApiRequest[] | undefined;
}

/** Rows that the API writes into files, by windows of time. */
export type ExportOptions = Pick<ListOptions, 'records' | 'map' | 'nested' | 'check'> &
  StreamOptions &
  KeyOptions &
  DeletionOptions &
  TimeOfRow & {
    readonly job: ExportJob;
    /** No job is for a longer time; in milliseconds where the user says it. */
    readonly longestWindow: Span | ((context: Pick<StreamContext, 'config'>) => number);
    /** A list of the same rows. It is read where the changes are of no longer time: a job would take longer. */
    readonly recent?: ListOptions<Paging<'stable'>> & {
      readonly within: Span;
      readonly between: (bounds: Bounds) => Query;
    };
  };

export interface Days {
  /** `2024-05-05`; both included. */
  readonly from: string;
  readonly to: string;
}

/** A report whose rows are what the API says of a day. */
export interface ReportOptions extends ListOptions<Paging<'stable'>>, StreamOptions, KeyOptions {
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

/**
 * How the rows of a snapshot are told apart. By their numbers, they have to come in the same order each time, or all of them
 * are sent each time. `as listed`: the API sorts them (say how with `query`); otherwise they are sorted here by a pointer,
 * which holds all of them in memory. By their keys, only what changes is sent; for at most 100,000 rows.
 */
export type RowIdentity = { readonly order: 'as listed' | { readonly by: string } } | KeyOptions;

export type SnapshotOptions = ListOptions & StreamOptions & RowIdentity;

/** How a list below a row finds it, and says so. */
interface RowAbove {
  /** Where a row above has its id. */
  readonly id: string;
  /**
   * The member of `_meta` that holds it in each document; `/name` for the member `name` of the document itself. Nothing holds it
   * when absent.
   */
  readonly as?: string;
}

/** Rows that have others below them; they may be below others themselves. */
export type ListAbove = ListOptions | ListsBelow;

/** A list below each row of another list. */
export interface ListsBelow extends Omit<ListOptions, 'path'>, RowAbove {
  /** The rows above, of one list or of several. Only their ids are kept, and all of them before the first list is asked for. */
  readonly of: ListAbove | readonly ListAbove[];
  /** The path of the list below a row. Ids are encoded already; `above`: of what is above that row, the nearest first. */
  readonly path: (id: string, ...above: readonly string[]) => string;
  /** A row that is below several rows is taken once, and is known by this: a JSON pointer. */
  readonly once?: string;
}

/** All lists below together are one snapshot. */
export type ChildrenOptions = ListsBelow & StreamOptions & RowIdentity;

/** The list below each row of another list, whenever that row changes. */
export interface ChildChangesOptions
  extends Omit<ListOptions, 'path'>, RowAbove, StreamOptions, KeyOptions, DeletionOptions {
  /** The changes of the rows above. A change below has to be one of them. */
  readonly of: ChangesDefinition | DescentDefinition | EventsDefinition;
  /** The path of the list below a row; the id is encoded already. */
  readonly path: (id: string) => string;
  /** Whether a row above may have anything below it; every one when absent. */
  readonly has?: (above: JsonObject) => boolean;
  /** The list below, where the row above holds all of it: it is not asked for then. */
  readonly held?: (above: JsonObject) => readonly JsonObject[] | undefined;
}

/** The kinds of streams that a part may have. */
export type PartDefinition = Exclude<StreamDefinition, FeedDefinition | PartsDefinition | WebhookDefinition>;

/** Parts that take turns. The changes of an export would keep their turn while they wait for a file that needs one. */
interface PartsInTurn {
  readonly stream: (part: string) => Exclude<PartDefinition, ExportDefinition>;
  /** So many parts are read at the same time, those that are furthest behind first. */
  readonly atOnce: number;
}

interface PartsSideBySide {
  readonly stream: (part: string) => PartDefinition;
  readonly atOnce?: undefined;
}

interface ListOfParts extends StreamOptions {
  /** The names of the parts, which are those of their states. Asked for when a session begins. */
  readonly of: (context: StreamContext, signal: AbortSignal) => Promise<readonly string[]>;
  /** The member of `_meta` that holds the name, and is the first part of the key. Absent where keys are unique without it. */
  readonly as?: string;
  /** What makes a request one for a part, where all of them are asked for with the same credentials. */
  readonly headers?: (part: string) => Readonly<Record<string, string>>;
}

/** One stream for each part of a list (accounts, stores, projects). The key of a part's stream is the rest of the key. */
export type PartsOptions = ListOfParts & (PartsSideBySide | PartsInTurn);

/** What a stream that is written by hand gets to work with. */
export interface StreamContext {
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Nothing before it is wanted. */
  readonly start: Instant;
  /** What the user has configured; undefined while a plan is made. */
  readonly config?: object;
  /** Those of the sites of the configuration, by their names, where the definition has sites. */
  readonly sites?: ReadonlyMap<string, StreamContext>;
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
export type DescentDefinition = Definition<'descent', DescentOptions>;
export type SequenceDefinition = Definition<'sequence', SequenceOptions>;
export type EventsDefinition = Definition<'events', EventsOptions>;
export type TokenDefinition = Definition<'token', TokenOptions>;
export type ExportDefinition = Definition<'exports', ExportOptions>;
export type ReportDefinition = Definition<'report', ReportOptions>;
export type SnapshotDefinition = Definition<'snapshot', SnapshotOptions>;
export type ChildrenDefinition = Definition<'children', ChildrenOptions>;
export type ChildChangesDefinition = Definition<'child changes', ChildChangesOptions>;
export type PartsDefinition = Definition<'parts', PartsOptions>;
export type RawChangesDefinition = Definition<'raw changes', RawChangesOptions>;
export type RawSnapshotDefinition = Definition<'raw snapshot', RawSnapshotOptions>;

export type FeedDefinition = Definition<'feed', FeedOptions>;

export type StreamDefinition =
  | ChangesDefinition
  | WalkDefinition
  | DescentDefinition
  | SequenceDefinition
  | EventsDefinition
  | TokenDefinition
  | ReportDefinition
  | ExportDefinition
  | SnapshotDefinition
  | ChildrenDefinition
  | ChildChangesDefinition
  | PartsDefinition
  | RawChangesDefinition
  | RawSnapshotDefinition
  | FeedDefinition
  | WebhookDefinition;
