// The webhooks of a session: one server for all bindings that take them. It listens once all of them are ready, and stops
// when the first is asked to.

import type { Clock, Logger } from '@weir/connector';
import type { DocumentBatch, Feed, FeedStream } from '../engine/stream.ts';
import type { Challenge } from './challenges.ts';
import { collectionCheck, type CheckedCollection } from './collection-check.ts';
import type { Verification } from './verification.ts';
import { WebhookApp, type WebhookBinding, type WebhookDocument } from './webhook-app.ts';
import type { WebhookDefinition } from './webhook-definition.ts';
import { WebhookServer } from './webhook-server.ts';

export interface WebhookFeedsOptions {
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isPreview: boolean;
  readonly verify?: Verification | undefined;
  readonly challenges?: readonly Challenge[] | undefined;
}

/** As the engine writes it: what arrives is not known to be new. */
const ENGINE_META = { op: 'u', row_id: -1 } as const;

export class WebhookFeeds {
  readonly #options: WebhookFeedsOptions;
  readonly #bindings: WebhookBinding[] = [];
  readonly #feeds: Feed[] = [];
  readonly #server = Promise.withResolvers<WebhookServer>();

  constructor(options: WebhookFeedsOptions) {
    this.#options = options;
  }

  /** All of them are asked for before the first runs. */
  feed(name: string, { options }: WebhookDefinition, collection: CheckedCollection): FeedStream {
    const { match, id = 'random' } = options;
    this.#bindings.push({ name, match, id, check: collectionCheck(collection) });
    return { run: (feed) => this.#join(feed) };
  }

  async #join(feed: Feed): Promise<void> {
    this.#feeds.push(feed);
    if (this.#feeds.length === this.#bindings.length) this.#server.resolve(this.#listen(feed));
    const server = await this.#server.promise;
    await whenAborted(feed.signal);
    await server.stop();
  }

  async #listen(feed: Feed): Promise<WebhookServer> {
    const { port, clock, log, isPreview, verify, challenges } = this.#options;
    const listener = new WebhookApp({
      bindings: this.#bindings,
      clock,
      log,
      isPreview,
      verify,
      ...(challenges === undefined ? {} : { challenges }),
      meta: ENGINE_META,
      queryMember: 'queryParams',
      publish: (documents, abandoned) => feed.publish(documents.map(batchOf), abandoned),
    });
    const server = await WebhookServer.listen({ port, clock, log, listener });
    if (verify === undefined) {
      log.warn('anybody who reaches the port can add documents: nothing proves who sent a webhook');
    }
    if (isPreview) log.warn('this is a preview: senders are told to send again, as nothing is kept');
    log.info(`webhooks are taken on port ${server.port}`, { port: server.port });
    return server;
  }
}

/** One feed may publish for all bindings. */
function batchOf({ binding, bytes }: WebhookDocument<WebhookBinding>): DocumentBatch {
  return { kind: 'documents', bytes, ends: [bytes.length], count: 1, stream: binding.name };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
