// The capture, as the kit runs it.

import type { Capture, CaptureSession } from '@weir/capture';
import { withoutEmptyTunnel } from '@weir/network-tunnel';
import { SqlSession } from '@weir/postgres';
import {
  batchBinding,
  type BatchResource,
  runBatchCapture,
  systemClock,
  validateBatchResource,
} from '@weir/sqlbatch';
import { type EndpointConfig, endpointSchema, resourceSchema } from './config.ts';
import { discoverBindings } from './discovery.ts';
import { bindingTemplate, PgDatabase } from './pg-database.ts';
import { checkConfig, withSource } from './source.ts';

export const sourcePostgresBatch: Capture<EndpointConfig, BatchResource> = {
  name: 'source-postgres-batch',
  spec: {
    configSchema: endpointSchema,
    resourceSchema,
    documentationUrl: 'https://go.estuary.dev/source-postgres-batch',
    resourcePathPointers: ['/name'],
  },
  upgradeConfig: withoutEmptyTunnel,
  checkConfig,

  discover(config, context) {
    return withSource(config, context, async ({ connect, settings }) => {
      await using sql = new SqlSession(connect);
      const views = config.advanced.discover_views ?? false;
      return await discoverBindings(sql, settings, views, context.log);
    });
  },

  async validate(config, bindings, context) {
    for (const { resource } of bindings) checkResource(resource);
    await withSource(config, context, async ({ connect }) => {
      await using connection = await connect();
      await connection.query('SELECT 1');
    });
    return bindings.map(({ resource }) => [resource.name]);
  },

  apply: () => Promise.resolve(''),

  pull: (session) => pull(session),
};

function checkResource(resource: BatchResource): void {
  validateBatchResource(resource);
  bindingTemplate(resource);
}

async function pull(session: CaptureSession<EndpointConfig, BatchResource, object>): Promise<void> {
  const { config, log } = session;
  for (const { resource } of session.bindings) checkResource(resource);
  if (session.bindings.length === 0) return;
  log.status('Connecting to database');
  await withSource(config, session, async (source) => {
    const { settings, signal } = source;
    const keys = new Map(
      session.bindings.map(({ index, collection }) => [index, new Set(collection.key.map(keyColumn))]),
    );
    await runBatchCapture({
      database: new PgDatabase(source, keys),
      bindings: session.bindings.map((binding) => batchBinding(binding, settings)),
      state: session.state,
      output: session.output,
      emitSourcedSchemas: settings.flags.emit_sourced_schemas,
      stopAfterPoll: process.env['SHUTDOWN_AFTER_POLLING'] === 'yes',
      clock: systemClock,
      log,
      signal,
    });
  });
}

function keyColumn(pointer: string): string {
  return pointer.replace(/^\//, '').replaceAll('~1', '/').replaceAll('~0', '~');
}
