// A connector whose refresh token may be used once, as a program: for tests that run it under the runtime.

import { runCapture } from '@weir/capture';
import {
  apiCapture,
  authorizationCode,
  changes,
  defineApi,
  get,
  undiciTransport,
  updatedAt,
} from '@weir/cdk';
import { text } from '@weir/schema';

const api = defineApi({
  name: 'source-rotating',
  title: 'Rotating',
  config: { address: text({ title: 'Address', description: 'Where the API is.', order: 10 }) },
  auth: [
    authorizationCode({
      provider: 'rotating',
      authUrl: '{{{config.address}}}/authorize',
      tokenUrl: '{{{config.address}}}/token',
      scope: 'openid offline_access',
      authParameters: { prompt: 'consent' },
      pkce: true,
      tokens: 'rotating',
    }),
  ],
  base: ({ address }) => address,
  probe: get('/me'),
  streams: {
    rows: changes({
      path: '/rows',
      key: ['/id'],
      cursor: updatedAt('/at', { tick: '1s', lag: '0s' }),
      between: ({ from, to }) => ({ from, to }),
      records: 'data',
      interval: '1s',
    }),
  },
});

await runCapture(apiCapture(api, { transport: undiciTransport({ allowsPrivateAddresses: true }) }));
