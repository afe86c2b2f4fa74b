// PostGraphile 4: a table as a connection of Relay, in the order of its key, so that a page begins behind a row and not at a place.

import { apiKey, defineApi, type Paging, snapshot } from '@weir/cdk';
import { text } from '@weir/schema';
import { isJsonObject, parsePointer, resolvePointer } from '@weir/schema/json';

const query =
  'query($after: Cursor) { allPeople(first: 5, after: $after, orderBy: PRIMARY_KEY_ASC) { nodes { id name } pageInfo { hasNextPage endCursor } } }';
const pageInfo = parsePointer('/data/allPeople/pageInfo');

const relay: Paging<'stable'> = {
  name: 'the connection allPeople',
  stability: 'stable',
  request: (base, position) => ({
    ...base,
    body: { json: { query, variables: { after: position ?? null } } },
  }),
  next: ({ envelope }) => {
    const page = resolvePointer(envelope, pageInfo);
    if (!isJsonObject(page) || page['hasNextPage'] !== true) return undefined;
    return typeof page['endCursor'] === 'string' ? page['endCursor'] : undefined;
  },
};

export const postgraphile = defineApi({
  name: 'source-postgraphile',
  title: 'PostGraphile',
  config: { url: text({ title: 'URL', description: 'Where the server is.', order: 10 }) },
  // It asks for none.
  auth: [apiKey({ sends: { header: 'x-api-key' } })],
  base: ({ url }) => url,
  isSelfHosted: true,
  probe: { url: '/graphql', method: 'POST', body: { json: { query: '{ __typename }' } } },
  streams: {
    people: snapshot({
      path: '/graphql',
      method: 'POST',
      records: 'data.allPeople.nodes',
      paging: relay,
      order: 'as listed',
      interval: '1m',
    }),
  },
});
