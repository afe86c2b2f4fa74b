// The capture, as the kit runs it: each request opens its own connections and leaves none behind.

import type { Capture, CaptureBinding, CaptureSession, ValidatedResource } from '@weir/capture';
import { type CaptureBindingSpec, type CollectionSpec, WeirError } from '@weir/protocol';
import { decodeConfig } from '@weir/schema/config';
import {
  backfillChangeFailures,
  CaptureEngine,
  CaptureState,
  type EngineOutput,
  fallbackKeyError,
  isFallbackKey,
  requireDistinctTables,
  type ResourceConfig,
  type SqlBinding,
  validateResource,
} from '@weir/sqlcapture';
import { checkConfig } from './config.ts';
import { type EndpointConfig, endpointSchema, upgradeConfig } from './endpoint-schema.ts';
import { discoverBindings, schemaOptions } from './discovery/discover.ts';
import { examineState } from './examination.ts';
import { PgDatabase } from './pg-database.ts';
import { checkPrerequisites, checkWalLevel } from './prerequisites.ts';
import { holdPreviewPosition } from './preview-slot.ts';
import { resourceSchema } from './resource-schema.ts';
import { type Source, withSource } from './source.ts';

const IDLE_CHECKPOINT_MS = 5000;
const MOST_HELD_BYTES = 16 * 1024 ** 2;

export const sourcePostgres: Capture<EndpointConfig, ResourceConfig> = {
  name: 'source-postgres',
  explicitAcknowledgements: true,
  spec: {
    configSchema: endpointSchema,
    resourceSchema,
    documentationUrl: 'https://go.estuary.dev/source-postgresql',
    resourcePathPointers: ['/namespace', '/stream'],
  },
  upgradeConfig,
  checkConfig,

  async discover(config, context) {
    return withSource(config, context, async ({ sql, settings }) => {
      const bindings = await discoverBindings(sql, config, settings, context.log);
      if (bindings.length === 0) {
        context.log.warn(
          'no tables were found: check the schemas, the publication and the privileges of the user',
        );
      }
      // Tables can be listed all the same; the capture could not run.
      await checkWalLevel(sql).catch((error: unknown) => {
        if (!(error instanceof WeirError)) throw error;
        context.log.warn(error.explain());
      });
      return bindings;
    });
  },

  async validate(config, bindings, context, last) {
    const asPartitions = config.advanced.capture_as_partitions ?? false;
    const state = context.examinedState;
    const continued = (last?.bindings ?? []).flatMap((before) =>
      bindings.some((binding) => isSameBackfill(before, binding))
        ? [{ resource: lastBinding(before).resource, stateKey: before.stateKey }]
        : [],
    );
    const found: unknown[] = [
      ...failuresOf(() => checkBindings(bindings)),
      ...backfillChangeFailures(bindings, (last?.bindings ?? []).map(lastBinding)),
    ];
    await withSource(config, context, async ({ sql, connect, settings, signal }) => {
      const examination = { sql, connect, settings, asPartitions, continued, log: context.log, signal };
      if (state !== undefined) found.push(...(await examineState({ ...examination, state })));
      await checkPrerequisites({
        sql,
        settings,
        asPartitions,
        bindings: bindings.map((binding) => ({
          ...prerequisiteBinding(binding),
          isBegun: (last?.bindings ?? []).some((before) => isSameBackfill(before, binding)),
        })),
        repair: false,
        hasRun: last !== undefined,
        isExamined: state !== undefined,
        found,
        log: context.log,
      });
    });
    return bindings.map(({ resource }) => [resource.namespace, resource.stream]);
  },

  async apply(config, bindings, _last, context) {
    if (bindings.length === 0) return '';
    await withSource(config, context, async ({ sql, connect, settings, signal }) => {
      await checkPrerequisites({
        sql,
        settings,
        asPartitions: config.advanced.capture_as_partitions ?? false,
        bindings: bindings.map(prerequisiteBinding),
        repair: true,
        log: context.log,
      });
      if (context.preview !== undefined && context.preview.sessions > 1) {
        await holdPreviewPosition({
          sql,
          connect,
          settings,
          preview: context.preview,
          log: context.log,
          signal,
        });
      }
    });
    return '';
  },

  async pull(session) {
    checkBindings(session.bindings);
    session.log.status('Connecting to database', false);
    await withSource(session.config, session, (source) => pull(session, source));
  },
};

async function pull(
  session: CaptureSession<EndpointConfig, ResourceConfig, object>,
  { settings, connect, sql, signal }: Source,
): Promise<void> {
  const { config, log } = session;
  const asPartitions = config.advanced.capture_as_partitions ?? false;
  const bindings = session.bindings.map(sqlBinding);
  log.status('Verifying capture requirements', false);
  await checkPrerequisites({
    sql,
    settings,
    asPartitions,
    bindings: session.bindings.map(prerequisiteBinding),
    repair: true,
    log,
  });
  await using database = new PgDatabase({
    sql,
    connect,
    settings,
    asPartitions,
    schemas: schemaOptions(config, settings),
    preview: session.preview,
    log,
    signal,
  });
  const state = CaptureState.from(session.state);
  // One group that lasts as long as the session: the engine closes each of its transactions by a checkpoint.
  await session.output.transaction(async (transaction) => {
    let engine: CaptureEngine | undefined;
    const output: EngineOutput = {
      documents: (binding, count, { bytes, ends }) => transaction.documents(binding, bytes, ends, count),
      sourcedSchema: (binding, schema) => transaction.sourcedSchema(binding, JSON.parse(schema) as object),
      checkpoint: (patch) => {
        transaction.checkpoint(patch, () => engine?.acknowledged(1));
      },
      drained: () => transaction.drained(),
    };
    engine = new CaptureEngine(
      database,
      bindings,
      state,
      output,
      {
        isSkipped: ({ resource }) => settings.isSkipped(resource.namespace, resource.stream),
        emitSourcedSchemas: settings.flags.emit_sourced_schemas,
        rediscoveryIntervalMs: settings.rediscoveryIntervalMs,
        idleCheckpointMs: IDLE_CHECKPOINT_MS,
        mostHeldBytes: MOST_HELD_BYTES,
        lengthensChunks: settings.lengthensChunks,
        chunkCheckpointBytes: settings.chunkCheckpointBytes,
        reportIntervalMs: settings.reportIntervalMs,
        onTruncate: settings.onTruncate,
        onReplaced: settings.onReplaced,
        stopWhenCaughtUp: process.env['SHUTDOWN_AFTER_POLLING'] === 'yes',
      },
      {
        signal,
        now: () => performance.now(),
        random: Math.random,
        status: (message, caughtUp) => log.status(message, caughtUp),
        log: (level, message, fields) => log[level](message, fields),
      },
    );
    await engine.run();
    signal.throwIfAborted();
  });
}

function sqlBinding(binding: CaptureBinding<ResourceConfig>): SqlBinding {
  return {
    index: binding.index,
    stateKey: binding.stateKey,
    resource: binding.resource,
    collectionKey: binding.collection.key,
    wantsTransactionId: binding.collection.projections.some(({ ptr }) => ptr === '/_meta/source/txid'),
  };
}

function lastBinding(binding: CaptureBindingSpec) {
  const resource = decodeConfig(resourceSchema, binding.resourceConfig, {
    what: 'the resource applied before',
  });
  return { resource, backfill: binding.backfill };
}

function isSameBackfill(before: CaptureBindingSpec, binding: ValidatedResource<ResourceConfig>): boolean {
  const { resource, backfill } = lastBinding(before);
  const what = (of: ResourceConfig, key: readonly string[]) =>
    JSON.stringify([of.namespace, of.stream, of.mode ?? '', of.primary_key ?? [], key]);
  return (
    backfill === binding.backfill &&
    what(resource, before.collection.key) === what(binding.resource, binding.collection.key)
  );
}

interface ResourceAndCollection {
  readonly resource: ResourceConfig;
  readonly collection: CollectionSpec;
}

function prerequisiteBinding({ resource, collection }: ResourceAndCollection) {
  return { resource, collectionKey: collection.key };
}

function failuresOf(check: () => void): unknown[] {
  try {
    check();
    return [];
  } catch (failure) {
    return [failure];
  }
}

function checkBindings(bindings: readonly ResourceAndCollection[]): void {
  requireDistinctTables(bindings);
  for (const { resource, collection } of bindings) {
    validateResource(resource);
    const isKeyed = resource.mode !== 'Without Primary Key' && resource.mode !== 'Only Changes';
    if (isKeyed && (resource.primary_key?.length ?? 0) === 0 && isFallbackKey(collection.key)) {
      throw fallbackKeyError({ resource });
    }
  }
}
