// What a connector says of its webhooks: once how they prove themselves, and for each stream which of them are its own.

import type { StreamOptions } from '../streams/stream-options.ts';
import type { Challenge } from './challenges.ts';
import type { Verification } from './verification.ts';
import type { WebhookId } from './webhook-app.ts';
import type { WebhookMatch } from './webhook-route.ts';

/** Of all webhooks of a connector. `config` is the whole configuration, as it was decoded. */
export interface Webhooks<Config> {
  /** Absent only where a vendor signs nothing: then anybody who knows the address may send. */
  readonly verify?: (config: Config) => Verification;
  readonly challenges?: (config: Config) => readonly Challenge[];
}

export interface WebhookOptions extends Omit<StreamOptions, 'interval'> {
  readonly match: WebhookMatch;
  /** `random` when absent. The key of the collection is `/_meta/webhookId`. */
  readonly id?: WebhookId;
}

export const WEBHOOK_KEY = '/_meta/webhookId';

export interface WebhookDefinition {
  readonly kind: 'webhook';
  readonly options: WebhookOptions & { readonly interval: '0s'; readonly key: readonly string[] };
}

/** Documents that a vendor sends. It hears of success once they are committed. */
export function webhook(options: WebhookOptions): WebhookDefinition {
  return { kind: 'webhook', options: { ...options, interval: '0s', key: [WEBHOOK_KEY] } };
}

/** What `_meta` of such a document holds beside what all documents have. */
export const webhookMetaSchema = {
  webhookId: { type: 'string', description: 'Of the request, or of the document in it.' },
  receivedAt: { type: 'string', format: 'date-time', description: 'When the connector received it.' },
} as const;
