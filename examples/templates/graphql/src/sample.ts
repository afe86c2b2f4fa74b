// Sample's GraphQL API. Say here where its vendor describes it, and which version this is.

import { bearer, defineApi, type Paging, snapshot } from '@weir/cdk';
import { text } from '@weir/schema';
import { isJsonObject, parsePointer, resolvePointer } from '@weir/schema/json';

const query = (field: string, fields: string): string =>
  `query($after: String) { ${field}(first: 100, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`;

/** Pages of a connection: its cursor goes into the variable `$after`. */
function connection(field: string): Paging<'stable'> {
  const info = parsePointer(`/data/${field}/pageInfo`);
  return {
    name: `the connection ${field}`,
    stability: 'stable',
    request: (base, position) => {
      const json = base.body !== undefined && 'json' in base.body ? base.body.json : {};
      return {
        ...base,
        body: { json: { ...(isJsonObject(json) ? json : {}), variables: { after: position ?? null } } },
      };
    },
    next: ({ envelope }) => {
      const page = resolvePointer(envelope, info);
      if (!isJsonObject(page) || page['hasNextPage'] !== true) return undefined;
      return typeof page['endCursor'] === 'string' ? page['endCursor'] : undefined;
    },
  };
}

const list = (field: string, fields: string) =>
  snapshot({
    path: '/graphql',
    method: 'POST',
    body: { json: { query: query(field, fields) } },
    records: `data.${field}.nodes`,
    paging: connection(field),
    order: { by: '/id' },
    // An error is told with the status 200, and there is no list then.
    answers: [{ status: 200, text: /^\{"errors"/, means: 'retry' }],
    interval: '15m',
  });

export const sample = defineApi({
  name: 'source-sample',
  title: 'Sample',
  config: {
    url: text({ title: 'URL', description: 'Where the API is, as https://api.example.com.', order: 10 }),
  },
  auth: [bearer()],
  base: ({ url }) => url,
  // For servers of the user's own. Take it out where the API is a vendor's.
  isSelfHosted: true,
  probe: { url: '/graphql', method: 'POST', body: { json: { query: '{ __typename }' } } },
  streams: {
    people: list('people', 'id name updated_at'),
  },
});
