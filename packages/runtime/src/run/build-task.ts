// What a supervisor asks for at every start of a task: its specification, built from the catalog and from what the state
// folder knows of it (what was applied last, inferred schemas, requested backfills).

import { captureSpecFromJson, materializationSpecFromJson } from '@weir/protocol';
import { buildCapture, type BuiltCapture } from '../build/build-capture.ts';
import { buildMaterialization, type BuiltMaterialization } from '../build/build-materialization.ts';
import type { BuildOptions, Validate } from '../build/build-options.ts';
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
): (task: TaskName, store: Store, validate: Validate) => Promise<BuiltTask> {
  return async (task, store, validate) => {
    const options = optionsOf(task.name);
    const built = await buildTask(catalog, task, store, { ...options, validate });
    const { version, endpoint } = built;
    const { command, catalogConfig, secrets } = endpoint;
    const common = { version, command, catalogConfig, secrets };
    // Before the specification is applied, or the build after a crash would go back to the old counter.
    for (const [binding, count] of built.requestedBackfills) {
      store.requestBackfill({ task: task.name, binding, count });
    }
    if (built.protocol === 'capture') return { kind: 'capture', spec: built.spec, ...common };
    for (const message of built.leftOut) {
      options.onLog?.({ ts: new Date().toISOString(), level: 'warn', message, fields: {} });
    }
    return { kind: 'materialization', spec: built.spec, ...common };
  };
}

/** Validates a task as its next start would, and changes nothing. `store` is undefined before the first run. */
export async function buildTask(
  catalog: Catalog,
  { name, kind }: TaskName,
  store: Store | undefined,
  options: TaskBuildOptions,
): Promise<BuiltCapture | BuiltMaterialization> {
  const known = store?.task(name);
  const lastVersion = known?.lastVersion ?? '';
  const buildOptions: BuildOptions = {
    ...options,
    ...(store === undefined
      ? {}
      : {
          inferredSchema: (collection) => inferredSchemaOf(store, collection),
          backfills: store.backfills(name),
        }),
  };
  if (kind === 'capture') {
    const model = catalog.captures.get(name);
    if (model === undefined) throw unknownTask(catalog, name);
    const last = known?.lastApplied === undefined ? undefined : captureSpecFromJson(known.lastApplied);
    return await buildCapture(catalog, model, {
      ...buildOptions,
      ...(last === undefined ? {} : { last, lastVersion }),
    });
  }
  const model = catalog.materializations.get(name);
  if (model === undefined) throw unknownTask(catalog, name);
  const last = known?.lastApplied === undefined ? undefined : materializationSpecFromJson(known.lastApplied);
  return await buildMaterialization(catalog, model, {
    ...buildOptions,
    ...(last === undefined ? {} : { last, lastVersion }),
  });
}

function unknownTask(catalog: Catalog, name: string): Error {
  return errors.TASK_UNKNOWN({ message: `${catalog.root.name} has no task ${name}.` });
}
