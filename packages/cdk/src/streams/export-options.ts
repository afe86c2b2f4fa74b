// Rows that the API writes into files when it is asked to.

import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { AnswerRule, ApiRequest, Query } from '../http/request.ts';
import type { Paging } from '../paging/paging.ts';
import type { Span } from '../time/duration.ts';
import type { FixedList, KnownWindow, ListOptions } from './list-options.ts';
import type {
  Bounds,
  DeletionOptions,
  KeyOptions,
  StreamContext,
  StreamOptions,
  TimeOfRow,
} from './stream-options.ts';

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
export type ExportOptions<C = unknown> = Pick<FixedList, 'records' | 'map' | 'nested' | 'check'> &
  StreamOptions &
  KeyOptions &
  DeletionOptions &
  TimeOfRow & {
    readonly job: ExportJob;
    /** No job is for a longer time; in milliseconds where the user says it. */
    readonly longestWindow: Span | ((context: Pick<StreamContext, 'config'>) => number);
    /** A list of the same rows. It is read where the changes are of no longer time: a job would take longer. */
    readonly recent?: ListOptions<Paging<'stable'>, KnownWindow<C>> & {
      readonly within: Span;
      readonly between: (bounds: Bounds) => Query;
    };
  };
