// Which tasks of a catalog a command is about.

import type { CaptureModel, Catalog, MaterializationModel, TaskName } from '@weir/runtime';
import { didYouMean, errors } from '@weir/runtime';

export type TaskChoice =
  | { readonly protocol: 'capture'; readonly name: string; readonly model: CaptureModel }
  | { readonly protocol: 'materialize'; readonly name: string; readonly model: MaterializationModel };

export function allTasks(catalog: Catalog): TaskChoice[] {
  return [
    ...[...catalog.captures].map(([name, model]): TaskChoice => ({ protocol: 'capture', name, model })),
    ...[...catalog.materializations].map(([name, model]): TaskChoice => ({
      protocol: 'materialize',
      name,
      model,
    })),
  ];
}

/** The named task, or the only one. `protocol` narrows the choice. Errors: TASK_UNKNOWN. */
export function chooseTask(
  catalog: Catalog,
  name: string | undefined,
  protocol?: 'capture' | 'materialize',
): TaskChoice {
  const tasks = allTasks(catalog).filter((task) => protocol === undefined || task.protocol === protocol);
  const kind = protocol === undefined ? 'task' : protocol === 'capture' ? 'capture' : 'materialization';
  const names = tasks.map((task) => task.name).join(', ');
  const [only] = tasks;
  if (only === undefined) {
    throw errors.TASK_UNKNOWN({
      message: `${catalog.root.name} has no ${kind}.`,
      fix: 'Add one to the catalog.',
    });
  }
  if (name === undefined) {
    if (tasks.length === 1) return only;
    throw errors.TASK_UNKNOWN({
      message: `${catalog.root.name} has several ${kind}s.`,
      fix: `Choose one with --name: ${names}.`,
    });
  }
  const found = tasks.find((task) => task.name === name);
  if (found !== undefined) return found;
  throw errors.TASK_UNKNOWN({
    message: `${catalog.root.name} has no ${kind} named ${name}.${didYouMean(
      name,
      tasks.map((task) => task.name),
    )}`,
    fix: `It has: ${names}.`,
  });
}

function isEnabled({ model }: TaskChoice): boolean {
  return !model.shards.disable && model.bindings.some((binding) => !binding.disable);
}

/** The named tasks, or all that are enabled. Errors: TASK_UNKNOWN. */
export function tasksToRun(catalog: Catalog, names: readonly string[] | undefined): TaskName[] {
  const chosen =
    names === undefined
      ? allTasks(catalog).filter(isEnabled)
      : [...new Set(names)].map((name) => chooseTask(catalog, name));
  // Says that there is none, or runs the only one though it is disabled.
  const tasks = chosen.length > 0 ? chosen : [chooseTask(catalog, undefined)];
  return tasks.map(({ name, protocol }) => ({
    name,
    kind: protocol === 'capture' ? 'capture' : 'materialization',
  }));
}
