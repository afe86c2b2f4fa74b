// From a capture of the catalog to the specification that its connector is applied and opened with.

import { randomBytes } from 'node:crypto';
import { captureSpecToJson, stateKey } from '@weir/protocol';
import type { CaptureSpec, CollectionSpec } from '@weir/protocol';
import type { Catalog } from '../catalog/load-catalog.ts';
import type { CaptureModel } from '../catalog/model.ts';
import { BackfillCounters, checkResourcePaths, inactiveBindings, versionOf } from './bindings.ts';
import { buildCollection } from './build-collection.ts';
import { openEndpoint, validated as answerTo } from './build-options.ts';
import type { BuildOptions, TaskEndpoint } from './build-options.ts';
import { requireCollection } from './require-collection.ts';

export interface BuildCaptureOptions extends BuildOptions {
  /** The specification last applied. */
  readonly last?: CaptureSpec;
  readonly lastVersion?: string;
}

export interface BuiltCapture {
  readonly protocol: 'capture';
  readonly spec: CaptureSpec;
  readonly version: string;
  readonly endpoint: TaskEndpoint;
  /** As of a materialization. */
  readonly requestedBackfills: ReadonlyMap<string, number>;
}

const redacts = /"redact"\s*:/;

/** Runs Validate through the connector. Errors: BUILD_*, CONNECTOR_*, or what the connector says. */
export async function buildCapture(
  catalog: Catalog,
  model: CaptureModel,
  options: BuildCaptureOptions = {},
): Promise<BuiltCapture> {
  const { last } = options;
  const endpoint = await openEndpoint(model, 'capture', options);
  const connectorType = endpoint.command.connectorType;
  const models = model.bindings.filter((binding) => !binding.disable);
  const collections = new Map<string, CollectionSpec>();
  const collectionOf = (name: string): CollectionSpec => {
    const built =
      collections.get(name) ??
      buildCollection(requireCollection(catalog, name), options.inferredSchema?.(name));
    collections.set(name, built);
    return built;
  };
  const counters = new BackfillCounters(options.backfills, [
    ...(last?.bindings ?? []),
    ...(last?.inactiveBindings ?? []),
  ]);

  const validate = async (): Promise<readonly { readonly resourcePath: readonly string[] }[]> => {
    const { bindings } = await answerTo(
      'capture',
      endpoint,
      {
        kind: 'validate',
        name: model.name,
        connectorType,
        config: endpoint.config,
        bindings: models.map((binding) => ({
          resourceConfig: binding.resource,
          collection: collectionOf(binding.target),
          backfill: counters.of(binding),
        })),
        lastVersion: options.lastVersion ?? '',
        ...(last === undefined ? {} : { lastCapture: last }),
      },
      options,
    );
    checkResourcePaths(model.name, models, bindings);
    return bindings;
  };

  let validated = await validate();
  const learnt = models.map((binding, index) =>
    counters.learn(binding, validated[index]?.resourcePath ?? []),
  );
  if (learnt.includes(true)) validated = await validate();

  const bindings = models.map((binding, index) => {
    const resourcePath = validated[index]?.resourcePath ?? [];
    const backfill = counters.of(binding);
    return {
      resourceConfig: binding.resource,
      resourcePath,
      collection: collectionOf(binding.target),
      backfill,
      stateKey: stateKey(resourcePath, backfill),
    };
  });
  const needsSalt = bindings.some(({ collection }) => redacts.test(collection.writeSchema));
  const redactSalt = model.redactSalt ?? last?.redactSalt ?? (needsSalt ? randomBytes(16) : undefined);
  const spec: CaptureSpec = {
    name: model.name,
    connectorType,
    config: endpoint.config,
    bindings,
    intervalSeconds: model.intervalSeconds,
    inactiveBindings: inactiveBindings(bindings, last),
    ...(redactSalt === undefined ? {} : { redactSalt }),
  };
  const version = versionOf(captureSpecToJson(spec));
  return { protocol: 'capture', spec, version, endpoint, requestedBackfills: counters.unstored(models) };
}
