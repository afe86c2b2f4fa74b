// Sample's API. Say here where its vendor describes it, and which version this is.

import { bearer, changes, cursor, defineApi, get, snapshot, updatedAt } from '@weir/cdk';
import { text } from '@weir/schema';

/** Pages: `{"data": […], "next": "<position>"}`, and the position goes into `?cursor=`. */
const paging = cursor({ at: '/next', param: 'cursor' });

export const sample = defineApi({
  name: 'source-sample',
  title: 'Sample',
  config: {
    url: text({ title: 'URL', description: 'Where the API is, as https://api.example.com.', order: 10 }),
  },
  auth: [bearer()],
  start: { daysAgo: 30 },
  base: ({ url }) => url,
  // For servers of the user's own. Take it out where the API is a vendor's.
  isSelfHosted: true,
  probe: get('/orders', { limit: 1 }),
  query: { limit: 100 },
  streams: {
    // Rows with a time of their last update, and a filter by it: `tick` is its precision, `lag` how late rows may appear.
    orders: changes({
      path: '/orders',
      records: 'data',
      key: ['/id'],
      cursor: updatedAt('/updated_at', { tick: '1s', lag: '10s' }),
      between: ({ from, to }) => ({ updated_from: from, updated_to: to }),
      paging,
      interval: '5m',
    }),
    // A short list without such times: it is read whole, and rows that vanish are deleted.
    regions: snapshot({ path: '/regions', records: 'data', order: { by: '/id' }, paging, interval: '1h' }),
  },
});
