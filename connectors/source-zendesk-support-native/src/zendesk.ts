// Zendesk Support's API, version 2. What is large has an incremental export, along a cursor or along time; some lists have a
// filter by time; most have none, and are read whole each time. Exports may be asked ten times a minute, all together.

import {
  type ApiRequest,
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
  type ListOptions,
  movingWindow,
  nextUrl,
  type Query,
  snapshot,
  token,
  updatedAt,
  walk,
} from '@weir/cdk';
import { integer, optional, text } from '@weir/schema';
import { optionalSection } from '@weir/schema/config';
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '@weir/schema/json';
import { lackingStreams } from './account.ts';

const paging = cursor({ at: '/meta/after_cursor', param: 'page[after]', more: '/meta/has_more' });
const hundred = { 'page[size]': 100 };
/** Of lists that know offsets alone: each page has the address of the next one. */
const numbered = { query: { per_page: 100 }, paging: nextUrl('/next_page') };
/** Offsets may leave out a row where another one goes away: what has changed is looked at twice, half an hour apart. */
const seenTwice = updatedAt('/updated_at', { tick: '1s', lag: '31m' });
/** Rows on a page of an export. */
const LARGEST_PAGE = 1000;
const common = { key: ['/id'], interval: '5m' } as const;
/** An export does not show the last minute. */
const updated = updatedAt('/updated_at', { tick: '1s', lag: '61s' });
const seconds = (time: string): number => Date.parse(time) / 1000;

/**
 * Upstream keeps the cursor decoded, and the time that it begins at, in seconds, in the place of one. A state of ours from before
 * has it as Zendesk gives it.
 */
const keptCursor = {
  form: (cursor: string): string => {
    const decoded = Buffer.from(cursor, 'base64').toString('utf8');
    return encoded(decoded) === cursor && !ENCODED.test(decoded) ? decoded : cursor;
  },
  query: (kept: string): Query => {
    if (/^\d+$/.test(kept)) return { start_time: kept };
    return { cursor: ENCODED.test(kept) ? kept : encoded(kept) };
  },
};
const ENCODED = /^[\w+/-]+=*$/;
const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** What changed since a cursor, and everything since the start without one. */
const exported = (
  path: string,
  records: string,
  rows: number,
  query: Readonly<Record<string, string>> = {},
) =>
  ({
    ...common,
    path,
    records,
    query: { per_page: rows, ...query },
    token: { at: '/after_cursor', param: 'cursor', kept: keptCursor },
    last: '/end_of_stream',
    first: (start: { readonly ms: number }) => ({
      start_time: Math.max(Math.floor(start.ms / 1000), 1),
    }),
  }) as const;

/** Sorted by time; a page begins at the time of the last row of the one before it. */
const byTime = (path: string, records: string) =>
  ({
    ...common,
    path,
    records,
    cursor: updated,
    since: (from: string) => ({ start_time: seconds(from) }),
    size: ['per_page', LARGEST_PAGE],
  }) as const;

/** A page that is not full is taken for the last one. */
function assertFull(envelope: JsonValue): void {
  if (!isJsonObject(envelope) || envelope['end_of_stream'] !== false) return;
  if (Number(envelope['count']) >= LARGEST_PAGE) return;
  throw errors.CDK_RECORDS_MISSING({ message: 'An export gave a page that is neither full nor the last.' });
}

const filtered = (path: string, records: string) =>
  ({ ...common, path, records, cursor: updated, query: hundred, paging }) as const;

/** A list without a filter by time. */
const scanned = (path: string, records: string) =>
  ({ ...filtered(path, records), interval: '15m', ignoresStart: true }) as const;

/** What there is, each hour. */
const whole = (path: string, records: string, by = '/id') =>
  ({ path, records, order: { by }, interval: '1h' }) as const;

/** A ticket that was deleted has no lists, nor has one that is deleted for good meanwhile. */
const belowTickets = (list: string, rows: number, more: Pick<ListOptions, 'query' | 'paging'>) =>
  childChanges({
    ...common,
    of: token({ ...exported('/incremental/tickets/cursor', 'tickets', rows), isDeleted: isDeletedTicket }),
    id: '/id',
    as: '/ticket_id',
    path: (id) => `/tickets/${id}/${list}`,
    records: list,
    answers: [{ status: 404, means: 'empty' }],
    ...(list === 'side_conversations' ? { keyType: 'string' } : {}),
    ...more,
  });

const belowPosts = (list: 'comments' | 'votes', below: Pick<ListOptions, 'complete' | 'map'> = {}) =>
  childChanges({
    ...common,
    interval: '30m',
    of: changes({ ...filtered('/community/posts', 'posts'), interval: '30m' }),
    has: (post) => post[list === 'votes' ? 'vote_count' : 'comment_count'] !== 0,
    id: '/id',
    as: 'post_id',
    path: (id) => `/community/posts/${id}/${list}`,
    records: list,
    query: hundred,
    paging,
    answers: [{ status: 404, means: 'empty' }],
    ...below,
  });

/** In the place of a comment, the votes on it. */
const votesOnComments = {
  complete: async (
    comment: JsonObject,
    { url }: ApiRequest,
    ask: (request: ApiRequest) => Promise<JsonValue>,
  ) => {
    const votes: JsonValue[] = [];
    let after: JsonValue | undefined = comment['vote_count'] === 0 ? undefined : '';
    while (typeof after === 'string') {
      const answer = await ask({
        url: `${url}/${stringifyJson(comment['id'] ?? null)}/votes`,
        query: { ...hundred, ...(after === '' ? {} : { 'page[after]': after }) },
        answers: [{ status: 404, means: 'empty' }],
      });
      const { votes: page = [], meta = {} } = isJsonObject(answer) ? answer : {};
      if (!Array.isArray(page) || !isJsonObject(meta))
        throw errors.CDK_RECORDS_MISSING({ message: 'An answer of Zendesk has no votes.' });
      votes.push(...page);
      if (meta['has_more'] !== true) break;
      const next = meta['after_cursor'];
      if (typeof next !== 'string' || next === after)
        throw errors.CDK_PAGING_LOOP({ message: 'A page of votes has more behind it, and no place where.' });
      after = next;
    }
    return { votes };
  },
  map: ({ votes }: JsonObject) => (Array.isArray(votes) ? votes.filter(isJsonObject) : []),
};

const isMarkedDeleted = ({ deleted }: JsonObject): boolean => deleted === true;
const lists = [
  'automations',
  'brands',
  'group_memberships',
  'organization_memberships',
  'ticket_fields',
] as const;

const isDeletedTicket = ({ status }: JsonObject): boolean => status === 'deleted';

/** What is read along the cursor of an export, so many rows on a page. */
const alongCursors = (rows: number) => ({
  tickets: token({
    ...exported('/incremental/tickets/cursor', 'tickets', rows),
    isDeleted: isDeletedTicket,
  }),
  ticket_metrics: token({
    ...exported('/incremental/tickets/cursor', 'tickets', rows, { include: 'metric_sets' }),
    // A ticket that was deleted has none.
    map: ({ metric_set: metrics = null }) => (isJsonObject(metrics) ? metrics : undefined),
  }),
  users: token(exported('/incremental/users/cursor', 'users', rows)),
  ticket_audits: belowTickets('audits', rows, { query: hundred, paging }),
  ticket_comments: belowTickets('comments', rows, { query: hundred, paging }),
  // Of accounts that have them switched on.
  side_conversations: belowTickets('side_conversations', rows, { paging: nextUrl('/next_page') }),
});

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
    advanced: optionalSection(
      {
        title: 'Advanced Config',
        description: 'Settings that most accounts do not need.',
        order: 11,
        advanced: true,
      },
      {
        incremental_export_page_size: optional(
          integer({
            title: "Incremental Export Streams' Page Size",
            description:
              'How many rows a page of an export along a cursor has; fewer where Zendesk does not make such pages in time.',
            minimum: 1,
            maximum: LARGEST_PAGE,
            default: LARGEST_PAGE,
            order: 0,
          }),
        ),
      },
    ),
  },
  auth: [
    authorizationCode({
      provider: 'zendesk',
      authUrl: 'https://{{{config.subdomain}}}.zendesk.com/oauth/authorizations/new',
      tokenUrl: 'https://{{{config.subdomain}}}.zendesk.com/oauth/tokens',
      scope: 'read',
      // Two days, the longest that it gives.
      tokenParameters: { expires_in: 172_800 },
      codeParameters: { scope: 'read' },
      sendsCodeAs: 'json',
      tokens: 'rotating',
    }),
    basic({
      title: 'Email & API Token',
      userSuffix: '/token',
      user: { title: 'Email', description: 'The address that the user signs in with.' },
      password: { title: 'API Token', description: 'A token of the account, and not the password.' },
    }),
  ],
  start: { daysAgo: 30 },
  base: ({ subdomain }) => `https://${subdomain}.zendesk.com/api/v2`,
  probe: get('/tickets', { 'page[size]': 1 }),
  limits: [movingWindow(10, '1m', { appliesTo: /\/incremental\// })],
  streams: {
    ...alongCursors(LARGEST_PAGE),
    organizations: walk({
      ...byTime('/incremental/organizations', 'organizations'),
      check: assertFull,
    }),
    // Their pages do not say that they are the last.
    calls: walk({ ...byTime('/channels/voice/stats/incremental/calls', 'calls'), ends: 'level' }),
    call_legs: walk({ ...byTime('/channels/voice/stats/incremental/legs', 'legs'), ends: 'level' }),
    ticket_metric_events: changes({
      ...filtered('/incremental/ticket_metric_events', 'ticket_metric_events'),
      query: { 'page[size]': LARGEST_PAGE },
      // An event does not change, and may be written many minutes after its time.
      cursor: updatedAt('/time', { tick: '1s', lag: '30m' }),
      between: ({ from }) => ({ start_time: seconds(from) }),
    }),
    satisfaction_ratings: changes({
      ...filtered('/satisfaction_ratings', 'satisfaction_ratings'),
      between: ({ from, to }) => ({ start_time: seconds(from), end_time: seconds(to) }),
      longestWindow: '30d',
    }),
    ticket_skips: changes({
      ...filtered('/skips', 'skips'),
      between: ({ from }) => ({ start_time: seconds(from) }),
    }),
    ticket_activities: changes({
      ...filtered('/activities', 'activities'),
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
    // With those who may use them.
    macros: changes({ ...scanned('/macros', 'macros'), query: { ...hundred, include: 'permissions' } }),
    ...each(['custom_roles', 'ticket_forms'], (name) =>
      changes({ ...scanned(`/${name}`, name), ...numbered, cursor: seenTwice, interval: '30m' }),
    ),
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
    post_comment_votes: belowPosts('comments', votesOnComments),
    account_attributes: snapshot({ ...whole('/routing/attributes', 'attributes'), ...numbered }),
    sla_policies: snapshot({ ...whole('/slas/policies', 'sla_policies'), ...numbered }),
    schedules: snapshot(whole('/business_hours/schedules', 'schedules')),
    custom_ticket_statuses: snapshot({
      ...whole('/custom_statuses', 'custom_statuses'),
      query: hundred,
      paging,
    }),
    tags: snapshot({ ...whole('/tags', 'tags', '/name'), query: hundred, paging }),
  },
  renamed: { talk_calls: 'calls', talk_call_legs: 'call_legs' },
  describe: async ({ client }, signal, { advanced }, isSession) => ({
    ...alongCursors(advanced.incremental_export_page_size),
    // A session reads what its bindings name, which were checked.
    ...(isSession ? {} : await lackingStreams(client, signal)),
  }),
});
