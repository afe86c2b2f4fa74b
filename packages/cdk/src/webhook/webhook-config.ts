// What the configuration of a connector with webhooks has beside its own fields.

import { integer, optional } from '@weir/schema';
import { WEBHOOK_PORT } from './webhook-server.ts';

export const webhookPortField = optional(
  integer({
    title: 'Webhook Port',
    description: `The port that webhooks arrive at, where the connector runs on a machine of your own. ${WEBHOOK_PORT} if it is empty, as Flow needs it.`,
    minimum: 0,
    order: 90,
    advanced: true,
  }),
);

export interface WebhookConfig {
  readonly webhook_port?: number | undefined;
}

export function webhookPort({ webhook_port: port }: WebhookConfig): number {
  return port ?? WEBHOOK_PORT;
}
