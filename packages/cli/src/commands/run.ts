// weir run: runs the tasks of a catalog durably, until it is stopped or, with --until-caught-up, nothing is left to do.

import { Command, InvalidArgumentError } from 'commander';
import { KeptConfigs, loadCatalog, parseDuration, supervise, systemClock, taskBuilder } from '@weir/runtime';
import type { LogLevel } from '@weir/runtime';
import { resolveOptions, withCatalogOptions, warnOfIgnoredKeys } from '../connector-options.ts';
import type { CatalogOptions } from '../connector-options.ts';
import { failureLines } from '../live/event-line.ts';
import { JsonReport } from '../live/json-report.ts';
import { LiveRun } from '../live/live-run.ts';
import { RunProgress, type RunReport } from '../live/run-report.ts';
import { TerminalReport } from '../live/terminal-report.ts';
import { abortOnSignals } from '../stop-signals.ts';
import { tasksToRun } from '../task-choice.ts';

interface RunOptions extends CatalogOptions {
  readonly state: string;
  readonly name?: readonly string[];
  readonly untilCaughtUp?: boolean;
  readonly idle?: number;
}

/** On a terminal the figures tell how it goes; logs are shown when something is wrong, or when they are asked for. */
function reportFor(progress: RunProgress, options: RunOptions, isDefaultLevel: boolean): RunReport {
  const write = (text: string): boolean => process.stdout.write(text);
  if (options.logJson === true || !process.stdout.isTTY) {
    return new JsonReport({ progress, level: options.logLevel, write });
  }
  const terminal = {
    write,
    get columns() {
      return process.stdout.columns || 120;
    },
    get rows() {
      return process.stdout.rows || 40;
    },
  };
  const level: LogLevel = isDefaultLevel ? 'warn' : options.logLevel;
  return new TerminalReport({ progress, level, terminal, color: process.stdout.hasColors() });
}

/** Connectors tell by their status, an info log, when they have caught up. What is shown is another matter. */
function connectorLogLevel({ logLevel, untilCaughtUp }: RunOptions): LogLevel {
  return untilCaughtUp === true && (logLevel === 'warn' || logLevel === 'error') ? 'info' : logLevel;
}

async function run(options: RunOptions, command: Command): Promise<void> {
  const catalog = await loadCatalog(options.source);
  warnOfIgnoredKeys(catalog, options);
  const tasks = tasksToRun(catalog, options.name);
  using stop = abortOnSignals();
  const progress = new RunProgress(tasks, systemClock.nowMs());
  const report = reportFor(progress, options, command.getOptionValueSource('logLevel') === 'default');
  const keptConfigs = new KeptConfigs(options.state);
  using live = new LiveRun({
    statePath: options.state,
    progress,
    report,
    clock: systemClock,
    stop: stop.signal,
  });
  const { failed } = await supervise({
    statePath: options.state,
    tasks,
    signal: stop.signal,
    logLevel: connectorLogLevel(options),
    untilCaughtUp: options.untilCaughtUp === true,
    ...(options.idle === undefined ? {} : { idleMs: options.idle }),
    build: taskBuilder(catalog, (task) => ({
      ...resolveOptions(options, task),
      keptConfigs,
      logLevel: connectorLogLevel(options),
      signal: stop.signal,
      onLog: (log) => live.onEvent({ task, kind: 'log', log }),
    })),
    onEvent: (event) => live.onEvent(event),
  });
  live.end();
  if (failed.size === 0) return;
  process.exitCode = 1;
  // A terminal has been told above the live lines.
  if (report instanceof TerminalReport) return;
  for (const [task, error] of failed) process.stderr.write(failureLines(task, error));
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined)
    throw new InvalidArgumentError('A duration is, for instance, 10s or 1m 30s.');
  return milliseconds;
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
      'a capture that has caught up, and sends no documents for so long, is idle (with --until-caught-up); default 3s',
      duration,
    );
  return withCatalogOptions(command)
    .addHelpText(
      'after',
      `
A terminal shows one live line per task, and warnings and errors above them. Elsewhere stdout gets JSON lines
{"ts","level","message","fields"}; those with the message "stats" hold the figures of a task.

Ctrl-C or SIGTERM stops at the next transaction, a second one at once; nothing is lost either way.
Connectors that say whether they have caught up are believed. Any other is idle when nothing it sent is left to be committed
and it sends nothing for --idle, or three times as long if it has not sent a document yet.

A task that failed, and whose error may pass, is tried again: for as long as it takes, or with --until-caught-up until it has
failed 7 times in a row, or for 5 minutes, with nothing committed in between, and without having caught up.

Exit status: 0 after a stop or when caught up, 1 when a task failed for good or was given up.

Examples:
  weir run --source flow.yaml
  weir run --name acme/orders acme/warehouse --until-caught-up`,
    )
    .action(run);
}
