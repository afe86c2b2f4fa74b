// The plan of one list: its first request, and how it goes on.

import { encodeBody, type Query, requestUrl } from '../http/request.ts';
import { type Paging, singlePage } from '../paging/paging.ts';
import type { ListsBelow } from '../streams/below-options.ts';
import { withFilter } from '../streams/graphql.ts';
import { type FixedList, fixedList, type Known, type ListOptions } from '../streams/list-options.ts';
import { baseRequest } from '../streams/list-source.ts';
import { listsAbove } from '../streams/row-above.ts';

/** What a plan is made with. */
export interface PlanContext extends Known {
  readonly base: string;
  readonly nowMs: number;
  /** Parameters of every list. */
  readonly query: Query | undefined;
}

/** `known`: what the list's own functions are given. `filter`: what it is asked for beside its own parameters. */
export function firstRequest<K extends Known>(
  plan: PlanContext,
  options: ListOptions<Paging, K>,
  known: K,
  filter: Query = {},
): string {
  const list = fixedList(options, known, plan.query);
  const first = withFilter(baseRequest(list), filter);
  const { method, url, query, body, headers } = (list.paging ?? singlePage).request(first, undefined);
  const target = decodeURIComponent(
    requestUrl(plan.base, { url, ...(query === undefined ? {} : { query }) }).href,
  );
  const sent = body === undefined ? '' : ` ${encodeBody(body).text}`;
  // Constant ones are the definition's own; what depends on something is for the plan to show.
  const shown = typeof options.headers === 'function' ? ` with ${JSON.stringify(headers)}` : '';
  const found = typeof options.records === 'function' ? `, records at ${JSON.stringify(list.records)}` : '';
  return `${method} ${target}${sent}${shown}${found}`;
}

export function pagesOf({ paging = singlePage }: Pick<FixedList, 'paging'>): string {
  return `pages: ${paging.name}`;
}

/** What is asked for more of the lists within a row. */
export function restsOf({ complete }: Pick<FixedList, 'complete'>): string[] {
  return (complete?.queries ?? []).map((query) => `the rest of a list within a row: ${query}`);
}

/** From the topmost list down. */
export function explainBelow(plan: PlanContext, options: ListsBelow): string[] {
  const { of, id, path } = options;
  const above = listsAbove(of).flatMap((list) =>
    'of' in list ? explainBelow(plan, list) : [`first: ${firstRequest(plan, list, plan)}`],
  );
  const names = namesAbove(of);
  return [...above, `then for each ${id}: ${requestBelow(plan, options, path('{id}', ...names), names)}`];
}

/** Of a list below a row: its own parameters are shown where they depend on something. */
export function requestBelow(
  plan: PlanContext,
  options: Omit<ListsBelow, 'of' | 'path'>,
  path: string,
  above: readonly string[],
): string {
  const { query, headers, body, records } = options;
  const isFixed = [query, headers, body, records].every((knob) => typeof knob !== 'function');
  if (isFixed) return `GET ${plan.base}${path}`;
  return firstRequest(plan, { ...options, path }, { ...plan, id: '{id}', above });
}

function namesAbove(of: ListsBelow['of']): string[] {
  const [first] = listsAbove(of);
  if (first === undefined || !('of' in first)) return [];
  return [`{${(first.as ?? 'above').replace('/', '')}}`, ...namesAbove(first.of)];
}
