// What a supervisor asks for at every start of a task: its specification, built from the catalog and from what the state
// folder knows of it (what was applied last, inferred schemas, requested backfills).

import { captureSpecFromJson, materializationSpecFromJson } from '@weir/protocol';
import { buildCapture } from '../build/build-capture.ts';
import { buildMaterialization } from '../build/build-materialization.ts';
import type { BuildOptions } from '../build/build-options.ts';
import type { Catalog } from '../catalog/load-catalog.ts';
import { errors } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { inferredSchemaOf } from '../store/inferred-schema.ts';
import type { BuiltTask, TaskName } from '../supervise/supervisor.ts';

export type TaskBuildOptions = Omit<BuildOptions, 'inferredSchema' | 'backfills'>;

/** `optionsOf` is called with the name of each task that is built. */
export function taskBuilder(
  catalog: Catalog,
  optionsOf: (task: string) => TaskBuildOptions,
): (task: TaskName, store: Store) => Promise<BuiltTask> {
  return async ({ name, kind }, store) => {
    const options: BuildOptions = {
      ...optionsOf(name),
      inferredSchema: (collection) => inferredSchemaOf(store, collection),
      backfills: store.backfills(name),
    };
    return kind === 'capture'
      ? await captureOf(catalog, name, store, options)
      : await materializationOf(catalog, name, store, options);
  };
}

async function captureOf(
  catalog: Catalog,
  name: string,
  store: Store,
  options: BuildOptions,
): Promise<BuiltTask> {
  const model = catalog.captures.get(name);
  if (model === undefined) throw unknownTask(catalog, name);
  const known = store.task(name);
  const { spec, version, endpoint } = await buildCapture(catalog, model, {
    ...options,
    ...(known?.lastApplied === undefined
      ? {}
      : { last: captureSpecFromJson(known.lastApplied), lastVersion: known.lastVersion }),
  });
  return { kind: 'capture', spec, version, command: endpoint.command, secrets: endpoint.secrets };
}

async function materializationOf(
  catalog: Catalog,
  name: string,
  store: Store,
  options: BuildOptions,
): Promise<BuiltTask> {
  const model = catalog.materializations.get(name);
  if (model === undefined) throw unknownTask(catalog, name);
  const known = store.task(name);
  const built = await buildMaterialization(catalog, model, {
    ...options,
    ...(known?.lastApplied === undefined
      ? {}
      : { last: materializationSpecFromJson(known.lastApplied), lastVersion: known.lastVersion }),
  });
  // Before the specification is applied, or the build after a crash would go back to the old counter.
  for (const binding of built.requestedBackfills) store.requestBackfill(name, binding);
  for (const message of built.disabledBindings) {
    options.onLog?.({ ts: new Date().toISOString(), level: 'warn', message, fields: {} });
  }
  return {
    kind: 'materialization',
    spec: built.spec,
    version: built.version,
    command: built.endpoint.command,
    secrets: built.endpoint.secrets,
  };
}

function unknownTask(catalog: Catalog, name: string): Error {
  return errors.TASK_UNKNOWN({ message: `${catalog.root.name} has no task ${name}.` });
}
