// Zendesk Support's API, version 2. What is large has an incremental export, along a cursor or along time; some lists have a
// filter by time; most have none, and are read whole each time. Exports may be asked ten times a minute, all together.

import {
  authorizationCode,
  basic,
  changes,
  childChanges,
  cursor,
  defineApi,
  descent,
  each,
  errors,
  get,
  movingWindow,
  type Paging,
  snapshot,
  token,
  updatedAt,
  walk,
} from '@weir/cdk';
import { text } from '@weir/schema';
import { isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';

const paging = cursor({ at: '/meta/after_cursor', param: 'page[after]', more: '/meta/has_more' });
const hundred = { 'page[size]': 100 };
const common = { key: ['/id'], interval: '5m' } as const;
/** An export does not show the last minute. */
const updated = updatedAt('/updated_at', { tick: '1s', lag: '61s' });
const seconds = (time: string): number => Date.parse(time) / 1000;

/** From a time on; each page has the place of the next one, also the last, which says that it is. */
const exportPages: Paging<'stable'> = {
  name: '/after_cursor as cursor, until /end_of_stream',
  stability: 'stable',
  request: (base, position) =>
    position === undefined ? base : { ...base, query: { cursor: position, per_page: 1000 } },
  next: ({ envelope }) => {
    if (!isJsonObject(envelope) || envelope['end_of_stream'] === true) return undefined;
    const next = envelope['after_cursor'];
    return typeof next === 'string' ? next : undefined;
  },
};

/** What changed since a cursor, and everything since the start without one. */
const exported = (path: string, records: string, query: Readonly<Record<string, string>> = {}) =>
  ({
    ...common,
    path,
    records,
    query: { per_page: 1000, ...query },
    token: { at: '/after_cursor', param: 'cursor' },
    first: (start: { readonly ms: number }) => ({
      start_time: Math.max(Math.floor(start.ms / 1000), 1),
    }),
  }) as const;

/** Sorted by time; a page begins at the time of the last row of the one before it. */
const byTime = (path: string, records: string, time = updated) =>
  walk({
    ...common,
    path,
    records,
    cursor: time,
    since: (from) => ({ start_time: seconds(from) }),
    size: ['per_page', 1000],
    check: assertFull,
  });

/** A page that is not full is taken for the last one. */
function assertFull(envelope: JsonValue): void {
  if (!isJsonObject(envelope) || envelope['end_of_stream'] !== false || Number(envelope['count']) >= 1000)
    return;
  throw errors.CDK_RECORDS_MISSING({ message: 'An export gave a page that is neither full nor the last.' });
}

/** A list without a filter by time. */
const scanned = (path: string, records: string) =>
  ({ ...common, interval: '15m', path, records, cursor: updated, query: hundred, paging }) as const;

/** Tickets that have changed, for the lists below them. */
const changedTickets = {
  ...common,
  path: '/incremental/tickets/cursor',
  records: 'tickets',
  cursor: updatedAt('/generated_timestamp', { tick: '1s', lag: '61s', format: 'seconds' }),
  between: ({ from }: { readonly from: string }) => ({ start_time: from, per_page: 1000 }),
  paging: exportPages,
} as const;

const belowTickets = (list: string) =>
  childChanges({
    ...common,
    of: changes(changedTickets),
    id: '/id',
    as: 'ticket_id',
    path: (id) => `/tickets/${id}/${list}`,
    records: list,
    query: hundred,
    paging,
    // A ticket that was deleted for good meanwhile.
    answers: [{ status: 404, means: 'empty' }],
  });

const belowPosts = (list: string) =>
  childChanges({
    ...common,
    interval: '15m',
    of: changes(scanned('/community/posts', 'posts')),
    id: '/id',
    as: 'post_id',
    path: (id) => `/community/posts/${id}/${list}`,
    records: list,
    query: hundred,
    paging,
    answers: [{ status: 404, means: 'empty' }],
  });

const isMarkedDeleted = ({ deleted }: JsonObject): boolean => deleted === true;
const lists = [
  'automations',
  'brands',
  'custom_roles',
  'group_memberships',
  'macros',
  'organization_memberships',
  'ticket_fields',
  'ticket_forms',
] as const;

export const zendesk = defineApi({
  name: 'source-zendesk-support-native',
  title: 'Zendesk Support',
  config: {
    subdomain: text({
      title: 'Subdomain',
      description: 'What stands before .zendesk.com in the address of your account.',
      pattern: '^[A-Za-z0-9][A-Za-z0-9-]*$',
      order: 10,
    }),
  },
  auth: [
    authorizationCode({
      provider: 'zendesk',
      authUrl: 'https://{{{config.subdomain}}}.zendesk.com/oauth/authorizations/new',
      tokenUrl: 'https://{{{config.subdomain}}}.zendesk.com/oauth/tokens',
      scope: 'read',
      // Two days, the longest that it gives.
      tokenParameters: { expires_in: '172800' },
      sendsCodeAs: 'json',
      tokens: 'rotating',
    }),
    basic({ userSuffix: '/token' }),
  ],
  start: { daysAgo: 30 },
  base: ({ subdomain }) => `https://${subdomain}.zendesk.com/api/v2`,
  probe: get('/tickets', { 'page[size]': 1 }),
  limits: [movingWindow(10, '1m', { appliesTo: /\/incremental\// })],
  streams: {
    tickets: token({
      ...exported('/incremental/tickets/cursor', 'tickets'),
      isDeleted: ({ status }) => status === 'deleted',
    }),
    ticket_metrics: token(exported('/incremental/tickets/cursor', 'metric_sets', { include: 'metric_sets' })),
    users: token(exported('/incremental/users/cursor', 'users')),
    organizations: byTime('/incremental/organizations', 'organizations'),
    talk_calls: byTime('/channels/voice/stats/incremental/calls', 'calls'),
    talk_call_legs: byTime('/channels/voice/stats/incremental/legs', 'legs'),
    ticket_metric_events: byTime(
      '/incremental/ticket_metric_events',
      'ticket_metric_events',
      // An event does not change.
      updatedAt('/time', { tick: '1s', lag: '61s' }),
    ),
    ticket_audits: belowTickets('audits'),
    ticket_comments: belowTickets('comments'),
    satisfaction_ratings: changes({
      ...scanned('/satisfaction_ratings', 'satisfaction_ratings'),
      interval: '5m',
      between: ({ from, to }) => ({ start_time: seconds(from), end_time: seconds(to) }),
      longestWindow: '30d',
    }),
    ticket_skips: changes({
      ...scanned('/skips', 'skips'),
      interval: '5m',
      between: ({ from }) => ({ start_time: seconds(from) }),
    }),
    ticket_activities: changes({
      ...scanned('/activities', 'activities'),
      interval: '5m',
      between: ({ from }) => ({ since: from }),
      excludesStart: true,
    }),
    audit_logs: descent({
      ...common,
      path: '/audit_logs',
      records: 'audit_logs',
      query: { ...hundred, sort: '-created_at' },
      paging,
      // An entry does not change.
      cursor: updatedAt('/created_at', { tick: '1s', lag: '61s' }),
    }),
    ...each(lists, (name) => changes(scanned(`/${name}`, name))),
    groups: changes({
      ...scanned('/groups', 'groups'),
      query: { ...hundred, exclude_deleted: false },
      isDeleted: isMarkedDeleted,
    }),
    articles: changes(scanned('/help_center/articles', 'articles')),
    categories: changes(scanned('/help_center/categories', 'categories')),
    posts: changes(scanned('/community/posts', 'posts')),
    topics: changes(scanned('/community/topics', 'topics')),
    post_comments: belowPosts('comments'),
    post_votes: belowPosts('votes'),
    account_attributes: snapshot({
      path: '/routing/attributes',
      records: 'attributes',
      order: { by: '/id' },
      interval: '15m',
    }),
    ...each(['schedules', 'sla_policies', 'custom_ticket_statuses'], (name) => snapshot(wholeList(name))),
    tags: snapshot({
      path: '/tags',
      records: 'tags',
      query: hundred,
      paging,
      order: { by: '/name' },
      interval: '15m',
    }),
  },
});

function wholeList(name: 'schedules' | 'sla_policies' | 'custom_ticket_statuses') {
  const places = {
    schedules: ['/business_hours/schedules', 'schedules'],
    sla_policies: ['/slas/policies', 'sla_policies'],
    custom_ticket_statuses: ['/custom_statuses', 'custom_statuses'],
  } as const;
  const [path, records] = places[name];
  return { path, records, order: { by: '/id' }, interval: '15m' } as const;
}
