// Greenhouse as far as the connector relies on it. Where its ways are known from: the header `Link`, `per_page`, the filter
// `updated_at=gte|…,lte|…` and the cursor that is sent alone are those of the Harvest API, version 3; tokens by client
// credentials as HTTP Basic are those of its sign-in. How late rows appear, and that pages hold no more than four, is made up.

import { type FakeApi, type FakeList, fakeLinkPages, type TableRow } from '@weir/cdk/testing';
import { greenhouse } from '../src/greenhouse.ts';

const list: FakeList = fakeLinkPages({
  param: 'cursor',
  sizeParam: 'per_page',
  most: 4,
  filter: ({ updatedAt }: TableRow, query) => {
    const [, from, to] = /^gte\|([^,]+),lte\|(.+)$/.exec(query.get('updated_at') ?? '') ?? [];
    if (from === undefined || to === undefined) return true;
    return updatedAt.ms >= Date.parse(from) && updatedAt.ms <= Date.parse(to);
  },
});

/** What a list is called is its path, as in upstream's connector. */
export const paths = Object.fromEntries(Object.keys(greenhouse.streams).map((name) => [name, `/v3/${name}`]));

export const fakeGreenhouse: FakeApi = {
  origin: 'https://harvest.greenhouse.io',
  token: {
    url: 'https://auth.greenhouse.io/token',
    livesMs: 600_000,
    accepts: ({ method, headers, body }) =>
      method === 'POST' &&
      headers['authorization'] === `Basic ${Buffer.from('the id:the secret').toString('base64')}` &&
      body === 'grant_type=client_credentials',
  },
  lists: Object.fromEntries(Object.values(paths).map((path) => [path, list])),
  tables: { tickNs: 1_000_000n, latestMs: 120_000 },
};

export const config = '{"credentials":{"client_id":"the id","client_secret":"the secret"}}';
