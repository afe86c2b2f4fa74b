// A request to an API, before it has credentials.

import type { JsonValue } from '@weir/schema/json';
import { stringifyJson } from '@weir/schema/json';

export type QueryValue = string | number | boolean;
/** A list becomes a repeated parameter; undefined leaves one out. */
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[] | undefined>>;

export type RequestBody =
  | { readonly json: JsonValue }
  | { readonly form: Readonly<Record<string, string>> }
  | { readonly text: string; readonly type: string };

export interface ApiRequest {
  /** GET when absent. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** A path below the base, or a whole URL that the API itself gave; its own parameters stay as they are. */
  readonly url: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** A POST that only reads may be repeated after a failure. Requests of other methods always may, but POST. */
  readonly isSafe?: boolean;
  /** What it spends of a budget of points (`costBudget`); 1 when absent. */
  readonly cost?: number;
  /** Without credentials: to sign in, or to fetch what a signed link leads to. */
  readonly isAnonymous?: boolean;
  /** What certain answers mean here; the first that fits holds. */
  readonly answers?: readonly AnswerRule[];
}

/**
 * empty: there is nothing. retry: a passing failure. throttled: too many requests. unauthorized: the token is used up.
 * forbidden: the credentials are right and may not read this. fail: refused for good.
 */
export type AnswerMeaning = 'empty' | 'retry' | 'throttled' | 'unauthorized' | 'forbidden' | 'fail';

export interface AnswerRule {
  readonly status: number | readonly number[];
  /** In the text of the body. */
  readonly text?: RegExp;
  readonly means: AnswerMeaning;
}

/** `base` may have a path, which a path of the request is put behind. */
export function requestUrl(base: string, { url, query = {} }: ApiRequest): URL {
  const target = /^https?:\/\//i.test(url) ? new URL(url) : new URL(joinPaths(base, url));
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? (value as readonly QueryValue[]) : [value as QueryValue]) {
      target.searchParams.append(name, String(each));
    }
  }
  return target;
}

function joinPaths(base: string, path: string): string {
  if (path === '') return base;
  return `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
}

export function encodeBody(body: RequestBody): { readonly text: string; readonly type: string } {
  if ('json' in body) return { text: stringifyJson(body.json), type: 'application/json' };
  if ('form' in body) {
    return { text: new URLSearchParams(body.form).toString(), type: 'application/x-www-form-urlencoded' };
  }
  return body;
}
