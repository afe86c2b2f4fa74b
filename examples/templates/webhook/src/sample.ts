// Sample's webhooks. Say here where its vendor describes them.

import { defineWebhooks, hmac, webhook } from '@weir/cdk';
import { secret } from '@weir/schema';

/** A delivery that is sent again has the same id, so that the collection has it once. */
const id = { header: 'X-Webhook-Delivery' } as const;

export const sample = defineWebhooks({
  name: 'source-sample',
  title: 'Sample',
  config: {
    signing_secret: secret({
      title: 'Signing Secret',
      description: 'The secret that the webhooks are signed with.',
      order: 0,
    }),
  },
  // Many vendors are known: github(secret), stripe(secret), slack(secret), standardWebhooks(secret)…
  verify: (config) =>
    hmac({
      secret: config.signing_secret,
      encoding: 'hex',
      signatures: ({ headers }) => [headers['x-webhook-signature'] ?? ''],
      timestamp: ({ headers }) => headers['x-webhook-timestamp'],
      signed: ({ body }, timestamp) => [timestamp, '.', body],
    }),
  streams: {
    orders: webhook({ match: { body: ['/type', 'order'] }, id }),
    refunds: webhook({ match: { body: ['/type', 'refund'] }, id }),
    others: webhook({ match: { path: '*' }, id }),
  },
});
