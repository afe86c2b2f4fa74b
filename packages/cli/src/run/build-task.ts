// Builds a task with what the state folder knows of it: what was applied last, the backfills asked for, and the schemas
// inferred so far.

import { captureSpecFromJson, materializationSpecFromJson } from '@weir/protocol';
import { buildCapture, buildMaterialization } from '@weir/runtime';
import type { BuildOptions, BuiltTask, Catalog, Store } from '@weir/runtime';
import { mergeInferredSchemas, parseJson, stringifyJson } from '@weir/schema';
import type { TaskChoice } from '../task-choice.ts';

/** The union of what each capture binding saw; undefined before anything was captured. */
export function inferredSchemaOf(store: Store, collection: string): string | undefined {
  const [first, ...rest] = store.inferredSchemas(collection).map(({ schema }) => parseJson(schema));
  if (first === undefined) return undefined;
  return stringifyJson(rest.reduce((merged, schema) => mergeInferredSchemas(merged, schema), first));
}

export async function buildTask(
  catalog: Catalog,
  task: TaskChoice,
  store: Store,
  options: BuildOptions,
): Promise<BuiltTask> {
  const record = store.task(task.name);
  const build: BuildOptions = {
    ...options,
    backfills: store.backfills(task.name),
    inferredSchema: (collection) => inferredSchemaOf(store, collection),
  };
  const last = record?.lastApplied;
  const lastVersion = record?.lastVersion ?? '';
  if (task.protocol === 'capture') {
    const { spec, version, endpoint } = await buildCapture(catalog, task.model, {
      ...build,
      ...(last === undefined ? {} : { last: captureSpecFromJson(last), lastVersion }),
    });
    return { kind: 'capture', spec, version, command: endpoint.command };
  }
  const built = await buildMaterialization(catalog, task.model, {
    ...build,
    ...(last === undefined ? {} : { last: materializationSpecFromJson(last), lastVersion }),
  });
  // Before the specification is applied: the next build has to come to the same counters.
  for (const binding of built.requestedBackfills) store.requestBackfill(task.name, binding);
  for (const message of built.disabledBindings) {
    options.onLog?.({
      ts: new Date().toISOString(),
      level: 'warn',
      message: `a binding is left out (onIncompatibleSchemaChange: disableBinding): ${message}`,
      fields: {},
    });
  }
  return {
    kind: 'materialization',
    spec: built.spec,
    version: built.version,
    command: built.endpoint.command,
  };
}
