// The connector of the bench of the kit for APIs: one list, by pages or in one body. WEIR_BENCH_API_ROWS: how many rows it has.

import { runCapture } from '@weir/capture';
import { apiCapture, apiKey, changes, defineApi, get, nextUrl, undiciTransport, updatedAt } from '@weir/cdk';
import { text } from '@weir/schema';

const common = {
  key: ['/id'],
  cursor: updatedAt('/at', { tick: '1s', lag: '1s' }),
  records: 'data',
  query: { rows: Number(process.env['WEIR_BENCH_API_ROWS']) },
  interval: '1h',
} as const;

const api = defineApi({
  name: 'source-bench',
  title: 'Bench',
  config: { address: text({ title: 'Address', description: 'Where the API is.', order: 10 }) },
  auth: [apiKey({ sends: { header: 'x-key' } })],
  base: ({ address }) => address,
  probe: get('/rows'),
  streams: {
    rows: changes({ ...common, path: '/rows', paging: nextUrl('/next') }),
    whole: changes({ ...common, path: '/whole' }),
  },
});

await runCapture(apiCapture(api, { transport: undiciTransport({ allowsPrivateAddresses: true }) }));
