// weir backfill: asks for bindings to be read, or written, from the beginning again.

import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { captureSpecFromJson, materializationSpecFromJson, stateKey } from '@weir/protocol';
import { errors as runtimeErrors, SqliteStore, stateFolder } from '@weir/runtime';
import { errors } from '../errors.ts';

interface BackfillOptions {
  readonly state: string;
  readonly all?: boolean;
}

interface Binding {
  readonly resourcePath: readonly string[];
  readonly collection: { readonly name: string };
}

/** A binding is named by its collection, or by its resource path with dots or slashes. */
export function matches(binding: Binding, name: string): boolean {
  const { resourcePath, collection } = binding;
  return [
    collection.name,
    resourcePath.join('.'),
    resourcePath.join('/'),
    stateKey(resourcePath, 0),
  ].includes(name);
}

function run(task: string, names: readonly string[], options: BackfillOptions): void {
  const { storePath } = stateFolder(options.state);
  if (!existsSync(storePath)) {
    throw runtimeErrors.RUNTIME_STATE_UNUSABLE({ message: `There is no state in ${options.state}.` });
  }
  using store = new SqliteStore(storePath);
  const record = store.task(task);
  if (record?.lastApplied === undefined) {
    const known = store.tasks().map((each) => each.name);
    throw runtimeErrors.TASK_UNKNOWN({
      message: `${task} has not run on this state folder.`,
      fix: known.length === 0 ? 'No task has.' : `These have: ${known.join(', ')}.`,
    });
  }
  const parse = record.kind === 'capture' ? captureSpecFromJson : materializationSpecFromJson;
  const bindings: readonly Binding[] = parse(record.lastApplied).bindings;
  const all = bindings.map(({ resourcePath }) => resourcePath.join('.')).join(', ');
  if (names.length === 0 && options.all !== true) {
    throw errors.BINDING_UNKNOWN({
      message: `${task} has the bindings ${all}.`,
      fix: 'Name some of them, or use --all.',
    });
  }
  const unknown = names.find((name) => !bindings.some((binding) => matches(binding, name)));
  if (unknown !== undefined) {
    throw errors.BINDING_UNKNOWN({ message: `${task} has no binding "${unknown}".`, fix: `It has ${all}.` });
  }
  const chosen = bindings.filter(
    (binding) => options.all === true || names.some((name) => matches(binding, name)),
  );
  for (const { resourcePath } of chosen) {
    store.requestBackfill(task, stateKey(resourcePath, 0));
    process.stdout.write(`${task}: ${resourcePath.join('.')} is backfilled from its next start on\n`);
  }
}

export function backfillCommand(): Command {
  return new Command('backfill')
    .description(
      'Starts bindings of a task anew: a capture reads their source again, a materialization rebuilds their tables. It takes effect when the task starts the next time.',
    )
    .argument('<task>', 'the capture or materialization')
    .argument('[bindings...]', 'collections, or resource paths such as public.users')
    .option('--all', 'all bindings of the task')
    .option('--state <folder>', 'the state folder', '.weir')
    .action(run);
}
