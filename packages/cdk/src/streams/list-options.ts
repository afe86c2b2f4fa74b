// Where a list is and how it is read. What of it depends on something (the configuration, the row above, the window, what was
// seen last) is a function of what is known where it is asked for.

import type { JsonValue } from '@weir/schema/json';
import type { BudgetLeft } from '../http/rate-limit.ts';
import type { AnswerRule, Query, RequestBody } from '../http/request.ts';
import type { Paging } from '../paging/paging.ts';
import type { RecordFormat } from '../records/read-records.ts';
import type { Instant } from '../time/instant.ts';
import type { CompleteRecord } from './list-reader.ts';
import type { RecordMap } from './record-batches.ts';
import type { NestedRows } from './row-tree.ts';
import type { Bounds } from './stream-options.ts';

/** What is always known. */
export interface Known<C = unknown> {
  /** What the user has configured. Its fields are their own names in braces where a plan is made without a configuration. */
  readonly config: C;
  /** Nothing before it is wanted. */
  readonly start: Instant;
}

/** Of a list that is read by windows of time. */
export interface KnownWindow<C = unknown> extends Known<C> {
  readonly window: Bounds;
}

/** Of a list below a row. The ids are encoded for paths already. */
export interface KnownRow<C = unknown> extends Known<C> {
  readonly id: string;
  /** Of what is above that row, the nearest first. */
  readonly above: readonly string[];
}

/** Of a list that goes on behind something: a time, a number, a token; undefined where it begins without one. */
export interface KnownPlace<C = unknown, After = string> extends Known<C> {
  readonly after: After;
}

/** The same for every request, or what it is depends on what is known. */
export type Knob<T, K> = T | ((known: K) => T);

/** A list, once everything is known. */
export interface FixedList<P extends Paging = Paging> {
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

type KnobName = 'path' | 'query' | 'headers' | 'body' | 'records';
type Knobs<K> = { readonly [N in KnobName]: Knob<NonNullable<FixedList[N]>, K> };

/** Where a list is and how it is read. `K`: what is known where it is asked for. */
export interface ListOptions<P extends Paging = Paging, K = Known>
  extends Omit<FixedList<P>, KnobName>, Pick<Knobs<K>, 'path'>, Partial<Omit<Knobs<K>, 'path'>> {}

function valueOf<T extends object | string, K>(knob: Knob<T, K>, known: K): T {
  return typeof knob === 'function' ? knob(known) : knob;
}

/** `shared`: parameters of every list of the API. */
export function fixedList<P extends Paging, K>(
  options: ListOptions<P, K>,
  known: K,
  shared: Query = {},
): FixedList<P> {
  const { path, query = {}, headers, body, records, ...rest } = options;
  return {
    ...rest,
    path: valueOf(path, known),
    query: { ...shared, ...valueOf(query, known) },
    ...(headers === undefined ? {} : { headers: valueOf(headers, known) }),
    ...(body === undefined ? {} : { body: valueOf(body, known) }),
    ...(records === undefined ? {} : { records: valueOf(records, known) }),
  };
}
