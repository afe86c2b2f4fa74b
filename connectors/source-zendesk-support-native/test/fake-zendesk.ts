// Zendesk as far as the connector relies on it: one way of listing for each kind of list, and a table of which list is which.
//
// Known from Zendesk's API reference, as node-zendesk uses it ("Incremental Exports", "Pagination", "Side-Loading", "Security and
// Authentication"): the export along a cursor with its `end_of_stream`, which leaves out the last minute; the export by
// `start_time`, sorted by `updated_at`; lists with `page[size]`, `page[after]` and `meta`; lists with `per_page` and `next_page`; an
// API token as `email/token`; groups that stay with `deleted`; tickets that stay with the status `deleted`.
// Known from upstream's connector (reference notes): how Zendesk says that an account lacks a product; that exports of calls tell no end and give `end_time`, that events of
// metrics are written up to half an hour after their time, that `metric_set` is within each ticket, that side conversations are listed by
// `next_page` where the settings of the account say so, that posts and comments have a `vote_count`.
// Made up: how late rows appear otherwise, and how small the pages are.

import type { JsonObject } from '@weir/schema/json';
import type { FakeApi, FakeList, FakeTruth, LogEntry, TableRow } from '@weir/cdk/testing';
import {
  auditsOf,
  below,
  commentsOf,
  listBelowPosts,
  listBelowTickets,
  sideConversationsOf,
  votesOf,
} from './fake-below.ts';

const PAGE = 4;
/** Only ten pages of exports are given a minute, so that small ones would not be read in the time of a test. */
const EXPORTED = 40;
const MINUTE_MS = 60_000;
const origin = 'https://acme.zendesk.com';
const base = '/api/v2';

/** All that happened, along a cursor that comes with every page, also the last. */
const cursorExport =
  (records: string, deleted: JsonObject): FakeList =>
  (_rows, { searchParams }, { log, nowMs }) => {
    const cursor = searchParams.get('cursor');
    if (cursor === null && !searchParams.has('start_time'))
      return { status: 400, text: 'start_time is required' };
    const start = Number(searchParams.get('start_time')) * 1000;
    const firstYoung = log.findIndex(({ at }) => at.ms > nowMs - MINUTE_MS);
    const shown = firstYoung === -1 ? log : log.slice(0, firstYoung);
    const after =
      cursor === null ? shown.filter(({ at }) => at.ms < start).length : Number(atob(cursor).split('|')[0]);
    const size = Math.min(EXPORTED, Number(searchParams.get('per_page')));
    const page = shown.slice(after, after + size);
    const hasMetrics = searchParams.get('include') === 'metric_sets';
    return {
      body: {
        [records]: page.map(({ id, row }) => {
          if (row === undefined) return { id, ...deleted };
          return hasMetrics ? { id, metric_set: row } : row;
        }),
        after_cursor: btoa(`${after + page.length}||0`),
        end_of_stream: after + page.length >= shown.length,
      },
    };
  };

const byTime = (left: TableRow, right: TableRow): number =>
  left.updatedAt.compare(right.updatedAt) || left.id - right.id;

const since = (rows: readonly TableRow[], { searchParams }: URL): TableRow[] =>
  rows
    .filter(({ updatedAt }) => updatedAt.ms >= Number(searchParams.get('start_time')) * 1000)
    .toSorted(byTime);

const timeExport =
  (records: string): FakeList =>
  (rows, url) => {
    const found = since(rows, url).map(({ row }) => row);
    return { body: { [records]: found, count: found.length, end_of_stream: true } };
  };

const exportOfCalls =
  (records: string): FakeList =>
  (rows, url) => {
    const page = since(rows, url).slice(0, EXPORTED);
    const last = page.at(-1)?.updatedAt.ms ?? Number(url.searchParams.get('start_time')) * 1000;
    const body = { [records]: page.map(({ row }) => row), count: page.length, end_time: last / 1000 };
    return { body };
  };

interface PagesOptions {
  readonly filter?: (row: TableRow, query: URLSearchParams) => boolean;
  readonly order?: (left: TableRow, right: TableRow) => number;
  readonly size?: number;
  readonly shown?: (row: TableRow) => JsonObject;
}

const placeOf = ({ createdAt, id }: TableRow): string => `${createdAt.toString()} ${id}`;

const cursorPages =
  (
    records: string,
    { filter = () => true, order, size = PAGE, shown = ({ row }) => row }: PagesOptions = {},
  ): FakeList =>
  (rows, { searchParams }) => {
    const wanted = rows.filter((row) => filter(row, searchParams));
    const sorted = order === undefined ? wanted : wanted.toSorted(order);
    const after = searchParams.get('page[after]');
    // A cursor is a place in the order, not a number of rows.
    const begins = after === null ? 0 : sorted.findIndex((row) => isBehind(row, after, order !== undefined));
    const page = begins === -1 ? [] : sorted.slice(begins, begins + size);
    const last = page.at(-1);
    return {
      body: {
        [records]: page.map(shown),
        meta: {
          has_more: begins !== -1 && begins + size < sorted.length,
          after_cursor: last === undefined ? null : placeOf(last),
        },
      },
    };
  };

function isBehind(row: TableRow, place: string, isNewestFirst: boolean): boolean {
  const [time = '', id = ''] = place.split(' ');
  if (!isNewestFirst) return row.id > Number(id);
  const own = row.createdAt.toString();
  return own < time || (own === time && row.id > Number(id));
}

const newestFirst = (left: TableRow, right: TableRow): number =>
  right.createdAt.compare(left.createdAt) || left.id - right.id;

/** Offsets: what goes away moves the rows behind it. */
const numberedPages =
  (records: string): FakeList =>
  (rows, url) => {
    const page = Number(url.searchParams.get('page') ?? 1);
    const size = Math.min(100, Number(url.searchParams.get('per_page')));
    const next = new URL(url);
    next.searchParams.set('page', String(page + 1));
    const found = rows.slice((page - 1) * size, page * size).map(({ row }) => row);
    const isLast = page * size >= rows.length;
    return { body: { [records]: found, next_page: isLast ? null : next.href, count: rows.length } };
  };

const wholeList =
  (records: string): FakeList =>
  (rows) => ({ body: { [records]: rows.map(({ row }) => row) } });

/** Those that are gone are listed still. */
const groups: FakeList = (_rows, url, table, request, tables) => {
  if (url.searchParams.get('exclude_deleted') !== 'false') return { status: 400, text: 'all are wanted' };
  const shown = new Map<number, TableRow>();
  for (const { id, row = { id, deleted: true }, at, visibleAtMs } of table.log) {
    if (visibleAtMs > table.nowMs) continue;
    const time = { updated_at: at.toString() };
    shown.set(id, { id, row: { ...time, ...row }, updatedAt: at, createdAt: at });
  }
  const all = [...shown.values()].toSorted((left, right) => left.id - right.id);
  return cursorPages('groups')(all, url, table, request, tables);
};

const inTimes = ({ updatedAt }: TableRow, query: URLSearchParams): boolean =>
  updatedAt.ms >= Number(query.get('start_time')) * 1000 &&
  updatedAt.ms <= Number(query.get('end_time') ?? Infinity) * 1000;

const behindTime = ({ updatedAt }: TableRow, query: URLSearchParams): boolean =>
  updatedAt.ms > Date.parse(query.get('since') ?? '');

/** An event of a metric has a time of its own. */
const asEvent = ({ updated_at: time = null, ...row }: JsonObject): JsonObject => ({ ...row, time });

const asPost = (row: JsonObject): JsonObject => ({
  ...row,
  vote_count: votesOf(row).length,
  comment_count: commentsOf(row).length,
});

/** An entry of the log neither changes nor goes away. */
const auditLog: FakeList = (_rows, url, table, request, tables) => {
  const first = new Map<number, LogEntry>();
  for (const entry of table.log) if (!first.has(entry.id)) first.set(entry.id, entry);
  const shown = [...first.values()]
    .filter(({ visibleAtMs }) => visibleAtMs <= table.nowMs)
    .map(({ id, at }) => {
      const row = asEntry({ id, created_at: at.toString() });
      return { id, row, updatedAt: at, createdAt: at };
    });
  return cursorPages('audit_logs', { order: newestFirst })(shown, url, table, request, tables);
};

const asEntry = ({ id = null, created_at: time = null }: JsonObject): JsonObject => ({
  id,
  created_at: time,
});

const settings: FakeList = () => ({
  body: { settings: { side_conversations: { show_in_context_panel: true } } },
});

const ticketExport = `${base}/incremental/tickets/cursor`;
const cursorLists = {
  automations: 'automations',
  brands: 'brands',
  group_memberships: 'group_memberships',
  macros: 'macros',
  organization_memberships: 'organization_memberships',
  ticket_fields: 'ticket_fields',
  articles: 'help_center/articles',
  categories: 'help_center/categories',
  topics: 'community/topics',
  custom_ticket_statuses: 'custom_statuses',
  tags: 'tags',
} as const;
const numberedLists = {
  custom_roles: 'custom_roles',
  ticket_forms: 'ticket_forms',
  account_attributes: 'routing/attributes',
  sla_policies: 'slas/policies',
} as const;

const member = (path: string): string =>
  path === numberedLists.sla_policies ? 'sla_policies' : path.slice(path.lastIndexOf('/') + 1);

const all = (
  paths: Readonly<Record<string, string>>,
  list: (records: string) => FakeList,
): Record<string, FakeList> =>
  Object.fromEntries(Object.values(paths).map((path) => [`${base}/${path}`, list(member(path))]));

export const fakeZendesk: FakeApi = {
  origin,
  accepts: ({ headers }) => headers['authorization'] === `Basic ${btoa('ada@acme.com/token:the key')}`,
  lists: {
    [ticketExport]: cursorExport('tickets', { status: 'deleted' }),
    [below.tickets]: cursorPages('tickets'),
    [`${base}/incremental/users/cursor`]: cursorExport('users', { active: false }),
    [`${base}/incremental/organizations`]: timeExport('organizations'),
    [`${base}/channels/voice/stats/incremental/calls`]: exportOfCalls('calls'),
    [`${base}/channels/voice/stats/incremental/legs`]: exportOfCalls('legs'),
    [`${base}/incremental/ticket_metric_events`]: cursorPages('ticket_metric_events', {
      filter: inTimes,
      shown: ({ row }) => asEvent(row),
      size: EXPORTED,
    }),
    [`${base}/satisfaction_ratings`]: cursorPages('satisfaction_ratings', { filter: inTimes }),
    [`${base}/skips`]: cursorPages('skips', { filter: inTimes }),
    [`${base}/activities`]: cursorPages('activities', { filter: behindTime }),
    [`${base}/audit_logs`]: auditLog,
    [`${base}/groups`]: groups,
    ...all(cursorLists, cursorPages),
    ...all(numberedLists, numberedPages),
    [`${base}/business_hours/schedules`]: wholeList('schedules'),
    [below.posts]: cursorPages('posts', { size: EXPORTED, shown: ({ row }) => asPost(row) }),
    [`${base}/account/settings`]: settings,
    [`${base}/channels/voice/stats/account_overview`]: () => ({ body: { account_overview: {} } }),
  },
  sameTable: { [ticketExport]: below.tickets },
  below: { [below.tickets]: listBelowTickets, [below.posts]: listBelowPosts },
  tables: { latestMs: 50_000 },
};

/** How rows below others tell which row they are below. */
const belowTicket = { lists: [below.tickets], idOf: ({ ticket_id: id }: JsonObject) => Number(id) };
const belowPost = { lists: [below.posts], idOf: ({ id }: JsonObject) => Math.floor(Number(id) / 10) };

/** What each of the 35 streams should end with. */
export const truths: Readonly<Record<string, string | FakeTruth>> = {
  tickets: below.tickets,
  ticket_metrics: below.tickets,
  users: `${base}/incremental/users/cursor`,
  ticket_audits: { ...belowTicket, rows: auditsOf },
  ticket_comments: { ...belowTicket, rows: auditsOf },
  side_conversations: { ...belowTicket, rows: sideConversationsOf },
  organizations: `${base}/incremental/organizations`,
  calls: `${base}/channels/voice/stats/incremental/calls`,
  call_legs: `${base}/channels/voice/stats/incremental/legs`,
  ticket_metric_events: {
    lists: [`${base}/incremental/ticket_metric_events`],
    rows: (row) => [asEvent(row)],
  },
  satisfaction_ratings: `${base}/satisfaction_ratings`,
  ticket_skips: `${base}/skips`,
  ticket_activities: `${base}/activities`,
  audit_logs: { lists: [`${base}/audit_logs`], rows: (row) => [asEntry(row)] },
  groups: `${base}/groups`,
  ...Object.fromEntries(
    Object.entries({ ...cursorLists, ...numberedLists }).map(([name, path]) => [name, `${base}/${path}`]),
  ),
  schedules: `${base}/business_hours/schedules`,
  posts: { lists: [below.posts], rows: (row) => [asPost(row)] },
  post_comments: { ...belowPost, rows: commentsOf },
  post_votes: { ...belowPost, rows: votesOf },
  post_comment_votes: { ...belowPost, rows: votesOf },
};

export const config =
  '{"subdomain":"acme","credentials":{"credentials_title":"Email & API Token","username":"ada@acme.com","password":"the key"}}';
