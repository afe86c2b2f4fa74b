// Zendesk as far as the connector relies on it. What it does is known from Zendesk's API reference ("Incremental Exports",
// "Pagination", "Security and Authentication"), as node-zendesk uses it: the cursor export and its `end_of_stream`, the export by
// `start_time` sorted by `updated_at`, lists with `page[size]`, `page[after]` and `meta`, an API token as `email/token`. How late rows
// appear, and how small the pages are, is made up. That side conversations are listed by `next_page`, and only where the settings of
// the account say so, and that a comment has a `vote_count`, is known from upstream's connector.

import { type JsonObject, type JsonValue, stringifyJson } from '@weir/schema/json';
import type { FakeApi, FakeList, TableRow } from '@weir/cdk/testing';

const PAGE = 4;
const origin = 'https://acme.zendesk.com';

/** All that happened, along a cursor that comes with every page, also the last. */
const cursorExport =
  (records: string): FakeList =>
  (_rows, { searchParams }, { log }) => {
    const after = Number(atob(searchParams.get('cursor') ?? '').split('|')[0]);
    if (!searchParams.has('cursor') && !searchParams.has('start_time'))
      return { status: 400, text: 'start_time is required' };
    const page = log.slice(after, after + PAGE);
    return {
      body: {
        [records]: page.map(({ id, row }) => row ?? { id, status: 'deleted' }),
        after_cursor: btoa(`${after + page.length}||0`),
        end_of_stream: after + page.length >= log.length,
      },
    };
  };

const timeExport =
  (records: string): FakeList =>
  (rows, { searchParams }) => {
    const start = Number(searchParams.get('start_time'));
    const found = rows
      .filter(({ updatedAt }) => updatedAt.ms >= start * 1000)
      .toSorted((left, right) => left.updatedAt.compare(right.updatedAt) || left.id - right.id);
    return { body: { [records]: found.map(({ row }) => row), count: found.length, end_of_stream: true } };
  };

interface PagesOptions {
  readonly filter?: (row: TableRow, query: URLSearchParams) => boolean;
  readonly order?: (left: TableRow, right: TableRow) => number;
  readonly size?: number;
}

const placeOf = ({ updatedAt, id }: TableRow): string => `${updatedAt.toString()} ${id}`;

const cursorPages =
  (records: string, { filter = () => true, order, size = PAGE }: PagesOptions = {}): FakeList =>
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
        [records]: page.map(({ row }) => row),
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
  const own = row.updatedAt.toString();
  return own < time || (own === time && row.id > Number(id));
}

const newestFirst = (left: TableRow, right: TableRow): number =>
  right.updatedAt.compare(left.updatedAt) || left.id - right.id;

const settings: FakeList = () => ({
  body: { settings: { side_conversations: { show_in_context_panel: true } } },
});

export const paths = {
  tickets: '/api/v2/incremental/tickets/cursor',
  users: '/api/v2/incremental/users/cursor',
  organizations: '/api/v2/incremental/organizations',
  satisfaction_ratings: '/api/v2/satisfaction_ratings',
  brands: '/api/v2/brands',
  tags: '/api/v2/tags',
} as const;

export const fakeZendesk: FakeApi = {
  origin,
  accepts: ({ headers }) => headers['authorization'] === `Basic ${btoa('ada@acme.com/token:the key')}`,
  lists: {
    [paths.tickets]: cursorExport('tickets'),
    [paths.users]: cursorExport('users'),
    [paths.organizations]: timeExport('organizations'),
    [paths.satisfaction_ratings]: cursorPages('satisfaction_ratings', {
      filter: ({ updatedAt }, query) =>
        updatedAt.ms >= Number(query.get('start_time')) * 1000 &&
        updatedAt.ms <= Number(query.get('end_time')) * 1000,
    }),
    [paths.brands]: cursorPages('brands'),
    [paths.tags]: cursorPages('tags'),
    '/api/v2/audit_logs': cursorPages('audit_logs', { order: newestFirst }),
    '/api/v2/tickets': cursorPages('tickets'),
    '/api/v2/account/settings': settings,
  },
  tables: { latestMs: 50_000 },
};

/** Lists below tickets and posts. */
export const below = { tickets: '/api/v2/tickets', posts: '/api/v2/community/posts' } as const;

/** Only ten pages a minute are given, so that small ones would not be read in the time of a test. */
const EXPORTED = 10 * PAGE;

const ticketExport: FakeList = (_rows, { searchParams }, { log }) => {
  const cursor = searchParams.get('cursor');
  const start = Number(searchParams.get('start_time')) * 1000;
  const first = log.findIndex(({ at }) => at.ms >= start);
  const after = cursor === null ? Math.max(0, first) : Number(atob(cursor).split('|')[0]);
  const page = log.slice(after, after + EXPORTED);
  return {
    body: {
      tickets: page.map(({ id, at }) => ({ id, generated_timestamp: Math.floor(at.ms / 1000) })),
      after_cursor: btoa(`${after + page.length}||0`),
      end_of_stream: after + page.length >= log.length,
    },
  };
};

/** One row has two pages below it, each other one a single one: what is read meanwhile changes with every request. */
const numbersBelow = ({ id }: JsonObject): readonly number[] => (Number(id) % 7 === 0 ? [1, 2] : [1]);

export function sideConversationsOf({ id, version }: JsonObject): JsonObject[] {
  return numbersBelow({ id: id ?? null }).map((number) => ({
    id: `${textOf(id)}-${number}`,
    ticket_id: id ?? null,
    version: version ?? null,
  }));
}

/** Of the first comment of some posts; nobody has voted on any other, which is not asked for then. */
const hasVotes = ({ id }: JsonObject): boolean => Number(id) % 3 === 0;

export function votesOf({ id, version }: JsonObject): JsonObject[] {
  if (!hasVotes({ id: id ?? null })) return [];
  return numbersBelow({ id: id ?? null }).map((number) => ({
    id: Number(id) * 10 + number,
    version: version ?? null,
  }));
}

const belowTicket: NonNullable<FakeApi['below']>[string] = (row, url) => {
  if (row === undefined) return { status: 404, text: 'RecordNotFound' };
  const [first = null, second = null] = sideConversationsOf(row.row);
  const isFirst = url.searchParams.get('page') === null;
  const next = `${url.origin}${url.pathname}?page=2`;
  return {
    body: {
      side_conversations: [isFirst ? first : second],
      next_page: isFirst && second !== null ? next : null,
    },
  };
};

const belowPost: NonNullable<FakeApi['below']>[string] = (row, { pathname, searchParams }) => {
  if (row === undefined) return { status: 404, text: 'RecordNotFound' };
  if (pathname.endsWith('/comments')) {
    const comments = [
      { id: 7, vote_count: votesOf(row.row).length },
      { id: 8, vote_count: 0 },
    ];
    return { body: { comments, meta: { has_more: false, after_cursor: null } } };
  }
  if (!pathname.endsWith('/comments/7/votes') || !hasVotes(row.row))
    return { status: 400, text: 'nobody has voted on it' };
  const [first = null, second = null] = votesOf(row.row);
  const isFirst = searchParams.get('page[after]') === null;
  return {
    body: {
      votes: [isFirst ? first : second],
      meta: { has_more: isFirst && second !== null, after_cursor: 'one' },
    },
  };
};

export const fakeBelow: FakeApi = {
  ...fakeZendesk,
  lists: {
    [paths.tickets]: ticketExport,
    [below.tickets]: cursorPages('tickets'),
    [below.posts]: cursorPages('posts', { size: EXPORTED }),
    '/api/v2/account/settings': settings,
  },
  sameTable: { [paths.tickets]: below.tickets },
  below: { [below.tickets]: belowTicket, [below.posts]: belowPost },
};

const textOf = (value: JsonValue | undefined): string => stringifyJson(value ?? null);

export const config =
  '{"subdomain":"acme","credentials":{"credentials_title":"Email & API Token","username":"ada@acme.com","password":"the key"}}';
