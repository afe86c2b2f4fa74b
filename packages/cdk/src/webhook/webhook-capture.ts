// A connector that has nothing but webhooks.

import type { Capture, ValidatedResource } from '@weir/capture';
import { systemClock, type Clock } from '@weir/connector';
import { configSchema, type ConfigOf, text } from '@weir/schema';
import type { Decoded, Field, Fields } from '@weir/schema/config';
import { runApiCapture } from '../engine/engine.ts';
import { errors } from '../errors.ts';
import { documentSchema } from '../schema/document-schema.ts';
import { type WebhookConfig, webhookPort, webhookPortField } from './webhook-config.ts';
import { type WebhookDefinition, webhookMetaSchema, type Webhooks } from './webhook-definition.ts';
import { WebhookFeeds } from './webhook-feeds.ts';
import { WebhookRouter } from './webhook-route.ts';

export interface WebhookSource<F extends Fields = Fields> extends Webhooks<Decoded<F>> {
  /** `source-…`. */
  readonly name: string;
  /** Of the system, in Title Case. */
  readonly title: string;
  readonly config: F;
  readonly streams: Readonly<Record<string, WebhookDefinition>>;
}

/** Keeps the type of the configuration. */
export function defineWebhooks<const F extends Fields>(source: WebhookSource<F>): WebhookSource<F> {
  return source;
}

const resourceOf = (name: string) =>
  configSchema(
    { id: `https://github.com/estuary/connectors/${name}/resource`, title: 'Resource Config' },
    { name: text({ title: 'Name', description: 'The name of the stream.', order: 0 }) },
  );

type WebhookResource = ConfigOf<ReturnType<typeof resourceOf>>;

export function webhookCapture<const F extends Fields>(
  source: WebhookSource<F>,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Capture<Decoded<F> & WebhookConfig, WebhookResource> {
  const { name, title, config: fields, streams } = source;
  const id = `https://github.com/estuary/connectors/${name}/config`;
  const schema = configSchema({ id, title }, { ...fields, webhook_port: webhookPortField });
  return {
    name,
    spec: {
      configSchema: schema as unknown as Field<Decoded<F> & WebhookConfig>,
      resourceSchema: resourceOf(name),
      documentationUrl: `https://go.estuary.dev/${name}`,
      resourcePathPointers: ['/name'],
    },
    explicitAcknowledgements: true,
    discover: async () =>
      Object.entries(streams).map(([stream, definition]) => discoveredWebhook(stream, definition)),
    validate: async (_config, bindings) => {
      checkWebhooks(name, streams, bindings);
      return bindings.map(({ resource }) => [resource.name]);
    },
    apply: async () => '',
    explain: () =>
      Object.entries(streams)
        .map(
          ([stream, { options }]) =>
            `${stream}: webhook, taken: ${JSON.stringify(options.match)}, id: ${JSON.stringify(options.id ?? 'random')}\n`,
        )
        .join(''),
    pull: async ({ config, bindings, state, output, log, signal, preview }) => {
      checkWebhooks(name, streams, bindings);
      const feeds = new WebhookFeeds({
        port: webhookPort(config),
        clock,
        log,
        isPreview: preview !== undefined,
        verify: source.verify?.(config),
        challenges: source.challenges?.(config),
      });
      await runApiCapture({
        bindings: bindings.map(({ index, resource, collection, stateKey }) => ({
          index,
          name: resource.name,
          stateKey,
          key: collection.key,
          intervalMs: 0,
          stream: {
            kind: 'feed',
            feed: feeds.feed(resource.name, streamNamed(name, streams, resource.name), collection),
          },
        })),
        state,
        output,
        clock,
        log,
        signal,
      });
    },
  };
}

export function discoveredWebhook(name: string, { options }: WebhookDefinition) {
  return {
    recommendedName: name,
    resource: { name },
    documentSchema: documentSchema({
      key: options.key,
      fields: { ...options.fields },
      meta: webhookMetaSchema,
      ...(options.reduction === undefined ? {} : { reduction: options.reduction }),
    }),
    key: options.key,
    resourcePath: [name],
    disable: options.disabled ?? false,
  };
}

function streamNamed(
  connector: string,
  streams: Readonly<Record<string, WebhookDefinition>>,
  name: string,
): WebhookDefinition {
  const stream = Object.hasOwn(streams, name) ? streams[name] : undefined;
  if (stream !== undefined) return stream;
  throw errors.CDK_BINDING_UNKNOWN({ message: `${connector} has no stream ${JSON.stringify(name)}.` });
}

/** Bindings that are no webhooks, or that would take the same ones, are refused before anything runs. */
function checkWebhooks(
  connector: string,
  streams: Readonly<Record<string, WebhookDefinition>>,
  bindings: readonly Pick<ValidatedResource<WebhookResource>, 'resource'>[],
): void {
  const router = new WebhookRouter<string>();
  for (const { resource } of bindings) {
    const { options } = streamNamed(connector, streams, resource.name);
    router.add(resource.name, options.match, resource.name);
  }
}
