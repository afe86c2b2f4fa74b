// From a materialization of the catalog to the specification that its connector is applied and opened with: Validate
// gives the connector's constraints, field selection weighs them against the catalog and against what is live now, and
// what cannot go on without a backfill follows the binding's policy.

import { journalReadSuffix, materializationSpecToJson, stateKey } from '@weir/protocol';
import type {
  CollectionSpec,
  FieldSelection,
  MaterializationBindingSpec,
  MaterializationSpec,
  MaterializeValidatedBinding,
} from '@weir/protocol';
import { selectFields } from '@weir/schema';
import type { SelectionResult } from '@weir/schema';
import type { Catalog } from '../catalog/load-catalog.ts';
import type { CollectionModel, MaterializationBindingModel, MaterializationModel } from '../catalog/model.ts';
import { formatPlace } from '../catalog/place.ts';
import { errors } from '../errors.ts';
import { BackfillCounters, checkResourcePaths, inactiveBindings, versionOf } from './bindings.ts';
import { buildCollection } from './build-collection.ts';
import { openEndpoint, validated as answerTo } from './build-options.ts';
import type { BuildOptions, TaskEndpoint } from './build-options.ts';
import { requireCollection } from './require-collection.ts';

export interface BuildMaterializationOptions extends BuildOptions {
  /** The specification last applied. */
  readonly last?: MaterializationSpec;
  readonly lastVersion?: string;
}

export interface BuiltMaterialization {
  readonly protocol: 'materialize';
  readonly spec: MaterializationSpec;
  readonly version: string;
  readonly endpoint: TaskEndpoint;
  /**
   * How much the counters of bindings (resource path as a state key) are above what the catalog and the store say: this build
   * backfills them because their schema became incompatible, or the catalog's counter went down. To be stored before
   * the specification is applied, or the next build would go back.
   */
  readonly requestedBackfills: ReadonlyMap<string, number>;
  /**
   * What is not materialized though it was asked for, as sentences: bindings, by `onIncompatibleSchemaChange:
   * disableBinding`, and fields whose name the endpoint cannot tell from another one's.
   */
  readonly leftOut: readonly string[];
}

/** Each round backfills at least one more binding that the round before found incompatible. */
const maxRounds = 3;

function liveSelection(
  last: MaterializationSpec | undefined,
  resourcePath: readonly string[],
  backfill: number,
): FieldSelection | undefined {
  const path = JSON.stringify(resourcePath);
  const found = last?.bindings.find((binding) => JSON.stringify(binding.resourcePath) === path);
  return found !== undefined && found.backfill === backfill ? found.fieldSelection : undefined;
}

function conflictText(model: MaterializationBindingModel, result: SelectionResult): string {
  const reasons = result.conflicts.map((conflict) => `\n  ${conflict.message}`);
  return `${formatPlace(model.place)}: the fields of ${model.source.collection} cannot be materialized:${reasons.join('')}`;
}

/** Fields that nobody refused and that get no column, because another field has their name. */
function hiddenFields(model: MaterializationBindingModel, { fields }: SelectionResult): string[] {
  return fields
    .filter(({ select, reject }) => select !== undefined && reject === 'DuplicateFold')
    .map(
      ({ field }) =>
        `${formatPlace(model.place)}: the field "${field}" of ${model.source.collection} is in the document only: the destination cannot tell its name from another field's. Give it another name by a projection, or choose between the two under fields.exclude.`,
    );
}

function checkSource(model: MaterializationBindingModel, source: CollectionModel): void {
  if (source.derived) {
    throw errors.BUILD_UNSUPPORTED({
      message: `${formatPlace(model.place)}: this binding reads ${source.name}, which is derived (${formatPlace(source.place)}), and derivations are not computed here.`,
      fix: 'Materialize the collections that it is derived from, or disable the binding.',
    });
  }
  const { include, exclude } = model.source;
  const [field] = [...Object.keys(include), ...Object.keys(exclude)];
  if (field === undefined) return;
  throw errors.BUILD_UNSUPPORTED({
    message: `${formatPlace(model.place)}: this binding selects partitions by "${field}".`,
    fix: 'Take out source.partitions: this runtime materializes whole collections.',
  });
}

/** Runs Validate through the connector. Errors: BUILD_*, CONNECTOR_*, or what the connector says. */
export async function buildMaterialization(
  catalog: Catalog,
  model: MaterializationModel,
  options: BuildMaterializationOptions = {},
): Promise<BuiltMaterialization> {
  const { last } = options;
  const endpoint = await openEndpoint(model, 'materialize', options);
  const connectorType = endpoint.command.connectorType;
  const models = model.bindings.filter((binding) => !binding.disable);
  for (const binding of models) checkSource(binding, requireCollection(catalog, binding.source.collection));
  const collections = models.map(({ source: { collection: name } }) =>
    buildCollection(requireCollection(catalog, name), options.inferredSchema?.(name)),
  );
  const counters = new BackfillCounters(options.backfills, [
    ...(last?.bindings ?? []),
    ...(last?.inactiveBindings ?? []),
  ]);

  const validate = async (): Promise<readonly MaterializeValidatedBinding[]> => {
    const { bindings } = await answerTo(
      'materialize',
      endpoint,
      {
        kind: 'validate',
        name: model.name,
        connectorType,
        config: endpoint.config,
        bindings: models.map((binding, index) => ({
          resourceConfig: binding.resource,
          collection: collections[index] as CollectionSpec,
          fieldConfig: binding.fields.require,
          backfill: counters.of(binding),
          groupBy: binding.fields.groupBy,
        })),
        lastVersion: options.lastVersion ?? '',
        ...(last === undefined ? {} : { lastMaterialization: last }),
      },
      options,
    );
    checkResourcePaths(model.name, models, bindings);
    return bindings;
  };

  for (let round = 1; ; round++) {
    const validated = await validate();
    const learnt = models.map((binding, index) =>
      counters.learn(binding, validated[index]?.resourcePath ?? []),
    );
    if (learnt.includes(true)) continue;

    const bindings: MaterializationBindingSpec[] = [];
    const leftOut: string[] = [];
    let again = false;
    for (const [index, binding] of models.entries()) {
      const answer = validated[index];
      const collection = collections[index];
      if (answer === undefined || collection === undefined) continue;
      const { resourcePath } = answer;
      const backfill = counters.of(binding);
      const live = liveSelection(last, resourcePath, backfill);
      const result = selectFields({
        projections: collection.projections,
        constraints: answer.constraints,
        groupBy: binding.fields.groupBy,
        collectionKey: collection.key,
        model: binding.fields,
        caseInsensitiveFields: answer.caseInsensitiveFields,
        ...(live === undefined ? {} : { live }),
      });
      if (result.outcome === 'conflict') {
        throw errors.BUILD_FIELD_CONFLICT({ message: conflictText(binding, result) });
      }
      leftOut.push(...hiddenFields(binding, result));
      if (result.outcome === 'incompatible') {
        const policy = binding.onIncompatibleSchemaChange;
        if (policy === 'disableBinding') {
          leftOut.push(conflictText(binding, result));
          continue;
        }
        if (policy !== 'backfill' || round >= maxRounds) {
          throw errors.BUILD_INCOMPATIBLE({
            message: conflictText(binding, result),
            ...(policy === 'disableTask'
              ? {
                  fix: 'The task stays disabled (onIncompatibleSchemaChange: disableTask) until the binding is backfilled: raise its `backfill`.',
                }
              : {}),
          });
        }
        counters.request(binding);
        again = true;
      }
      bindings.push(bindingSpec(model.name, binding, collection, answer, result.selection, backfill));
    }
    if (again) continue;
    const spec: MaterializationSpec = {
      name: model.name,
      connectorType,
      config: endpoint.config,
      bindings,
      inactiveBindings: inactiveBindings(bindings, last),
    };
    const version = versionOf(materializationSpecToJson(spec));
    const requestedBackfills = counters.unstored(models);
    return { protocol: 'materialize', spec, version, endpoint, requestedBackfills, leftOut };
  }
}

function bindingSpec(
  task: string,
  model: MaterializationBindingModel,
  collection: CollectionSpec,
  answer: MaterializeValidatedBinding,
  fieldSelection: FieldSelection,
  backfill: number,
): MaterializationBindingSpec {
  const key = stateKey(answer.resourcePath, backfill);
  return {
    resourceConfig: model.resource,
    resourcePath: answer.resourcePath,
    collection,
    fieldSelection,
    deltaUpdates: answer.deltaUpdates,
    journalReadSuffix: journalReadSuffix(task, key),
    priority: model.priority,
    notBefore: model.source.notBefore ?? '',
    notAfter: model.source.notAfter ?? '',
    backfill,
    stateKey: key,
    ...(answer.serPolicy === undefined ? {} : { serPolicy: answer.serPolicy }),
  };
}
