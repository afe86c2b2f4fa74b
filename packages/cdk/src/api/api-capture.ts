// Makes a capture of a definition: what the protocol asks, answered from the data of the connector.

import {
  bindingState,
  type Capture,
  type CaptureBinding,
  type RequestContext,
  type ValidatedResource,
} from '@weir/capture';
import { systemClock, type Clock, type Logger } from '@weir/connector';
import type { AuthContext } from '../auth/auth-kind.ts';
import { type ConfigKeeper, keepsNothing } from '../auth/config-keeper.ts';
import { sessionKeeper } from '../auth/session-keeper.ts';
import { errors } from '../errors.ts';
import type { ApiBinding } from '../engine/api-binding.ts';
import { BindingState } from '../engine/binding-state.ts';
import { runApiCapture } from '../engine/engine.ts';
import { type Random, systemRandom } from '../http/backoff.ts';
import { HttpClient, type HttpClientOptions } from '../http/http-client.ts';
import { RateLimiter } from '../http/rate-limit.ts';
import type { Transport } from '../http/transport.ts';
import { undiciTransport } from '../http/undici-transport.ts';
import { type Credentials, fixedCredentials } from '../http/credentials.ts';
import { explainApi } from './explain-api.ts';
import { documentSchema } from '../schema/document-schema.ts';
import { completeSourcedSchema } from '../schema/sourced-schema.ts';
import type { StreamDefinition } from '../streams/definition.ts';
import type { StreamContext } from '../streams/stream-options.ts';
import { parseCron } from '../time/cron.ts';
import { isoDuration, isoDurationMs, spanMs } from '../time/duration.ts';
import { Instant } from '../time/instant.ts';
import { discoveredWebhook } from '../webhook/webhook-capture.ts';
import { webhookPort } from '../webhook/webhook-config.ts';
import { WebhookFeeds } from '../webhook/webhook-feeds.ts';
import { WebhookRouter } from '../webhook/webhook-route.ts';
import {
  type ApiConfig,
  apiConfigSchema,
  type ApiResource,
  apiResourceSchema,
  chosenAuth,
  siteConfigs,
} from './api-config.ts';
import type { ApiDefinition } from './define-api.ts';
import { tellLostParts } from './lost-parts.ts';
import { openStream, SNAPSHOT_KEY, streamFields, streamKey, streamMeta } from './open-stream.ts';

/** What a capture runs on; the real ones when absent. */
export interface ApiRuntime {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly transport?: Transport;
  /** Of the process: who keeps renewed configurations, and Flow's service that encrypts them. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const DAY_MS = 86_400_000;

/** Stands for a configuration that is not known: its fields are their own names. */
const NAMES_IN_BRACES = new Proxy({}, { get: (_target, name) => `{${String(name)}}` });

function baseOf({ base }: ApiDefinition, config: unknown): string {
  return typeof base === 'string' ? base : base(config as never);
}

/** An address with braces is none: another one stands for it while the plan is made. */
const STAND_IN = 'https://base.invalid';

function explained(api: ApiDefinition, config: ApiConfig | undefined, nowMs: number): string {
  // The plan is the same for each site.
  if (config !== undefined && api.sites === undefined)
    return explainApi(api, baseOf(api, config), nowMs, config);
  return explainApi(api, STAND_IN, nowMs).replaceAll(STAND_IN, baseOf(api, NAMES_IN_BRACES));
}

export function apiCapture(api: ApiDefinition, runtime: ApiRuntime = {}): Capture<ApiConfig, ApiResource> {
  const configSchema = apiConfigSchema(api);
  const oauth2 = api.auth.find((kind) => kind.oauth2 !== undefined)?.oauth2;
  return {
    name: api.name,
    spec: {
      configSchema,
      resourceSchema: apiResourceSchema(api.name),
      documentationUrl: `https://go.estuary.dev/${api.name}`,
      resourcePathPointers: ['/name'],
      ...(oauth2 === undefined ? {} : { oauth2 }),
    },
    discover: async (config, context) => {
      const { streams } = await probed(api, config, context, runtime);
      return Object.entries(streams).map(([name, stream]) => discovered(name, stream));
    },
    validate: async (config, bindings, context) => {
      // What needs no answer of the API is told at once.
      if (api.describe === undefined) checkBindings(api, bindings);
      checkBindings(await probed(api, config, context, runtime), bindings);
      return bindings.map(({ resource }) => [resource.name]);
    },
    ...(api.upgradeConfig === undefined ? {} : { upgradeConfig: api.upgradeConfig }),
    checkConfig: (config) => api.checkConfig?.(config as never),
    explicitAcknowledgements: Object.values(api.streams).some(
      ({ kind }) => kind === 'feed' || kind === 'webhook',
    ),
    apply: async () => '',
    explain: (config) => explained(api, config, (runtime.clock ?? systemClock).now()),
    pull: async ({ config, bindings, state, output, log, signal, spec, preview }) => {
      const clock = runtime.clock ?? systemClock;
      const ending = new AbortController();
      const end = (): Error => {
        ending.abort(new DOMException('the next session has the new credentials', 'AbortError'));
        return ending.signal.reason as Error;
      };
      const keeper = (ask: AuthContext['ask']): ConfigKeeper =>
        sessionKeeper({
          config: () => spec.config,
          configSchema,
          log,
          env: runtime.env ?? process.env,
          ask,
          end,
        });
      const webhooks = new WebhookFeeds({
        port: webhookPort(config),
        clock,
        log,
        isPreview: preview !== undefined,
        verify: api.webhooks?.verify?.(config as never),
        challenges: api.webhooks?.challenges?.(config as never),
      });
      if (api.describe === undefined) checkBindings(api, bindings);
      const context = siteContexts(api, config, log, runtime, { keeper });
      try {
        const whole = await described(api, config, context, signal);
        checkBindings(whole, bindings);
        const opened = await Promise.all(
          bindings.map((binding) => openBinding(whole, binding, context, webhooks, signal)),
        );
        for (const { name, stateKey, stream, main } of opened) {
          if (whole.streams[name]?.kind !== 'parts' && main === undefined) continue;
          const known = new BindingState(name, bindingState(state, stateKey));
          tellLostParts(name, stream, known, new Set(context.sites.keys()), log);
        }
        await runApiCapture({
          bindings: opened,
          state,
          output,
          clock,
          log,
          signal,
          ending: ending.signal,
        });
      } catch (failure) {
        if (!ending.signal.aborted || failure !== ending.signal.reason) throw failure;
      } finally {
        for (const { credentials } of context.sites.values()) await settled(credentials, clock);
      }
    },
  };
}

/** A process that was asked to end is killed after five seconds. */
const SETTLED_WITHIN_MS = 4000;

/** What is being exchanged for a token that may be used once is lost with the process, unless it is waited for. */
async function settled(credentials: Credentials, clock: Clock): Promise<void> {
  if (credentials.settled === undefined) return;
  const done = new AbortController();
  const waited = clock.until(clock.now() + SETTLED_WITHIN_MS, done.signal).catch(() => undefined);
  await Promise.race([credentials.settled(), waited]);
  done.abort();
}

interface ContextOptions extends Pick<HttpClientOptions, 'patienceMs'> {
  /** Given how to ask without credentials. Nothing is kept when absent. */
  readonly keeper?: (ask: AuthContext['ask']) => ConfigKeeper;
}

type SignedIn = StreamContext & { readonly credentials: Credentials };
/** The context of the first site, with those of all of them. */
type AllSites = Omit<SignedIn, 'sites'> & { readonly sites: ReadonlyMap<string, SignedIn> };

function siteContexts(
  api: ApiDefinition,
  config: ApiConfig,
  log: Logger,
  runtime: ApiRuntime,
  options: ContextOptions = {},
): AllSites {
  const sites = new Map<string, SignedIn>();
  for (const [name, site] of siteConfigs(api, config)) {
    const ofSite = name === '' ? log : log.with({ site: name });
    sites.set(name, streamContext(api, site, ofSite, runtime, options));
  }
  const [first] = sites.values();
  if (first === undefined) {
    throw errors.CDK_CREDENTIALS_INVALID({
      message: `The configuration has nothing in /${api.sites?.list}.`,
    });
  }
  return { ...first, sites };
}

/** What streams work with: one client for all of them. */
export function streamContext(
  api: ApiDefinition,
  config: ApiConfig,
  log: Logger,
  runtime: ApiRuntime,
  { keeper = () => keepsNothing, ...patience }: ContextOptions = {},
): SignedIn {
  const clock = runtime.clock ?? systemClock;
  const options = {
    base: baseOf(api, config),
    limiter: new RateLimiter(api.limits ?? [], clock, log),
    transport: runtime.transport ?? undiciTransport({ allowsPrivateAddresses: api.isSelfHosted ?? false }),
    clock,
    random: runtime.random ?? systemRandom,
    log,
    ...patience,
  };
  // Signing in is not counted against the API's limits, which may be waiting for it.
  const limiter = new RateLimiter([], clock, log);
  const anonymous = new HttpClient({ ...options, limiter, credentials: fixedCredentials({}) });
  const ask: AuthContext['ask'] = (request, signal) => anonymous.json(request, signal);
  const credentials = chosenAuth(api, config.credentials).credentials(config.credentials, {
    clock,
    ask,
    config,
    keeper: keeper(ask),
  });
  const client = new HttpClient({
    ...options,
    credentials,
    headers: typeof api.headers === 'function' ? api.headers(config as never) : (api.headers ?? {}),
    ...(api.answers === undefined ? {} : { answers: api.answers }),
  });
  const { query = {} } = api;
  return { client, clock, credentials, config, query, start: startOf(api, config, clock.now()) };
}

function startOf({ start }: ApiDefinition, config: ApiConfig, nowMs: number): Instant {
  const configured = config.start_date === undefined ? undefined : Instant.parse(config.start_date);
  if (configured !== undefined) return configured;
  return start === undefined ? new Instant(0n) : Instant.ofMs(nowMs - start.daysAgo * DAY_MS);
}

/** With the streams that the API has to be asked for. `log` is told which ones are hidden; absent when a session begins. */
async function described(
  api: ApiDefinition,
  config: ApiConfig,
  context: StreamContext,
  signal: AbortSignal,
  log?: Logger,
): Promise<ApiDefinition> {
  if (api.describe === undefined) return api;
  const streams: Record<string, StreamDefinition> = { ...api.streams };
  for (const [name, stream] of Object.entries(
    await api.describe(context, signal, config as never, log === undefined),
  )) {
    if (stream !== undefined) streams[name] = stream;
    else {
      delete streams[name];
      log?.info('a stream is hidden: the API says that these credentials do not reach it', { stream: name });
    }
  }
  return { ...api, streams };
}

/** The definition with all of its streams, once the API has shown that the credentials are right. */
async function probed(
  api: ApiDefinition,
  config: ApiConfig,
  { log, signal }: RequestContext,
  runtime: ApiRuntime,
): Promise<ApiDefinition> {
  // Somebody waits for the answer.
  const context = siteContexts(api, config, log, runtime, { patienceMs: 10_000 });
  for (const { client, credentials } of context.sites.values()) {
    if (credentials.isUsable === false) {
      log.warn(
        'the access token has expired, and is renewed by the next run: the credentials were not tried',
      );
      return api;
    }
    await client.json({ ...api.probe, isSafe: true }, signal);
  }
  return await described(api, config, context, signal, log);
}

function discovered(name: string, stream: StreamDefinition) {
  if (stream.kind === 'webhook') return discoveredWebhook(name, stream);
  const { interval, schedule, proposedSchedule = schedule } = stream.options;
  return {
    recommendedName: name,
    resource: {
      name,
      interval: isoDuration(spanMs(interval)),
      ...(proposedSchedule === undefined ? {} : { schedule: proposedSchedule }),
    },
    documentSchema: documentSchema({
      key: streamKey(stream),
      fields: streamFields(stream),
      meta: streamMeta(stream),
      ...(stream.options.reduction === undefined ? {} : { reduction: stream.options.reduction }),
    }),
    key: streamKey(stream),
    resourcePath: [name],
    disable: stream.options.disabled ?? false,
  };
}

function checkBindings(api: ApiDefinition, bindings: readonly ValidatedResource<ApiResource>[]): void {
  const webhooks = new WebhookRouter<string>();
  for (const binding of bindings) {
    checkBinding(api, binding);
    const { name } = binding.resource;
    const stream = streamNamed(api, name);
    if (stream.kind === 'webhook') webhooks.add(name, stream.options.match, name);
  }
}

function checkBinding(api: ApiDefinition, { resource, collection }: ValidatedResource<ApiResource>): void {
  const stream = streamNamed(api, resource.name);
  const name = JSON.stringify(resource.name);
  if (streamKey(stream).includes(SNAPSHOT_KEY) && !collection.key.includes(SNAPSHOT_KEY)) {
    throw errors.CDK_COLLECTION_KEY({
      message: `The collection ${collection.name} of the stream ${name} has the key ${collection.key.join(', ')}.`,
    });
  }
  const { interval = '' } = resource;
  if (interval !== '' && isoDurationMs(interval) === undefined) {
    throw errors.CDK_RESOURCE_INVALID({ message: `The interval of the stream ${name} is ${interval}.` });
  }
  if (
    resource.schedule !== undefined &&
    resource.schedule !== '' &&
    parseCron(resource.schedule) === undefined
  ) {
    throw errors.CDK_RESOURCE_INVALID({
      message: `The schedule of the stream ${name} is ${resource.schedule}.`,
    });
  }
}

/** A stream without a pause would ask for windows of milliseconds. */
const SHORTEST_INTERVAL_MS = 1000;

function intervalOf({ options }: StreamDefinition, { interval = '' }: ApiResource): number {
  const configured = interval === '' ? undefined : isoDurationMs(interval);
  return Math.max(configured ?? spanMs(options.interval), SHORTEST_INTERVAL_MS);
}

function streamNamed(
  { name: connector, streams, renamed = {} }: ApiDefinition,
  name: string,
): StreamDefinition {
  const stream = Object.hasOwn(streams, name) ? streams[name] : undefined;
  if (stream === undefined) {
    const now = Object.hasOwn(renamed, name) ? renamed[name] : undefined;
    if (now !== undefined) {
      throw errors.CDK_BINDING_UNKNOWN({
        message: `The stream ${JSON.stringify(name)} of ${connector} is called ${JSON.stringify(now)} now. Name the binding so; it is backfilled then.`,
      });
    }
    throw errors.CDK_BINDING_UNKNOWN({ message: `${connector} has no stream ${JSON.stringify(name)}.` });
  }
  return stream;
}

async function openBinding(
  api: ApiDefinition,
  { index, resource, collection, stateKey }: CaptureBinding<ApiResource>,
  context: StreamContext,
  webhooks: WebhookFeeds,
  signal: AbortSignal,
): Promise<ApiBinding> {
  const definition = streamNamed(api, resource.name);
  const sourced = await definition.options.sourcedSchema?.(context, signal);
  const schedule = resource.schedule ?? definition.options.schedule;
  const main =
    definition.kind === 'parts'
      ? await definition.options.main?.(context, signal)
      : definition.options.formerPart;
  return {
    index,
    name: resource.name,
    stateKey,
    key: collection.key,
    sourcedSchema: sourced === undefined ? undefined : completeSourcedSchema(sourced),
    stream:
      definition.kind === 'webhook'
        ? { kind: 'feed', feed: webhooks.feed(resource.name, definition, collection) }
        : await openStream(resource.name, definition, context, signal),
    intervalMs: intervalOf(definition, resource),
    schedule: schedule === undefined ? undefined : parseCron(schedule),
    main,
  };
}
