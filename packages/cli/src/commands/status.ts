// weir status: what a state folder holds and what its tasks do, also while a run is using it.

import { Command } from 'commander';
import { loadCatalog, readStatus } from '@weir/runtime';
import type { CollectionStatus } from '@weir/runtime';
import { formatAge, formatBytes, formatCount } from '../live/format.ts';
import { type TaskRow, taskRows } from '../live/status-rows.ts';
import { readTaskStates } from '../live/task-states.ts';
import { padEnd, textWidth } from '../live/text-width.ts';
import { allTasks } from '../task-choice.ts';

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => textWidth(row[column] ?? ''))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => padEnd(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

export function taskTable(tasks: readonly TaskRow[], nowMs: number): string {
  return table([
    ['TASK', 'KIND', 'STATE', 'DOCUMENTS', 'SIZE', 'TRANSACTIONS', 'LAG', 'LAST CHECKPOINT'],
    ...tasks.map((task) => [
      task.name,
      task.kind,
      task.phase,
      formatCount(task.documents),
      formatBytes(task.bytes),
      formatCount(task.transactions),
      task.lagBytes === undefined ? '' : formatBytes(task.lagBytes),
      task.lastCommit === undefined ? 'none yet' : `${formatAge(nowMs - Date.parse(task.lastCommit))} ago`,
    ]),
  ]);
}

function collectionTable(collections: readonly CollectionStatus[]): string {
  return table([
    ['COLLECTION', 'DOCUMENTS', 'SIZE'],
    ...collections.map((each) => [each.name, formatCount(each.documents), formatBytes(each.bytes)]),
  ]);
}

function errorLines({ name, error }: TaskRow): string {
  if (error === undefined) return '';
  const { code, message, fix } = error;
  return `\n${name}: ${code === '' ? '' : `${code}: `}${message}\n${fix === '' ? '' : `${fix}\n`}`;
}

/** What is not to be seen from the figures: backfills that are still to come, and what a reset has left behind. */
export function noteLines(tasks: readonly TaskRow[], collections: readonly CollectionStatus[]): string {
  const asked = tasks.flatMap(({ name, askedBackfills }) =>
    askedBackfills.map(
      (path) =>
        `${name}: a backfill of ${path.join('.')} is asked for, and begins when the task is started next.\n`,
    ),
  );
  const left = collections
    .filter(({ bytesBeforeReset }) => bytesBeforeReset > 0)
    .map(
      ({ name, bytesBeforeReset }) =>
        `${name}: ${formatBytes(bytesBeforeReset)} of it lie before a reset, and are not read.\n`,
    );
  const lines = [...asked, ...left];
  return lines.length === 0 ? '' : `\n${lines.join('')}`;
}

interface StatusOptions {
  readonly state: string;
  readonly source?: string;
  readonly json?: boolean;
}

async function run(options: StatusOptions): Promise<void> {
  const catalog = options.source === undefined ? undefined : await loadCatalog(options.source);
  const status = readStatus(options.state);
  const { owner } = status;
  const isTold = (name: string): boolean =>
    catalog === undefined || allTasks(catalog).some((task) => task.name === name);
  const tasks = taskRows(status, readTaskStates(options.state)).filter(({ name }) => isTold(name));
  const collections = status.collections.filter(
    ({ name }) => catalog === undefined || catalog.collections.has(name),
  );
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ owner, tasks, collections })}\n`);
    return;
  }
  const parts = [
    owner === undefined
      ? 'not running\n'
      : `running: process ${owner.pid} on ${owner.host}, since ${owner.since}\n`,
    `\n${taskTable(tasks, Date.now())}`,
    collections.length === 0 ? '' : `\n${collectionTable(collections)}`,
    noteLines(tasks, collections),
    ...tasks.map(errorLines),
  ];
  process.stdout.write(parts.join(''));
}

export function statusCommand(): Command {
  return new Command('status')
    .description(
      'Shows the tasks and collections of a state folder, whether a run is using it or not, and why tasks failed.',
    )
    .option('--state <folder>', 'the state folder', '.weir')
    .option('-s, --source <file>', 'only the tasks and collections of this catalog: a path or a URL')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
LAG is what a materialization has yet to commit of its collections. Documents and sizes count all runs, also what lies before a reset.

Examples:
  weir status
  weir status --state /var/lib/weir --json`,
    )
    .action(run);
}
