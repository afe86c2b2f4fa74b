// Shopify's Admin API (GraphQL, version 2026-01), for one store or several.

import { apiKey, type AuthKind, costBudget, defineApi, oauthToken, ofSites, sessionLogin } from '@weir/cdk';
import { flag, optional, secret, text } from '@weir/schema';
import { optionalSection } from '@weir/schema/config';
import { graphqlRequest } from './graphql-requests.ts';
import { grantedScopes, reaches } from './scopes.ts';
import { withoutPublications } from './selections.ts';
import { streamsOf } from './store-streams.ts';

const streams = streamsOf((rows) => rows);
const streamsUnpublished = streamsOf(withoutPublications);

const TOKEN = 'x-shopify-access-token';
const client = {
  client_id: secret({ title: 'Client Id', description: 'The id of the app.', order: 1 }),
  client_secret: secret({ title: 'Client Secret', description: 'The secret of the app.', order: 2 }),
};
const byToken: AuthKind = {
  ...apiKey({ title: 'Private App Credentials', sends: { header: TOKEN } }),
  fields: {
    access_token: secret({ title: 'Access Token', description: 'The token of the store.', order: 1 }),
  },
};

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
  config: {
    advanced: optionalSection(
      {
        title: 'Advanced Config',
        description: 'Settings that most stores do not need.',
        order: 10,
        advanced: true,
      },
      {
        window_size: optional(
          text({
            title: 'Window Size',
            description:
              'The longest time that one bulk operation reads, as an ISO 8601 duration without years and months.',
            format: 'duration',
            pattern: '^(P(?=.*[1-9])([0-9]+W|([0-9]+D)?(T([0-9]+[HMS])+)?))?$',
            default: 'P30D',
            order: 0,
          }),
        ),
        should_use_composite_key: optional(
          flag({
            title: 'Use Composite Key',
            description:
              'Whether the keys of collections hold the name of the store. Off only in captures that are older than lists of stores; what is discovered has it in any case.',
            default: true,
            nonsensitive: true,
            order: 1,
          }),
        ),
      },
    ),
  },
  auth: [
    sessionLogin({
      title: 'Client Credentials',
      fields: client,
      login: (value) => ({
        method: 'POST',
        url: '/admin/oauth/access_token',
        body: {
          form: {
            grant_type: 'client_credentials',
            client_id: value('client_id'),
            client_secret: value('client_secret'),
          },
        },
        answers: [{ status: [400, 401, 403], means: 'unauthorized' }],
      }),
      token: oauthToken,
      sends: (token) => ({ headers: { [TOKEN]: token }, query: {} }),
    }),
    byToken,
  ],
  start: { daysAgo: 30 },
  base: (config) => `https://${String(Reflect.get(config, 'store'))}.myshopify.com`,
  probe: graphqlRequest('{ shop { id } }'),
  // The smallest plan's; what the answers tell of a store's own corrects it.
  limits: [costBudget(2000, '20s', { appliesTo: /graphql\.json$/ })],
  streams: Object.fromEntries(
    Object.entries(streams).map(([name, stream]) => [name, ofSites('store', stream)]),
  ),
  /** Streams are read from the stores whose token reaches them; those that none reaches are hidden. */
  describe: async ({ sites = new Map() }, signal) => {
    const granted = new Map<string, ReadonlySet<string>>();
    for (const [store, context] of sites) granted.set(store, await grantedScopes(context, signal));
    const own = (store: string) =>
      granted.get(store)?.has('publications') === false ? streamsUnpublished : streams;
    return Object.fromEntries(
      Object.entries(streams).map(([name, stream]) => {
        const stores = [...granted].filter(([, scopes]) => reaches(scopes, name)).map(([store]) => store);
        if (stores.length === 0) return [name, undefined];
        return [name, ofSites('store', (store) => own(store)[name] ?? stream, stores)];
      }),
    );
  },
});
