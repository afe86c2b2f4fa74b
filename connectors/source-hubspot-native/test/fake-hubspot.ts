// HubSpot as far as the connector relies on it: its tables, its paths, its tokens, and what an app without a scope is told.

import type { FakeApi, FakeList } from '@weir/cdk/testing';
import {
  changedEngagements,
  engagementsChanged,
  kinds,
  kindsOfProperties,
  objectLists,
  properties,
  propertiesPath,
  sameTables,
} from './fake-crm.ts';
import {
  campaignProperties,
  campaigns,
  contactLists,
  emailEvents,
  forms,
  listProperties,
  listPropertiesPath,
  marketingEmails,
  marketingEventOf,
  members,
  membersPath,
  ownerOf,
  participantsOf,
  pipelines,
  submissions,
  submissionsPath,
  workflows,
} from './fake-lists.ts';
import { listOf, pageOf } from './fake-pages.ts';

const schemas: FakeList = () =>
  pageOf([
    { name: 'cars', archived: false },
    { name: 'carts', archived: true },
  ]);

const empty: FakeList = () => pageOf([]);

const objectsPath = ({ path }: { readonly path: string }): string => `/crm/v3/objects/${path}`;

export const paths = {
  contacts: objectsPath(kinds.contacts),
  cars: objectsPath(kinds.cars),
  engagements: objectsPath(kinds.engagements),
  properties: kindsOfProperties.map(propertiesPath),
  owners: '/crm/v3/owners',
  pipelines: '/crm-pipelines/v1/pipelines/deals',
  submissions: [submissionsPath('f1'), submissionsPath('f2')],
  lists: '/crm/v3/lists/search',
  members: [membersPath(10_001), membersPath(10_002)],
  emailEvents: '/email/public/v1/events',
  emails: '/marketing/v3/emails',
  marketingEvents: '/marketing/v3/marketing-events',
  campaigns: '/marketing/v3/campaigns',
  workflows: '/automation/v3/workflows',
} as const;

const participants = `${paths.marketingEvents}/participations`;

export const fakeHubspot: FakeApi = {
  origin: 'https://api.hubapi.com',
  token: {
    url: 'https://api.hubapi.com/oauth/v1/token',
    livesMs: 1_800_000,
    accepts: ({ body }) =>
      body === 'grant_type=refresh_token&refresh_token=the+token&client_id=id&client_secret=hush',
  },
  lists: {
    ...objectLists(kinds.contacts),
    ...objectLists(kinds.cars),
    ...objectLists(kinds.engagements),
    [engagementsChanged]: changedEngagements,
    ...Object.fromEntries(paths.properties.map((path) => [path, properties])),
    '/crm/v3/schemas': schemas,
    [paths.owners]: listOf(ownerOf),
    [paths.pipelines]: pipelines,
    '/marketing/v3/forms': forms,
    ...Object.fromEntries(paths.submissions.map((path) => [path, submissions])),
    [submissionsPath('blog')]: () => ({ status: 400, text: 'FORM_TYPE_NOT_ALLOWED' }),
    [paths.lists]: contactLists,
    [listPropertiesPath]: listProperties,
    ...Object.fromEntries(paths.members.map((path) => [path, members])),
    [paths.emailEvents]: emailEvents,
    [paths.emails]: marketingEmails,
    [paths.marketingEvents]: listOf(marketingEventOf),
    [paths.campaigns]: campaigns,
    '/crm/v3/properties/campaign': campaignProperties,
    [paths.workflows]: workflows,
    '/crm/v3/objects/goal_targets': empty,
    '/crm/v3/objects/leads': empty,
    '/crm/v3/objects/orders': empty,
    // What an app without the scope is told.
    '/crm/v3/objects/feedback_submissions': () => ({
      status: 403,
      text: "This app hasn't been granted all required scopes to make this call.",
    }),
  },
  below: {
    [participants]: (row) =>
      row === undefined ? { status: 404, text: 'gone' } : pageOf(participantsOf(row.row)),
  },
  sameTable: {
    ...sameTables(kinds.contacts),
    ...sameTables(kinds.cars),
    ...sameTables(kinds.engagements),
    [engagementsChanged]: paths.engagements,
    [participants]: paths.marketingEvents,
  },
  // Later than the soon look of two sees it.
  tables: { latestMs: 400_000, tickNs: 1_000_000n, changesOnceATick: true },
};

export const historicConfig =
  '{"credentials":{"credentials_title":"OAuth Credentials","client_id":"id","client_secret":"hush","refresh_token":"the token"},"capturePropertyHistory":true}';
export const config =
  '{"credentials":{"credentials_title":"OAuth Credentials","client_id":"id","client_secret":"hush","refresh_token":"the token"}}';
