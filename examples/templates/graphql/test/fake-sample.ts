// Sample as far as the connector relies on it. Say of each of its ways where it is known from.

import { type FakeApi, type FakeList } from '@weir/cdk/testing';

const MOST = 3;

const people: FakeList = (rows, _url, _table, { body = '{}' }) => {
  const { query, variables } = JSON.parse(body) as {
    readonly query: string;
    readonly variables?: { readonly after: string | null };
  };
  if (query.includes('__typename')) return { body: { data: { __typename: 'Query' } } };
  const rest = rows.filter(({ id }) => id > Number(variables?.after ?? 0));
  const page = rest.slice(0, MOST);
  const pageInfo = { hasNextPage: rest.length > MOST, endCursor: String(page.at(-1)?.id ?? '') };
  return { body: { data: { people: { nodes: page.map(({ row }) => row), pageInfo } } } };
};

export const fakeSample: FakeApi = {
  origin: 'https://api.example.com',
  accepts: ({ headers }) => headers['authorization'] === 'Bearer the key',
  lists: { '/graphql': people },
};

export const config = JSON.stringify({
  url: 'https://api.example.com',
  credentials: { access_token: 'the key' },
});
