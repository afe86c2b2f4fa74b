// Zendesk as far as the connector relies on it. What it does is known from Zendesk's API reference ("Incremental Exports",
// "Pagination", "Security and Authentication"), as node-zendesk uses it: the cursor export and its `end_of_stream`, the export by
// `start_time` sorted by `updated_at`, lists with `page[size]`, `page[after]` and `meta`, an API token as `email/token`. How late rows
// appear, and how small the pages are, is made up.

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
}

const placeOf = ({ updatedAt, id }: TableRow): string => `${updatedAt.toString()} ${id}`;

const cursorPages =
  (records: string, { filter = () => true, order }: PagesOptions = {}): FakeList =>
  (rows, { searchParams }) => {
    const wanted = rows.filter((row) => filter(row, searchParams));
    const sorted = order === undefined ? wanted : wanted.toSorted(order);
    const after = searchParams.get('page[after]');
    // A cursor is a place in the order, not a number of rows.
    const begins = after === null ? 0 : sorted.findIndex((row) => isBehind(row, after, order !== undefined));
    const page = begins === -1 ? [] : sorted.slice(begins, begins + PAGE);
    const last = page.at(-1);
    return {
      body: {
        [records]: page.map(({ row }) => row),
        meta: {
          has_more: begins !== -1 && begins + PAGE < sorted.length,
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
  },
  tables: { latestMs: 50_000 },
};

export const config =
  '{"subdomain":"acme","credentials":{"credentials_title":"Email & API Token","username":"ada@acme.com","password":"the key"}}';
