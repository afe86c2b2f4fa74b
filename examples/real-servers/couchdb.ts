// CouchDB's feed of changes: what is new since a sequence, deletions among it. https://docs.couchdb.org/en/stable/api/database/changes.html

import { basic, defineApi, get, token } from '@weir/cdk';
import { text } from '@weir/schema';
import { getProperty, isJsonObject } from '@weir/schema/json';

export const couchdb = defineApi({
  name: 'source-couchdb',
  title: 'CouchDB',
  config: { url: text({ title: 'URL', description: 'Where the server is.', order: 10 }) },
  auth: [basic()],
  base: ({ url }) => url,
  isSelfHosted: true,
  probe: get('/orders'),
  streams: {
    orders: token({
      path: '/orders/_changes',
      query: { include_docs: true, limit: 5 },
      records: 'results',
      key: ['/_id'],
      keyType: 'string',
      token: { at: '/last_seq', param: 'since' },
      map: (change) => {
        if (getProperty(change, 'deleted') === true)
          return { _id: getProperty(change, 'id') ?? '', deleted: true };
        const document = getProperty(change, 'doc');
        return isJsonObject(document) ? document : undefined;
      },
      isDeleted: (record) => record['deleted'] === true,
      interval: '1m',
    }),
  },
});
