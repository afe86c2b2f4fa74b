// Options of every command that reads a catalog and starts connectors.

import { Option } from 'commander';
import type { Command } from 'commander';
import { logLevels } from '@weir/runtime';
import type { Catalog, LogLevel, OpsLog, ResolveOptions } from '@weir/runtime';
import { reportFailuresAsJson } from './failure.ts';
import { logPrinter } from './log-printer.ts';

export interface CatalogOptions {
  readonly source: string;
  readonly imageMode: 'builtin' | 'docker';
  readonly network?: string;
  readonly logLevel: LogLevel;
  readonly logJson?: boolean;
}

export function withCatalogOptions(command: Command, logLevel: LogLevel = 'info'): Command {
  return command
    .option('-s, --source <file>', 'the catalog: a path or a URL', 'flow.yaml')
    .addOption(
      new Option(
        '--image-mode <mode>',
        'what an image of the catalog means: the built-in connector of its name, or the image itself, run by docker or podman',
      )
        .choices(['builtin', 'docker'])
        .default('builtin'),
    )
    .option('--network <name>', 'the network of containers (with --image-mode docker)')
    .addOption(
      new Option('--log-level <level>', 'how much connectors log').choices([...logLevels]).default(logLevel),
    )
    .option('--log-json', 'logs on stderr as JSON lines');
}

export function resolveOptions(options: CatalogOptions, taskName: string): ResolveOptions {
  return {
    imageMode: options.imageMode,
    taskName,
    logLevel: options.logLevel,
    ...(options.network === undefined ? {} : { network: options.network }),
  };
}

/** Says which keys of the catalog do nothing here. */
export function warnOfIgnoredKeys(
  catalog: Catalog,
  options: Pick<CatalogOptions, 'logLevel' | 'logJson'>,
): void {
  if (options.logLevel === 'error') return;
  for (const message of catalog.warnings) {
    const log = { ts: new Date().toISOString(), level: 'warn', message, fields: {} };
    process.stderr.write(options.logJson === true ? `${JSON.stringify(log)}\n` : `warning: ${message}\n`);
  }
}

export function stderrLogs(
  options: Pick<CatalogOptions, 'logLevel' | 'logJson'>,
): (task: string, log: OpsLog) => void {
  if (options.logJson === true) reportFailuresAsJson();
  return logPrinter({
    json: options.logJson === true,
    level: options.logLevel,
    // Knows NO_COLOR, FORCE_COLOR and dumb terminals.
    color: process.stderr.isTTY && process.stderr.hasColors(),
    write: (line) => process.stderr.write(line),
  });
}
