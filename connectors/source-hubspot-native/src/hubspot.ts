// HubSpot's API: CRM objects, version 3, with what they are associated with; marketing, and settings of the account.

import {
  authorizationCode,
  bearer,
  changes,
  cursor,
  defineApi,
  each,
  get,
  movingWindow,
  occurredAt,
  snapshot,
  updatedAt,
} from '@weir/cdk';
import { flag, optional } from '@weir/schema';
import { streamsOfAccount } from './account.ts';
import { crmObjects } from './crm-objects.ts';
import { contactListMemberships, everyKind, formSubmissions } from './newest-below.ts';

const paging = cursor({ at: '/paging/next/after', param: 'after' });
const hundred = { limit: 100 };

/** Objects by the names of their streams, and the kinds that they are associated with. */
const associated = {
  contacts: ['companies'],
  companies: ['contacts', 'deals'],
  deals: ['contacts', 'companies', 'line_items'],
  tickets: ['contacts', 'companies', 'deals'],
  products: [],
  line_items: ['deals'],
  orders: ['contacts', 'companies', 'deals', 'line_items'],
  calls: ['contacts', 'companies', 'deals', 'tickets'],
  emails: ['contacts', 'companies', 'deals', 'tickets'],
  meetings: ['contacts', 'companies', 'deals', 'tickets'],
  notes: ['contacts', 'companies', 'deals', 'tickets'],
  tasks: ['contacts', 'companies', 'deals', 'tickets'],
  goals: [],
  feedback_submissions: ['contacts'],
} as const;

/** Streams whose objects have another name in paths. */
const paths: Readonly<Record<string, string>> = { goals: 'goal_targets' };
const names = Object.keys(associated) as (keyof typeof associated)[];

/** A list without a filter by time. */
const scanned = (path: string, query: Readonly<Record<string, string>> = {}) =>
  ({
    path,
    key: ['/id'],
    keyType: 'string',
    cursor: updatedAt('/updatedAt', { tick: '1ms', lag: '5m' }),
    records: 'results',
    query: { ...hundred, ...query },
    paging,
    interval: '15m',
  }) as const;

/** Both bounds of the filter are inclusive. An event without a type is one that ended a bounce. */
const emailEvents = changes({
  path: '/email/public/v1/events',
  key: ['/id'],
  keyType: 'string',
  cursor: occurredAt('/created', { tick: '1ms', lag: '5m', format: 'milliseconds' }),
  lookback: '1h',
  between: ({ from, to }) => ({ startTimestamp: from, endTimestamp: to }),
  longestWindow: '1d',
  records: 'events',
  map: (event) => ('type' in event ? event : { ...event, type: 'UNBOUNCE' }),
  query: { limit: 1000 },
  paging: cursor({ at: '/offset', param: 'offset', more: '/hasMore' }),
  interval: '5m',
});

export const hubspot = defineApi({
  name: 'source-hubspot-native',
  title: 'HubSpot',
  config: {
    capturePropertyHistory: optional(
      flag({
        title: 'Capture Property History',
        description: 'Objects hold what their properties were before, in propertiesWithHistory.',
        default: false,
        order: 9,
        nonsensitive: true,
      }),
    ),
    useLegacyNamingForCustomObjects: optional(
      flag({
        title: 'Use Legacy Naming for Custom Objects',
        description:
          'Streams of custom objects are called as the objects are, without custom_ before it. One that is called as a stream of HubSpot itself takes its place.',
        default: false,
        order: 10,
        nonsensitive: true,
      }),
    ),
  },
  auth: [
    authorizationCode({
      provider: 'hubspot',
      authUrl: 'https://app.hubspot.com/oauth/authorize',
      tokenUrl: 'https://api.hubapi.com/oauth/v1/token',
      scope:
        'crm.objects.contacts.read crm.objects.companies.read crm.objects.deals.read crm.objects.owners.read crm.lists.read',
      authParameters: {
        optional_scope:
          'tickets e-commerce crm.objects.line_items.read crm.objects.orders.read crm.objects.goals.read crm.objects.feedback_submissions.read crm.objects.custom.read crm.schemas.custom.read crm.schemas.contacts.read crm.schemas.companies.read crm.schemas.deals.read forms content automation marketing.campaigns.read sales-email-read',
      },
      tokens: 'refresh',
    }),
    bearer(),
  ],
  start: { daysAgo: 30 },
  base: 'https://api.hubapi.com',
  probe: get('/crm/v3/objects/contacts', { limit: 1 }),
  limits: [movingWindow(100, '10s'), movingWindow(4, '1s', { appliesTo: /\/search$/ })],
  streams: {
    ...each(names, (name) =>
      crmObjects({
        path: paths[name] ?? name,
        // Contacts have a property of their own.
        modified: name === 'contacts' ? 'lastmodifieddate' : 'hs_lastmodifieddate',
        associated: associated[name],
      }),
    ),
    owners: changes(scanned('/crm/v3/owners')),
    forms: changes(scanned('/marketing/v3/forms', everyKind)),
    form_submissions: formSubmissions,
    contact_list_memberships: contactListMemberships,
    email_events: emailEvents,
    marketing_emails: changes(scanned('/marketing/v3/emails')),
    campaigns: changes(scanned('/marketing/v3/campaigns')),
    deal_pipelines: snapshot({
      path: '/crm/v3/pipelines/deals',
      records: 'results',
      order: { by: '/id' },
      interval: '15m',
    }),
    workflows: snapshot({
      path: '/automation/v3/workflows',
      records: 'workflows',
      order: { by: '/id' },
      interval: '15m',
    }),
    ...each(['contact_properties', 'company_properties', 'deal_properties', 'ticket_properties'], (name) =>
      snapshot({
        path: `/crm/v3/properties/${name.replace('_properties', '')}`,
        records: 'results',
        order: { by: '/name' },
        interval: '1h',
      }),
    ),
  },
  describe: (context, signal, { useLegacyNamingForCustomObjects: hasPlainNames }) =>
    streamsOfAccount(context, hasPlainNames, signal),
});
