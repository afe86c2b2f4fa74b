// weir doctor: everything that keeps the tasks of a catalog from running or may hurt them later, in one pass.

import { existsSync } from 'node:fs';
import { Command } from 'commander';
import {
  examineStateFolder,
  examineTask,
  KeptConfigs,
  loadCatalog,
  openStoreToRead,
  stateFolder,
} from '@weir/runtime';
import type { Finding } from '@weir/runtime';
import { resolveOptions, stderrLogs, withCatalogOptions, warnOfIgnoredKeys } from '../connector-options.ts';
import type { CatalogOptions } from '../connector-options.ts';
import { abortOnSignals } from '../stop-signals.ts';
import { tasksToRun } from '../task-choice.ts';

interface DoctorOptions extends CatalogOptions {
  readonly state: string;
  readonly name?: readonly string[];
  readonly json?: boolean;
}

interface Examined {
  readonly task: string;
  readonly findings: readonly Finding[];
}

const indent = (text: string, by: string): string => text.replaceAll('\n', `\n${by}`);

function findingText({ kind, code, message, fix }: Finding): string {
  const title = `  ${kind}: ${code === '' ? '' : `${code}: `}${indent(message, '    ')}\n`;
  return fix === '' ? title : `${title}    ${indent(fix, '    ')}\n`;
}

/** One line for a task that is well; otherwise its findings below it. */
export function examinedText({ task, findings }: Examined): string {
  if (findings.length === 0) return `${task}: well\n`;
  return `${task}:\n${findings.map(findingText).join('')}`;
}

async function run(file: string | undefined, given: DoctorOptions): Promise<void> {
  const options = file === undefined ? given : { ...given, source: file };
  const catalog = await loadCatalog(options.source);
  warnOfIgnoredKeys(catalog, options);
  using stop = abortOnSignals();
  const print = stderrLogs(options);
  const report = (examined: Examined): void => {
    if (examined.findings.some(({ kind }) => kind === 'problem')) process.exitCode = 1;
    const text = options.json === true ? `${JSON.stringify(examined)}\n` : examinedText(examined);
    process.stdout.write(text);
  };
  const folder = examineStateFolder(options.state);
  if (folder.length > 0) report({ task: options.state, findings: folder });
  const hasRun = existsSync(stateFolder(options.state).storePath);
  using store = hasRun ? openStoreToRead(options.state) : undefined;
  for (const task of tasksToRun(catalog, options.name)) {
    const findings = await examineTask(catalog, task, store, {
      ...resolveOptions(options, task.name),
      keptConfigs: new KeptConfigs(options.state),
      signal: stop.signal,
      onLog: (log) => {
        // Warnings are among the findings.
        if (options.logLevel === 'debug' || options.logLevel === 'trace') print(task.name, log);
      },
    });
    report({ task: task.name, findings });
  }
}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description(
      'Examines every task of a catalog against its real endpoint: what keeps it from running, and what may hurt it later, each with what to do. Changes nothing.',
    )
    .argument('[file]', 'the catalog, as --source')
    .option('-n, --name <task...>', 'only these tasks')
    .option('--state <folder>', 'the state folder that the tasks run or will run with', '.weir')
    .option('--json', 'one JSON object per task: {"task","findings":[{"kind","code","message","fix"}]}');
  return withCatalogOptions(command)
    .addHelpText(
      'after',
      `
Exit status: 1 when a task has a problem, 0 when all can run. Risks alone do not count.

Examples:
  weir doctor flow.yaml
  weir doctor --name acme/orders --json`,
    )
    .action(run);
}
