// incident.io's API. Only incidents have a filter by time, and it is one of whole days; other lists with times are read whole,
// and rows that have not changed are left out here.

import {
  bearer,
  changes,
  children,
  cursor,
  defineApi,
  each,
  get,
  rawChanges,
  snapshot,
  updatedAt,
} from '@weir/cdk';
import { catalogEntries } from './catalog-entries.ts';

const paging = cursor({ at: '/pagination_meta/after', param: 'after' });
/** The API's own clock has no lag that it tells of; upstream reckons with none. */
const updated = updatedAt('/updated_at', { tick: '1ms', lag: '1m' });

const row = { key: ['/id'], keyType: 'string', cursor: updated, interval: '5m' } as const;
const whole = { order: { by: '/id' }, interval: '15m' } as const;

const lists = {
  custom_fields: '/v2/custom_fields',
  catalog_types: '/v3/catalog_types',
  incident_statuses: '/v1/incident_statuses',
  incident_types: '/v1/incident_types',
  incident_roles: '/v1/incident_roles',
  severities: '/v1/severities',
} as const;

const DAY_MS = 86_400_000;

/** A day more on each side, as the days are those of a zone that the API does not tell. */
function day(text: string, daysMore: number): string {
  const timeMs = Math.max(Date.parse(text) + daysMore * DAY_MS, 0);
  return new Date(timeMs).toISOString().slice(0, 10);
}

const incidents = {
  path: '/v2/incidents',
  records: 'incidents',
  paging,
  query: { page_size: 500, 'mode[one_of]': ['standard', 'retrospective', 'test', 'tutorial'] },
} as const;

export const incidentIo = defineApi({
  name: 'source-incident-io',
  title: 'Incident.io',
  config: {},
  auth: [bearer()],
  base: 'https://api.incident.io',
  probe: get('/v1/severities'),
  streams: {
    incidents: changes({
      ...row,
      ...incidents,
      between: ({ from, to }) => ({ 'updated_at[date_range]': `${day(from, -1)}~${day(to, 1)}` }),
    }),
    ...each(Object.keys(lists) as (keyof typeof lists)[], (name) =>
      changes({ ...row, path: lists[name], records: name }),
    ),
    catalog_entries: rawChanges({
      key: ['/id'],
      fields: { '/id': { type: 'string' }, '/updated_at': { type: 'string', format: 'date-time' } },
      open: (context) => catalogEntries(context, paging, updated),
      interval: '5m',
    }),
    catalog_resources: snapshot({
      path: '/v3/catalog_resources',
      records: 'resources',
      order: { by: '/type' },
      interval: '15m',
    }),
    incident_timestamps: snapshot({
      ...whole,
      path: '/v2/incident_timestamps',
      records: 'incident_timestamps',
    }),
    users: snapshot({
      ...whole,
      path: '/v2/users',
      records: 'users',
      paging,
      query: { page_size: 10_000 },
    }),
    incident_attachments: children({
      of: incidents,
      id: '/id',
      as: 'incident_id',
      path: (id) => `/v1/incident_attachments?incident_id=${id}`,
      records: 'incident_attachments',
      ...whole,
    }),
  },
});
