// HubSpot's API: CRM objects, version 3, with what they are associated with; marketing, and settings of the account.

import {
  authorizationCode,
  bearer,
  changes,
  children,
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
import { propertiesOf, streamsOfAccount } from './account.ts';
import { withTexts } from './answers.ts';
import { engagementsChanged, searched } from './changed-objects.ts';
import { contactListMemberships, contactLists } from './contact-lists.ts';
import { crmObjects } from './crm-objects.ts';
import { everyKind, formSubmissions } from './form-submissions.ts';
import { campaigns, marketingEmails } from './marketing.ts';

const paging = cursor({ at: '/paging/next/after', param: 'after' });
const hundred = { limit: 100 };
/** Upstream's collections require them of every document. */
const timeless = { createdAt: null, updatedAt: null };

/** Objects by the names of their streams, and the kinds that they are associated with. */
const associated = {
  companies: ['contacts', 'deals'],
  deals: ['contacts', 'engagements', 'line_items'],
  tickets: ['contacts', 'engagements', 'line_items'],
  products: [],
  line_items: ['commerce_payments', 'products', 'deals', 'invoices', 'quotes', 'subscriptions'],
  orders: ['contacts', 'companies', 'deals', 'line_items'],
  leads: ['contacts', 'companies'],
  feedback_submissions: [],
} as const;

const ofEngagements =
  'contacts companies deals tickets quotes orders emails meetings notes tasks content carts partner_clients marketing_events';

/** A list without a filter by time. */
const workflows = changes({
  path: '/automation/v3/workflows',
  records: 'workflows',
  key: ['/id'],
  cursor: updatedAt('/updatedAt', { tick: '1ms', lag: '5m' }),
  lookback: '1h',
  lookbackAs: 'delayed',
  map: (workflow) => withTexts(workflow, 'insertedAt', 'updatedAt'),
  interval: '5m',
});

/** Both bounds of the filter are inclusive. An event without a type is one that ended a bounce. */
const emailEvents = changes({
  path: '/email/public/v1/events',
  key: ['/id'],
  keyType: 'string',
  cursor: occurredAt('/created', { tick: '1ms', lag: '5m' }),
  lookback: '1h',
  lookbackAs: 'delayed',
  between: ({ from, to }) => ({
    startTimestamp: Date.parse(from) || undefined,
    endTimestamp: Date.parse(to),
  }),
  longestLook: '1h',
  records: 'events',
  map: (event) => ({ type: 'UNBOUNCE', ...withTexts(event, 'created') }),
  query: { limit: 1000 },
  paging: cursor({ at: '/offset', param: 'offset', more: '/hasMore' }),
  interval: '5m',
});

const marketingEvents = {
  path: '/marketing/v3/marketing-events',
  records: 'results',
  query: hundred,
  paging,
};

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
        'crm.lists.read crm.objects.companies.read crm.objects.contacts.read crm.objects.deals.read crm.objects.owners.read ' +
        'crm.schemas.companies.read crm.schemas.contacts.read crm.schemas.deals.read e-commerce forms tickets',
      authParameters: {
        optional_scope:
          'automation content crm.objects.custom.read crm.objects.feedback_submissions.read crm.objects.goals.read ' +
          'crm.objects.leads.read crm.objects.marketing_events.read crm.objects.orders.read crm.schemas.custom.read ' +
          'marketing.campaigns.read',
      },
      tokens: 'refresh',
    }),
    bearer(),
  ],
  base: 'https://api.hubapi.com',
  probe: get('/crm/v3/objects/contacts', { limit: 1 }),
  limits: [movingWindow(100, '10s'), movingWindow(4, '1s', { appliesTo: /\/search$/ })],
  streams: {
    // Contacts have a property of their own that says when they changed.
    contacts: crmObjects('contacts', ['companies'], searched('contacts', 'lastmodifieddate')),
    ...each(Object.keys(associated) as (keyof typeof associated)[], (name) =>
      crmObjects(name, associated[name]),
    ),
    goals: crmObjects('goal_targets', []),
    engagements: crmObjects('engagements', ofEngagements.split(' '), engagementsChanged),
    properties: propertiesOf([]),
    owners: snapshot({
      path: '/crm/v3/owners',
      records: 'results',
      query: hundred,
      paging,
      order: { by: '/id' },
      tombstone: timeless,
      interval: '5m',
    }),
    deal_pipelines: snapshot({
      path: '/crm-pipelines/v1/pipelines/deals',
      records: 'results',
      order: { by: '/pipelineId' },
      map: (pipeline) => withTexts(pipeline, 'createdAt', 'updatedAt'),
      tombstone: timeless,
      interval: '5m',
    }),
    forms: snapshot({
      path: '/marketing/v3/forms',
      records: 'results',
      query: { ...hundred, ...everyKind },
      paging,
      order: { by: '/id' },
      tombstone: { id: '', formType: '', ...timeless },
      interval: '5m',
    }),
    form_submissions: formSubmissions,
    contact_lists: contactLists,
    contact_list_memberships: contactListMemberships,
    email_events: emailEvents,
    marketing_emails: marketingEmails,
    marketing_events: snapshot({ ...marketingEvents, order: { by: '/objectId' }, interval: '5m' }),
    marketing_event_participants: children({
      of: marketingEvents,
      id: '/objectId',
      path: (id) => `/marketing/v3/marketing-events/participations/${id}/breakdown`,
      records: 'results',
      query: hundred,
      paging,
      // An event that is deleted meanwhile.
      answers: [{ status: 404, means: 'empty' }],
      order: { by: '/id' },
      interval: '15m',
    }),
    workflows,
    campaigns,
  },
  describe: (context, signal, { useLegacyNamingForCustomObjects: hasPlainNames }, isSession = false) =>
    streamsOfAccount(context, { hasPlainNames, isSession }, signal),
});
