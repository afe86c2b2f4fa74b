// incident.io as far as the connector relies on it. The paths, the members that lists are in, `pagination_meta.after`, the filter
// `updated_at[date_range]=<day>~<day>`, and that entries of the catalog are listed by their type, are those of its API reference.
// How late rows appear, and that pages hold no more than four, is made up. Ids are numbers here and texts there.

import { type FakeApi, fakeCursorPages, type FakeList, type TableRow } from '@weir/cdk/testing';

/** Incidents of other modes than those that are asked for are left out; each mode is a parameter of its own. */
const modes = ['standard', 'retrospective', 'test', 'tutorial'] as const;

function inDays({ id, updatedAt }: TableRow, query: URLSearchParams): boolean {
  if (!query.getAll('mode[one_of]').includes(modes[id % modes.length] ?? '')) return false;
  const [, from, to] = /^(.+)~(.+)$/.exec(query.get('updated_at[date_range]') ?? '') ?? [];
  const day = updatedAt.toString().slice(0, 10);
  return from === undefined || to === undefined || (day >= from && day <= to);
}

function paged(
  member: string,
  filter: (row: TableRow, query: URLSearchParams) => boolean = () => true,
): FakeList {
  return fakeCursorPages({
    param: 'after',
    sizeParam: 'page_size',
    most: 4,
    filter,
    body: (rows, after) => ({ [member]: rows, pagination_meta: { page_size: 4, after: after ?? null } }),
  });
}

const whole =
  (member: string): FakeList =>
  (rows) => ({ body: { [member]: rows.map(({ row }) => row) } });

const accepts: FakeApi['accepts'] = ({ headers }) => headers['authorization'] === 'Bearer the key';

export const fakeIncidentIo: FakeApi = {
  origin: 'https://api.incident.io',
  accepts,
  lists: {
    '/v2/incidents': paged('incidents', inDays),
    '/v1/severities': whole('severities'),
    '/v2/custom_fields': whole('custom_fields'),
    '/v1/incident_statuses': whole('incident_statuses'),
    '/v1/incident_types': whole('incident_types'),
    '/v1/incident_roles': whole('incident_roles'),
    '/v2/incident_timestamps': whole('incident_timestamps'),
    '/v3/catalog_resources': whole('resources'),
    '/v2/users': paged('users'),
    // Two types that stay; each has every other entry.
    '/v3/catalog_types': () => ({
      body: { catalog_types: [1, 2].map((id) => ({ id, updated_at: '2024-01-01T00:00:00Z' })) },
    }),
    '/v3/catalog_entries': paged(
      'catalog_entries',
      ({ id }, query) => id % 2 === Number(query.get('catalog_type_id')) % 2,
    ),
  },
  tables: { latestMs: 30_000 },
};

/** Incidents that stay, for what is attached to them; types of the catalog that do not. */
export const fakeAttachments: FakeApi = {
  origin: 'https://api.incident.io',
  accepts,
  lists: {
    '/v3/catalog_types': whole('catalog_types'),
    '/v1/severities': whole('severities'),
    '/v2/incidents': () => ({
      body: { incidents: [{ id: 1 }, { id: 2 }], pagination_meta: { after: null } },
    }),
    '/v1/incident_attachments': (rows, { searchParams }) => ({
      body: {
        incident_attachments: rows
          .filter(({ id }) => id % 2 === Number(searchParams.get('incident_id')) % 2)
          .map(({ row }) => row),
      },
    }),
  },
};

export const config = '{"credentials":{"access_token":"the key"}}';
