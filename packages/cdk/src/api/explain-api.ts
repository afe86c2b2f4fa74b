// The plan of a connector as text: what it asks first for each stream, how it pages, and what it claims to have seen.
// For people who review a definition, and for a snapshot beside it.

import { encodeBody, requestUrl } from '../http/request.ts';
import { singlePage } from '../paging/paging.ts';
import type { ChangesOptions, ListOptions, ListsBelow, StreamDefinition } from '../streams/definition.ts';
import { withFilter } from '../streams/graphql.ts';
import { baseRequest } from '../streams/list-source.ts';
import { longestExportMs } from '../streams/export-stream.ts';
import { listsAbove } from '../streams/row-above.ts';
import { horizon, Instant } from '../time/instant.ts';
import { isoDuration, spanMs } from '../time/duration.ts';
import type { ApiDefinition } from './define-api.ts';

/** `base`: what the API's own would be with some configuration. `nowMs`: when the plan is made. */
export function explainApi(api: ApiDefinition, base: string, nowMs: number): string {
  const start =
    api.start === undefined ? new Instant(0n) : Instant.ofMs(nowMs - api.start.daysAgo * 86_400_000);
  return Object.entries(api.streams)
    .map(([name, stream]) => `${name}: ${explainStream(api, base, stream, nowMs, start).join('\n  ')}\n`)
    .join('');
}

function explainStream(
  api: ApiDefinition,
  base: string,
  definition: StreamDefinition,
  nowMs: number,
  start: Instant,
): string[] {
  const { kind, options } = definition;
  if (kind === 'parts') {
    const one = explainStream(api, base, options.stream('{part}'), nowMs, start);
    return [`for each ${options.as ?? 'part'}: ${one[0] ?? ''}`, ...one.slice(1)];
  }
  const header = `${kind}, every ${options.interval}${options.disabled === true ? ', not enabled' : ''}`;
  if ('match' in options)
    return [
      header,
      `taken: ${JSON.stringify(options.match)}`,
      `id: ${JSON.stringify(options.id ?? 'random')}`,
    ];
  if (kind === 'events') {
    const { events, history } = options;
    const to = horizon(nowMs, events.cursor.tickNs, events.cursor.lagMs);
    const from = to.plusMs(-spanMs(options.interval));
    const query = events.between({ from: events.cursor.print(from), to: events.cursor.print(to) });
    const before =
      'kind' in history
        ? explainStream(api, base, history, nowMs, start).slice(1)
        : [`first of the backfill: ${request(api, base, history, {})}`, pagesOf(history)];
    return [
      header,
      ...before,
      `key: ${options.key.join(', ')}`,
      `events: ${request(api, base, events, query)}`,
      `by ${events.cursor.described}, kept for ${options.retention}`,
    ];
  }
  if (kind === 'exports') {
    const { cursor, job, longestWindow, recent } = options;
    const windowMs = longestExportMs(options, {});
    const longest = start.plusMs(windowMs);
    const newest = horizon(nowMs, cursor.tickNs, cursor.lagMs);
    const end = longest.isAfter(newest) ? newest : longest;
    const {
      method = 'GET',
      url,
      query = {},
      body,
    } = job.create({
      from: cursor.print(start),
      to: cursor.print(end),
    });
    const target = decodeURIComponent(requestUrl(base, { url, query }).href);
    const sent = body === undefined ? '' : ` ${encodeBody(body).text}`;
    return [
      header,
      `first of the backfill: ${method} ${target}${sent}`,
      `then: ${job.poll('{id}').method ?? 'GET'} ${base}${job.poll('{id}').url} until ${job.state} is ${job.done.join(' or ')}`,
      `changes: ${cursor.described}, windows of ${typeof longestWindow === 'string' ? longestWindow : isoDuration(windowMs)}`,
      ...(recent === undefined
        ? []
        : [
            `changes within ${recent.within}: ${request(api, base, recent, recent.between({ from: cursor.print(end), to: cursor.print(end) }))}`,
            pagesOf(recent),
            ...restsOf(recent),
          ]),
      `key: ${options.key.join(', ')}`,
    ];
  }
  if (!('path' in options)) return [header, 'read by the connector itself'];
  if (kind === 'child changes') {
    const above = explainStream(api, base, options.of, nowMs, start).slice(1);
    return [header, ...above, `then for each ${options.id}: GET ${base}${options.path('{id}')}`];
  }
  if ('of' in options) return [header, ...explainBelow(api, base, options)];
  const paging = pagesOf('paging' in options ? options : {});
  const rests = restsOf(options);
  if ('number' in options) {
    const [param, rows] = options.size;
    const query = { [param]: rows, ...options.after(String(options.first ?? 0)) };
    return [header, `first: ${request(api, base, options, query)}`, `behind: ${options.number}`];
  }
  if ('token' in options) {
    const first = request(api, base, options, options.first?.(start) ?? {});
    return [header, `first: ${first}`, `then: ${options.token.at} as ${options.token.param}`];
  }
  if ('reread' in options || 'lag' in options) {
    const day = start.toText(0).slice(0, 10);
    const first = request(api, base, options, options.between({ from: day, to: day }));
    return [header, `first of the backfill: ${first}`, paging, `complete after: ${options.lag}`];
  }
  if (!('cursor' in options)) {
    const first = `first: ${request(api, base, options, {})}`;
    if ('key' in options) return [header, first, paging, ...rests, `key: ${options.key.join(', ')}`];
    const order = options.order === 'as listed' ? 'as listed' : `by ${options.order.by}`;
    return [header, first, paging, ...rests, `order: ${order}`];
  }
  const { cursor } = options;
  const described = [`changes: ${cursor.described}`, `key: ${options.key.join(', ')}`];
  if ('since' in options) {
    const [param, rows] = options.size;
    const query = { [param]: rows, ...options.since(cursor.print(start)) };
    return [
      header,
      `first of the backfill: ${request(api, base, options, query)}`,
      `pages: from the time of the last row`,
      ...described,
    ];
  }
  if (kind === 'descent') {
    return [header, `first: ${request(api, base, options, {})}`, paging, ...described, 'newest first'];
  }
  const end = horizon(nowMs, cursor.tickNs, cursor.lagMs);
  const first = request(api, base, options, filter(options, start, windowEnd(options, start, end)));
  const whole = options.between === undefined ? ['found by reading the whole list'] : [];
  const again = options.lookback === undefined ? [] : [`looked at again after ${options.lookback}`];
  return [header, `first of the backfill: ${first}`, paging, ...rests, ...described, ...whole, ...again];
}

function pagesOf(list: Pick<ListOptions, 'paging'>): string {
  return `pages: ${(list.paging ?? singlePage).name}`;
}

/** What is asked for more of the lists within a row. */
function restsOf({ complete }: Pick<ListOptions, 'complete'>): string[] {
  return (complete?.queries ?? []).map((query) => `the rest of a list within a row: ${query}`);
}

/** From the topmost list down. */
function explainBelow(api: ApiDefinition, base: string, { of, id, path }: ListsBelow): string[] {
  const above = listsAbove(of).flatMap((list) =>
    'of' in list ? explainBelow(api, base, list) : [`first: ${request(api, base, list, {})}`],
  );
  return [...above, `then for each ${id}: GET ${base}${path('{id}', ...namesAbove(of))}`];
}

function namesAbove(of: ListsBelow['of']): string[] {
  const [first] = listsAbove(of);
  if (first === undefined || !('of' in first)) return [];
  return [`{${(first.as ?? 'above').replace('/', '')}}`, ...namesAbove(first.of)];
}

function filter(options: ChangesOptions, from: Instant, to: Instant) {
  const { between, cursor, excludesStart = false, excludesEnd = false } = options;
  const first = excludesStart ? from.plusNs(-cursor.tickNs) : from;
  const last = excludesEnd ? to.plusNs(cursor.tickNs) : to;
  return between?.({ from: cursor.print(first, 'from'), to: cursor.print(last, 'to') }) ?? {};
}

function windowEnd(
  { longestWindow }: Pick<ChangesOptions, 'longestWindow'>,
  from: Instant,
  end: Instant,
): Instant {
  if (longestWindow === undefined) return end;
  const longest = from.plusMs(spanMs(longestWindow));
  return longest.isAfter(end) ? end : longest;
}

function request(
  api: ApiDefinition,
  base: string,
  options: ListOptions,
  more: NonNullable<ListOptions['query']>,
): string {
  const first = withFilter(baseRequest({ ...options, query: { ...api.query, ...options.query } }), more);
  const { method, url, query, body } = (options.paging ?? singlePage).request(first, undefined);
  const target = decodeURIComponent(
    requestUrl(base, { url, ...(query === undefined ? {} : { query }) }).href,
  );
  return `${method} ${target}${body === undefined ? '' : ` ${encodeBody(body).text}`}`;
}
