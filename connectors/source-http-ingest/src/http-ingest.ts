// A capture of what is sent to it. A request is a transaction: its documents and a checkpoint, and the answer that says
// they are published is given once the runtime has committed it.

import type { Capture, CaptureOutput, CaptureSession, ValidatedResource } from '@weir/capture';
import {
  collectionCheck,
  okta,
  WEBHOOK_PORT,
  WebhookApp,
  type WebhookBinding,
  type WebhookDocument,
  WebhookRouter,
  WebhookServer,
} from '@weir/cdk';
import { systemClock } from '@weir/connector';
import { authorizeBy, crossOriginOf } from './access.ts';
import { discoverPaths, resourcePathOf, urlPathOf } from './discover.ts';
import { errors } from './errors.ts';
import { openApi } from './openapi.ts';
import { pagesOf } from './pages.ts';
import { verificationOf } from './signature.ts';
import { DEFAULT_PATHS, type IngestConfig, type IngestResource, spec } from './spec.ts';

export interface IngestRuntime {
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Session = CaptureSession<IngestConfig, IngestResource, object>;
type Binding = ValidatedResource<IngestResource>;

interface IngestBinding extends WebhookBinding {
  readonly index: number;
}

export function httpIngest({ env }: IngestRuntime): Capture<IngestConfig, IngestResource> {
  return {
    name: 'source-http-ingest',
    spec,
    explicitAcknowledgements: true,
    checkConfig: (config) => {
      crossOriginOf(config);
      verificationOf(config.signatureConfig);
    },
    discover: async (config) => discoverPaths(config),
    validate: async (config, bindings) => {
      assertBound(config, bindings);
      const router = new WebhookRouter<number>();
      for (const binding of bindings) {
        const { name, match, index } = ingestBinding(binding);
        router.add(name, match, index);
      }
      openApi(bindings, false);
      return bindings.map(({ resource }) => resourcePathOf(resource));
    },
    apply: async () => '',
    pull: (session) => listen(session, session.config.port ?? portOf(env)),
  };
}

function portOf(env: IngestRuntime['env']): number {
  const set = env['SOURCE_HTTP_INGEST_PORT'];
  return set === undefined || set === '' ? WEBHOOK_PORT : Number(set);
}

/** A path that somebody has configured should take what is sent to it. */
function assertBound({ paths }: IngestConfig, bindings: readonly Binding[]): void {
  // Tasks from before there were paths have bindings without them, and the default.
  if (JSON.stringify(paths) === JSON.stringify(DEFAULT_PATHS)) return;
  const bound = new Set(bindings.map(({ resource, collection }) => urlPathOf(resource, collection.name)));
  const missing = paths.find((path) => !bound.has(path));
  if (missing === undefined) return;
  throw errors.HTTP_INGEST_PATH_UNBOUND({ message: `The path ${JSON.stringify(missing)} has no binding.` });
}

function ingestBinding({ index, resource, collection }: Binding): IngestBinding {
  const path = urlPathOf(resource, collection.name);
  const { idFromHeader = '' } = resource;
  return {
    index,
    name: resourcePathOf(resource)[0],
    match: { path },
    id: idFromHeader === '' ? 'random' : { header: idFromHeader },
    check: collectionCheck(collection),
  };
}

async function listen(session: Session, port: number): Promise<void> {
  const { config, bindings, output, log, signal } = session;
  const isPreview = session.preview !== undefined;
  const authorize = authorizeBy(config);
  const verify = verificationOf(config.signatureConfig);
  const listener = new WebhookApp({
    bindings: bindings.map(ingestBinding),
    clock: systemClock,
    log,
    isPreview,
    challenges: [okta],
    cors: crossOriginOf(config),
    page: pagesOf(openApi(bindings, authorize !== undefined)),
    queryMember: 'query',
    verify,
    ...(authorize === undefined ? {} : { authorize }),
    publish: (documents, abandoned) => publish(output, documents, signal, abandoned),
  });
  await using server = await WebhookServer.listen({ port, clock: systemClock, log, listener });
  const paths = bindings.map(({ resource, collection }) => urlPathOf(resource, collection.name));
  if (authorize === undefined && verify === undefined) {
    log.warn('anybody who reaches the port can add documents: there is neither a token nor a signature');
  }
  if (isPreview) log.warn('this is a preview: senders are told to send again, as nothing is kept');
  log.info(`listening on port ${server.port}`, { port: server.port, paths });
  log.status(`Listening on port ${server.port} for POST ${paths.join(', ')}`);
  await whenAborted(signal);
}

/** Resolves once the runtime has committed the documents. Those that are not sent on when they are abandoned are dropped. */
async function publish(
  output: CaptureOutput,
  documents: readonly WebhookDocument<IngestBinding>[],
  signal: AbortSignal,
  abandoned: AbortSignal,
): Promise<void> {
  await output.drained();
  const committed = Promise.withResolvers<void>();
  // It may be rejected before anybody waits for it.
  committed.promise.catch(() => undefined);
  const onAbort = (): void => committed.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await output.transaction((transaction) => {
      abandoned.throwIfAborted();
      for (const { binding, bytes } of documents) transaction.document(binding.index, bytes);
      transaction.checkpoint({}, committed.resolve);
    });
    await committed.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
