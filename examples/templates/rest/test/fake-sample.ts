// Sample as far as the connector relies on it. Say of each of its ways where it is known from.

import { type FakeApi, fakeCursorPages } from '@weir/cdk/testing';

const list = fakeCursorPages({
  param: 'cursor',
  sizeParam: 'limit',
  most: 3,
  body: (rows, next) => ({ data: rows, next: next ?? null }),
  filter: ({ updatedAt }, query) => {
    const [from, to] = [query.get('updated_from'), query.get('updated_to')];
    return (
      from === null || to === null || (updatedAt.ms >= Date.parse(from) && updatedAt.ms <= Date.parse(to))
    );
  },
});

export const fakeSample: FakeApi = {
  origin: 'https://api.example.com',
  accepts: ({ headers }) => headers['authorization'] === 'Bearer the key',
  lists: { '/orders': list, '/regions': list },
};

export const config = JSON.stringify({
  url: 'https://api.example.com',
  credentials: { access_token: 'the key' },
});
