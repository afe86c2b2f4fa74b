// weir run: runs the tasks of a catalog durably, until it is stopped or, with --until-caught-up, nothing is left to do.

import type { Command as CommandType } from 'commander';
import { Command, InvalidArgumentError } from 'commander';
import { loadCatalog, logLevels, parseDuration, SqliteStore, stateFolder, supervise } from '@weir/runtime';
import type { BuiltTask, LogLevel, OpsLog, SupervisorEvent, SupervisorResult, TaskName } from '@weir/runtime';
import { resolveOptions, withCatalogOptions } from '../connector-options.ts';
import type { CatalogOptions } from '../connector-options.ts';
import { buildTask } from '../run/build-task.ts';
import { lagBytes } from '../run/lag.ts';
import { RunProgress } from '../run/progress.ts';
import { jsonDisplay, terminalDisplay } from '../run/run-display.ts';
import { abortOnSignals } from '../stop-signals.ts';
import { allTasks, chooseTask } from '../task-choice.ts';
import type { TaskChoice } from '../task-choice.ts';

export interface RunOptions extends CatalogOptions {
  readonly state: string;
  readonly name?: readonly string[];
  readonly untilCaughtUp?: boolean;
  readonly idle?: number;
}

function kindOf(task: TaskChoice): TaskName['kind'] {
  return task.protocol === 'capture' ? 'capture' : 'materialization';
}

function isRunnable(task: TaskChoice): boolean {
  return !task.model.shards.disable && task.model.bindings.some((binding) => !binding.disable);
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined)
    throw new InvalidArgumentError('A duration is, for instance, 10s or 1m 30s.');
  return milliseconds;
}

/** Runs the tasks; used by the command and by the demo. `signal` asks for a stop at a transaction's border. */
export async function runTasks(
  options: RunOptions,
  signal: AbortSignal,
  shownLevel: LogLevel = options.logLevel,
  onEvent: (event: SupervisorEvent) => void = () => {},
): Promise<SupervisorResult> {
  const catalog = await loadCatalog(options.source);
  const chosen =
    options.name === undefined
      ? allTasks(catalog).filter(isRunnable)
      : options.name.map((name) => chooseTask(catalog, name));
  const choices = new Map(
    (chosen.length > 0 ? chosen : [chooseTask(catalog, undefined)]).map((task) => [task.name, task]),
  );
  const tasks = [...choices.values()].map((task): TaskName => ({ name: task.name, kind: kindOf(task) }));
  const isTerminal = process.stdout.isTTY && options.logJson !== true;
  const write = (text: string): boolean => process.stdout.write(text);
  const display = isTerminal
    ? terminalDisplay(
        {
          write,
          get columns() {
            return process.stdout.columns || 120;
          },
        },
        true,
      )
    : jsonDisplay(write);
  const log = (task: string, each: OpsLog): void => {
    if (logLevels.indexOf(each.level) >= logLevels.indexOf(shownLevel)) display.log(task, each);
  };
  const progress = new RunProgress(tasks);
  const built = new Map<string, BuiltTask>();
  let lagStore: SqliteStore | undefined;
  const lagOf = (task: string): number | undefined => {
    const found = built.get(task);
    if (found?.kind !== 'materialization') return undefined;
    lagStore ??= new SqliteStore(stateFolder(options.state).storePath, { readOnly: true });
    return lagBytes(lagStore, found.spec);
  };
  const update = (): void => display.update(progress.snapshot(Date.now(), lagOf), Date.now());
  let timer: NodeJS.Timeout | undefined;
  try {
    return await supervise({
      statePath: options.state,
      tasks,
      signal,
      logLevel: options.logLevel,
      untilCaughtUp: options.untilCaughtUp === true,
      ...(options.idle === undefined ? {} : { idleMs: options.idle }),
      build: async ({ name }, store) => {
        timer ??= setInterval(update, display.everyMs);
        const choice = choices.get(name) as TaskChoice;
        const task = await buildTask(catalog, choice, store, {
          ...resolveOptions(options, name),
          onLog: (each) => log(name, each),
          signal,
        });
        built.set(name, task);
        return task;
      },
      onEvent(event) {
        progress.see(event, Date.now());
        if (event.kind === 'log') log(event.task, event.log);
        else display.event(event, Date.now());
        onEvent(event);
      },
    });
  } finally {
    clearInterval(timer);
    if (timer !== undefined) update();
    lagStore?.[Symbol.dispose]();
  }
}

async function run(options: RunOptions, command: CommandType): Promise<void> {
  using stop = abortOnSignals();
  // On a terminal the lines tell how it goes; connectors are heard when something is wrong, or when they are asked to.
  const quiet = process.stdout.isTTY && command.getOptionValueSource('logLevel') === 'default';
  const { failed } = await runTasks(options, stop.signal, quiet ? 'warn' : options.logLevel);
  for (const [task, { code, message, fix }] of failed) {
    process.stderr.write(
      `${task}: ${code === '' ? '' : `${code}: `}${message}\n${fix === '' ? '' : `${fix}\n`}`,
    );
  }
  if (failed.size > 0) process.exitCode = 1;
}

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Runs the tasks of a catalog, durably: what is captured is kept in journals, what is materialized is applied exactly once, and a run that is stopped or killed goes on where it was.',
    )
    .option('-n, --name <task...>', 'only these tasks')
    .option('--state <folder>', 'where journals and positions are kept', '.weir')
    .option('--until-caught-up', 'stop when captures are idle and materializations have everything')
    .option(
      '--idle <duration>',
      'a capture without documents for so long is idle (with --until-caught-up)',
      duration,
    );
  return withCatalogOptions(command)
    .addHelpText(
      'after',
      `
A terminal shows one line per task; elsewhere there are JSON lines on stdout. Ctrl-C stops at the next transaction,
a second Ctrl-C at once; nothing is lost either way.

Examples:
  weir run --source flow.yaml
  weir run --name acme/orders acme/warehouse --until-caught-up`,
    )
    .action(run);
}
