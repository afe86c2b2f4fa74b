// How an API splits a list into pages. A paging puts its position into a request, and finds the next position in what a
// page was. Positions are values of the state, so that a backfill goes on at its page after a restart.

import { isJsonObject, parsePointer, resolvePointer } from '@weir/schema';
import { parseJson, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import type { ApiRequest, Query } from '../http/request.ts';
import type { ResponseHeaders } from '../http/transport.ts';

/** Where a page of a list begins. */
export type ListPosition = string | number;

/** One page, once all of it has been read. */
export interface PageSeen {
  readonly headers: ResponseHeaders;
  /** What was around the records. */
  readonly envelope: JsonValue;
  readonly count: number;
  /** The bytes of the first record, and of the last. */
  readonly first?: Buffer | undefined;
  readonly last: Buffer | undefined;
  readonly position: ListPosition | undefined;
}

/**
 * stable: a row keeps its place while the list changes, or places do not matter. shifting: a row that goes away moves
 * those behind it, and one of them falls between two pages; a snapshot heals that the next time, changes would lose it.
 */
export type Stability = 'stable' | 'shifting';

export interface Paging<S extends Stability = Stability> {
  /** For people: `the Link header`. */
  readonly name: string;
  readonly stability: S;
  /** The request of a page; the first when there is no position. */
  request(base: ApiRequest, position: ListPosition | undefined): ApiRequest;
  /** undefined: that was the last page. */
  next(page: PageSeen): ListPosition | undefined;
}

/** The whole list is one page. */
export const singlePage: Paging<'stable'> = {
  name: 'one page',
  stability: 'stable',
  request: (base) => base,
  next: () => undefined,
};

export interface NextUrlOptions {
  /** Only this parameter of the next URL is kept, and sent with those of the first page. */
  readonly param?: string;
}

/** The address of the next page is in the body. */
export function nextUrl(at: string, { param }: NextUrlOptions = {}): Paging<'stable'> {
  const pointer = parsePointer(at);
  return {
    name: param === undefined ? `the URL at ${at}` : `${param} of the URL at ${at}`,
    stability: 'stable',
    request: (base, position) => {
      if (position === undefined || param === undefined) return followed(base, position);
      return withParameter(base, param, position);
    },
    next: ({ envelope }) => {
      const next = textAt(envelope, pointer);
      return next === undefined || param === undefined ? next : parameterOf(String(next), param);
    },
  };
}

export interface LinkHeaderOptions {
  /** Only this parameter of the next URL is kept, and sent alone. */
  readonly param?: string;
}

/** The address of the next page is in the header `Link`, with `rel="next"` (RFC 8288). */
export function linkHeader({ param }: LinkHeaderOptions = {}): Paging<'stable'> {
  return {
    name: param === undefined ? 'the Link header' : `${param} of the Link header, sent alone`,
    stability: 'stable',
    request: (base, position) => {
      if (position === undefined || param === undefined) return followed(base, position);
      const { query: _all, ...rest } = base;
      return { ...rest, query: { [param]: String(position) } };
    },
    next: ({ headers }) => {
      const next = nextLink(headers['link']);
      return next === undefined || param === undefined ? next : parameterOf(next, param);
    },
  };
}

export interface CursorOptions {
  /** Where the body has the position of the next page. */
  readonly at: string;
  /** The parameter that it is sent as; in the body when it is a POST. */
  readonly param: string;
  /** Where the body says whether there is a next page; without it, an absent or empty position is the end. */
  readonly more?: string;
}

/** A position that only the API understands, from the body into the next request. */
export function cursor({ at, param, more }: CursorOptions): Paging<'stable'> {
  const pointer = parsePointer(at);
  const morePointer = more === undefined ? undefined : parsePointer(more);
  return {
    name: `${at} as ${param}`,
    stability: 'stable',
    request: (base, position) =>
      position === undefined ? base : withParameter(base, param, String(position)),
    next: ({ envelope }) => {
      if (morePointer !== undefined && resolvePointer(envelope, morePointer) !== true) return undefined;
      return textAt(envelope, pointer);
    },
  };
}

export interface LastIdOptions {
  readonly param: string;
  /** Of a record. */
  readonly at: string;
  /** Where the body says whether there is a next page; without it, an empty page is the end. */
  readonly more?: string;
}

/** The next page begins after the last record of this one. */
export function afterLast({ param, at, more }: LastIdOptions): Paging<'stable'> {
  const pointer = parsePointer(at);
  const morePointer = more === undefined ? undefined : parsePointer(more);
  return {
    name: `${at} of the last record as ${param}`,
    stability: 'stable',
    request: (base, position) =>
      position === undefined ? base : withParameter(base, param, String(position)),
    next: ({ envelope, last }) => {
      if (last === undefined) return undefined;
      if (morePointer !== undefined && resolvePointer(envelope, morePointer) !== true) return undefined;
      const value = resolvePointer(parseJson(last), pointer);
      if (typeof value === 'bigint') return value.toString();
      return typeof value === 'string' || typeof value === 'number' ? value : undefined;
    },
  };
}

export interface NumberedOptions<S extends Stability> {
  readonly param: string;
  /** The parameter of the number of rows on a page, and that number. */
  readonly size: readonly [param: string, rows: number];
  /** short: a page with fewer rows is the last. empty: one without rows is. */
  readonly ends?: 'short' | 'empty' | ToldEnd;
  /** `stable` if rows are never taken out of the middle of the list, which whoever says so has to know. */
  readonly stability: S;
}

/**
 * Where a body says that a page is the last one, that there are more, how many rows there are, or how many pages. A page without
 * rows is the last in any case; where a body says nothing, there are more.
 */
export interface ToldEnd {
  readonly last?: string;
  readonly more?: string;
  readonly total?: string;
  readonly pages?: string;
}

/** Pages with numbers, from `first` on. */
export function pageNumber<S extends Stability>({
  first = 1,
  ...options
}: NumberedOptions<S> & { readonly first?: number }): Paging<S> {
  const before = (next: number): Before => ({
    rows: (next - first) * options.size[1],
    pages: next - first,
  });
  return numbered(`page numbers as ${options.param}`, options, first, () => 1, before);
}

export interface OffsetOptions<S extends Stability> extends Omit<NumberedOptions<S>, 'ends'> {
  readonly ends?: 'short' | 'empty' | Omit<ToldEnd, 'pages'>;
}

/** Pages by the number of rows before them. */
export function offset<S extends Stability>(options: OffsetOptions<S>): Paging<S> {
  const before = (next: number): Before => ({ rows: next, pages: 0 });
  return numbered(`offsets as ${options.param}`, options, 0, (count) => count, before);
}

/** What lies before a page. */
interface Before {
  readonly rows: number;
  readonly pages: number;
}

function numbered<S extends Stability>(
  name: string,
  { param, size: [sizeParam, rows], ends = 'short', stability }: NumberedOptions<S>,
  first: number,
  step: (count: number) => number,
  before: (next: number) => Before,
): Paging<S> {
  return {
    name,
    stability,
    request: (base, position) =>
      withParameter(withParameter(base, sizeParam, rows), param, Number(position ?? first)),
    next: ({ count, position, envelope }) => {
      if (count === 0 || (ends === 'short' && count < rows)) return undefined;
      const next = Number(position ?? first) + step(count);
      return typeof ends === 'object' && isToldEnd(ends, envelope, before(next)) ? undefined : next;
    },
  };
}

function isToldEnd({ last, more, total, pages }: ToldEnd, envelope: JsonValue, before: Before): boolean {
  const at = (pointer: string | undefined): JsonValue | undefined =>
    pointer === undefined ? undefined : resolvePointer(envelope, parsePointer(pointer));
  const isReached = (count: JsonValue | undefined, reached: number): boolean =>
    typeof count === 'number' && count <= reached;
  if (at(last) === true || at(more) === false) return true;
  return isReached(at(total), before.rows) || isReached(at(pages), before.pages);
}

/** A whole URL has all parameters that it needs. */
function followed(base: ApiRequest, position: ListPosition | undefined): ApiRequest {
  if (position === undefined) return base;
  const { query: _all, ...rest } = base;
  return { ...rest, url: String(position) };
}

export function withParameter(base: ApiRequest, param: string, value: string | number): ApiRequest {
  if (base.body !== undefined && 'json' in base.body && isJsonObject(base.body.json)) {
    return { ...base, body: { json: { ...base.body.json, [param]: value } } };
  }
  const query: Query = { ...base.query, [param]: value };
  return { ...base, query };
}

function textAt(envelope: JsonValue, pointer: readonly string[]): string | number | undefined {
  const value = resolvePointer(envelope, pointer);
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** There is a next page, which cannot be asked for without the parameter. */
function parameterOf(url: string, param: string): string {
  const value = new URL(url, 'http://relative/').searchParams.get(param);
  if (value !== null) return value;
  throw errors.CDK_STREAM_DEFECT({ message: `The address of the next page has no parameter ${param}.` });
}

function nextLink(header: string | undefined): string | undefined {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:[;,]|$)/i.test(parameters)) return target;
  }
  return undefined;
}
