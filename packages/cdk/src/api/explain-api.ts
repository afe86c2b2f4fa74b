// The plan of a connector as text: what it asks first for each stream, how it pages, and what it claims to have seen.
// For people who review a definition, and for a snapshot beside it.

import { encodeBody, requestUrl } from '../http/request.ts';
import type { ChangesOptions } from '../streams/changes-options.ts';
import type { StreamDefinition } from '../streams/definition.ts';
import type { ExportOptions } from '../streams/export-options.ts';
import { longestExportMs } from '../streams/export-stream.ts';
import type { Bounds } from '../streams/stream-options.ts';
import { isoDuration, spanMs } from '../time/duration.ts';
import { horizon, Instant } from '../time/instant.ts';
import { configNames, unseenNames } from './config-names.ts';
import type { ApiDefinition } from './define-api.ts';
import {
  explainBelow,
  firstRequest,
  pagesOf,
  type PlanContext,
  requestBelow,
  restsOf,
} from './explain-list.ts';

/**
 * `base`: what the API's own would be with some configuration. `nowMs`: when the plan is made. Without `config`, its fields are
 * their own names in braces.
 */
export function explainApi(api: ApiDefinition, base: string, nowMs: number, config?: object): string {
  const start =
    api.start === undefined ? new Instant(0n) : Instant.ofMs(nowMs - api.start.daysAgo * 86_400_000);
  return Object.entries(api.streams)
    .map(([name, stream]) => {
      const read = new Set<string>();
      const known = config ?? configNames((field) => read.add(field));
      const plan: PlanContext = { base, nowMs, start, config: known, query: api.query };
      const lines = explained(stream, plan, config !== undefined);
      const unseen = unseenNames(read, lines.join());
      if (unseen.length > 0 && !lines.includes(COMPUTED)) {
        lines.push(`depends on ${unseen.join(', ')} of the configuration`);
      }
      return `${name}: ${lines.join('\n  ')}\n`;
    })
    .join('');
}

const COMPUTED = 'what is asked for is computed from the configuration: explain it with one';

function explained(stream: StreamDefinition, plan: PlanContext, isConfigured: boolean): string[] {
  try {
    return explainStream(plan, stream);
  } catch (failure) {
    // A function that computes with values of the configuration cannot do so with their names.
    if (isConfigured || !(failure instanceof TypeError)) throw failure;
    return [headerOf(stream), COMPUTED];
  }
}

function headerOf({ kind, options }: StreamDefinition): string {
  return `${kind}, every ${options.interval}${options.disabled === true ? ', not enabled' : ''}`;
}

function explainStream(plan: PlanContext, definition: StreamDefinition): string[] {
  const { base, nowMs, start } = plan;
  const { kind, options } = definition;
  if (kind === 'parts') {
    const one = explainStream(plan, options.stream('{part}'));
    return [`for each ${options.as ?? 'part'}: ${one[0] ?? ''}`, ...one.slice(1)];
  }
  const header = headerOf(definition);
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
    const window = { from: events.cursor.print(from), to: events.cursor.print(to) };
    const before =
      'kind' in history
        ? explainStream(plan, history).slice(1)
        : [`first of the backfill: ${firstRequest(plan, history, plan)}`, pagesOf(history)];
    return [
      header,
      ...before,
      `key: ${options.key.join(', ')}`,
      `events: ${firstRequest(plan, events, { ...plan, window }, events.between(window))}`,
      `by ${events.cursor.described}, kept for ${options.retention}`,
    ];
  }
  if (kind === 'exports') {
    const { cursor, job, longestWindow, recent } = options;
    const windowMs = longestExportMs(options, { config: plan.config as object });
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
            `changes within ${recent.within}: ${recentRequest(plan, recent, cursor.print(end))}`,
            pagesOf(recent),
            ...restsOf(recent),
          ]),
      `key: ${options.key.join(', ')}`,
    ];
  }
  if (!('path' in options)) return [header, 'read by the connector itself'];
  if (kind === 'child changes') {
    const above = explainStream(plan, options.of).slice(1);
    const below = requestBelow(plan, options, options.path('{id}'), []);
    return [header, ...above, `then for each ${options.id}: ${below}`];
  }
  if ('of' in options) return [header, ...explainBelow(plan, options)];
  const paging = pagesOf('paging' in options ? options : {});
  const rests = restsOf(options);
  if ('number' in options) {
    const [param, rows] = options.size;
    const after = String(options.first ?? 0);
    const query = { [param]: rows, ...options.after(after) };
    const first = firstRequest(plan, options, { ...plan, after }, query);
    return [header, `first: ${first}`, `behind: ${options.number}`];
  }
  if ('token' in options) {
    const first = firstRequest(plan, options, { ...plan, after: undefined }, options.first?.(start));
    return [header, `first: ${first}`, `then: ${options.token.at} as ${options.token.param}`];
  }
  if ('reread' in options || 'lag' in options) {
    const day = start.toText(0).slice(0, 10);
    const window = { from: day, to: day };
    const first = firstRequest(plan, options, { ...plan, window }, options.between(window));
    return [header, `first of the backfill: ${first}`, paging, `complete after: ${options.lag}`];
  }
  if (!('cursor' in options)) {
    const first = `first: ${firstRequest(plan, options, plan)}`;
    if ('key' in options) return [header, first, paging, ...rests, `key: ${options.key.join(', ')}`];
    const order = options.order === 'as listed' ? 'as listed' : `by ${options.order.by}`;
    return [header, first, paging, ...rests, `order: ${order}`];
  }
  const { cursor } = options;
  const described = [`changes: ${cursor.described}`, `key: ${options.key.join(', ')}`];
  if ('since' in options) {
    const [param, rows] = options.size;
    const after = cursor.print(start);
    const query = { [param]: rows, ...options.since(after) };
    return [
      header,
      `first of the backfill: ${firstRequest(plan, options, { ...plan, after }, query)}`,
      `pages: from the time of the last row`,
      ...described,
    ];
  }
  if (kind === 'descent') {
    return [header, `first: ${firstRequest(plan, options, plan)}`, paging, ...described, 'newest first'];
  }
  const end = horizon(nowMs, cursor.tickNs, cursor.lagMs);
  const begin = options.ignoresStart === true ? new Instant(0n) : start;
  const window = boundsOf(options, begin, windowEnd(options, begin, end));
  const first = firstRequest(plan, options, { ...plan, window }, options.between?.(window));
  const whole = options.between === undefined ? ['found by reading the whole list'] : [];
  if (options.ignoresStart === true) whole.push('rows from before the start date too');
  const again = options.lookback === undefined ? [] : [`looked at again after ${options.lookback}`];
  return [header, `first of the backfill: ${first}`, paging, ...rests, ...described, ...whole, ...again];
}

function recentRequest(plan: PlanContext, recent: NonNullable<ExportOptions['recent']>, at: string): string {
  const window = { from: at, to: at };
  return firstRequest(plan, recent, { ...plan, window }, recent.between(window));
}

function boundsOf(options: ChangesOptions, from: Instant, to: Instant): Bounds {
  const { cursor, excludesStart = false, excludesEnd = false } = options;
  const first = excludesStart ? from.plusNs(-cursor.tickNs) : from;
  const last = excludesEnd ? to.plusNs(cursor.tickNs) : to;
  return { from: cursor.print(first, 'from'), to: cursor.print(last, 'to') };
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
