// json-server 0.17: a list that is filtered and sorted by any member, `_start` and `_limit` of it, in the order of its times.

import { apiKey, defineApi, get, updatedAt, walk } from '@weir/cdk';
import { text } from '@weir/schema';

export const jsonServer = defineApi({
  name: 'source-json-server',
  title: 'JSON Server',
  config: { url: text({ title: 'URL', description: 'Where the server is.', order: 10 }) },
  // It asks for none.
  auth: [apiKey({ sends: { header: 'x-api-key' } })],
  base: ({ url }) => url,
  isSelfHosted: true,
  probe: get('/orders', { _start: 0, _limit: 1 }),
  streams: {
    orders: walk({
      path: '/orders',
      key: ['/id'],
      cursor: updatedAt('/updated_at', { tick: '1ms', lag: '1s' }),
      since: (from) => ({ updated_at_gte: from, _sort: 'updated_at,id', _order: 'asc,asc', _start: 0 }),
      size: ['_limit', 5],
      interval: '1m',
    }),
  },
});
