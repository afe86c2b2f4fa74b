// Shopify's Admin API (GraphQL, version 2026-01), for one store or several.

import { apiKey, type AuthKind, clientCredentials, costBudget, defineApi, ofSites } from '@weir/cdk';
import { secret } from '@weir/schema';
import { type Access, accessOf, reaches } from './access.ts';
import { graphqlRequest } from './bulk-operation.ts';
import { checkConfig, config, upgradeConfig } from './config.ts';
import { withoutPublications } from './selections.ts';
import { streamsOf } from './store-streams.ts';

const streams = streamsOf((rows) => rows);
const streamsUnpublished = streamsOf(withoutPublications);

const TOKEN = 'x-shopify-access-token';
const accessToken = secret({ title: 'Access Token', description: 'The token of the store.', order: 3 });
const byToken = (title: string, fields: AuthKind['fields'] = {}): AuthKind => ({
  ...apiKey({ title, sends: { header: TOKEN } }),
  fields: { ...fields, access_token: accessToken },
});
const byClient = clientCredentials({
  tokenUrl: '/admin/oauth/access_token',
  sends: (token) => ({ headers: { [TOKEN]: token }, query: {} }),
});

export const shopify = defineApi({
  name: 'source-shopify-native',
  title: 'Shopify',
  sites: {
    list: 'stores',
    name: 'store',
    info: { title: 'Stores', description: 'The stores to capture, each with credentials of its own.' },
    nameInfo: {
      title: 'Store',
      description: 'The name of the store, which is the first part of its address: NAME.myshopify.com.',
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9-]*$',
    },
  },
  config,
  upgradeConfig,
  checkConfig,
  // The last one is of captures that are older than lists of stores: its token does not end.
  auth: [byClient, byToken('Private App Credentials'), byToken('OAuth Credentials', byClient.fields)],
  start: { daysAgo: 30 },
  base: (site) => `https://${String(Reflect.get(site, 'store'))}.myshopify.com`,
  probe: graphqlRequest('{ shop { id } }'),
  // The smallest plan's; what the answers tell of a store's own corrects it.
  limits: [costBudget(2000, '20s', { appliesTo: /graphql\.json$/ })],
  streams: Object.fromEntries(
    Object.entries(streams).map(([name, stream]) => [name, ofSites('store', stream)]),
  ),
  /** Streams are read from the stores whose token reaches them; those that none reaches are hidden. */
  describe: async ({ sites = new Map() }, signal, { advanced }) => {
    const granted = new Map<string, Access>();
    for (const [store, context] of sites) granted.set(store, await accessOf(context, signal));
    const own = (store: string) =>
      granted.get(store)?.scopes.has('publications') === false ? streamsUnpublished : streams;
    return Object.fromEntries(
      Object.entries(streams).map(([name, stream]) => {
        const stores = [...granted].filter(([, access]) => reaches(access, name)).map(([store]) => store);
        if (stores.length === 0) return [name, undefined];
        // Numbers of rows are those of a store in any case.
        const isKeyless = !advanced.should_use_composite_key && stream.kind !== 'snapshot';
        return [name, ofSites('store', (store) => own(store)[name] ?? stream, stores, isKeyless)];
      }),
    );
  },
});
