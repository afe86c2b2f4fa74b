// weir discover: asks a capture's connector what its source holds, and writes bindings and collections into the catalog.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import {
  discoverBindings,
  displayName,
  KeptConfigs,
  loadCatalog,
  mergeDiscovered,
  writeFiles,
} from '@weir/runtime';
import type { CollectionChanges, DiscoverResult } from '@weir/runtime';
import { resolveOptions, stderrLogs, withCatalogOptions } from '../connector-options.ts';
import type { CatalogOptions } from '../connector-options.ts';
import { forTask } from '../failure.ts';
import { captureResponseJson } from '../protocol-json.ts';
import { chooseTask } from '../task-choice.ts';

interface DiscoverOptions extends CatalogOptions {
  readonly name?: string;
  readonly emitRaw?: boolean;
  readonly updateOnly?: boolean;
  readonly dryRun?: boolean;
  readonly state: string;
}

/** One line per place of a collection that was written before and is not, or not only, what the source says. */
function changedPlaces({ name, schema, key }: CollectionChanges): string[] {
  const list = (what: string, pointers: readonly string[], note = ''): string[] =>
    pointers.map((pointer) => `    ${what} ${name} ${pointer === '' ? 'schema' : pointer}${note}`);
  const keys = key === undefined ? [] : [`${JSON.stringify(key.from)} is ${JSON.stringify(key.to)} now`];
  return [
    ...keys.map((text) => `    changed ${name} key ${text}`),
    ...list('changed', schema.changed),
    ...list('removed', schema.removed),
    ...list('kept   ', schema.kept, ', though the source says otherwise'),
  ];
}

function summary(result: DiscoverResult, isDryRun: boolean): string {
  const lines: string[] = [];
  const list = (what: string, names: readonly string[]): void => {
    for (const name of names) lines.push(`  ${what} ${name}`);
  };
  list('added  ', result.added);
  list('updated', result.updated);
  for (const change of result.changes) lines.push(...changedPlaces(change));
  list('kept, though the source no longer offers it:', result.vanished);
  list('left out (update only):', result.skipped);
  if (result.files.size === 0) lines.push('  nothing to change');
  for (const url of result.files.keys())
    lines.push(`  ${isDryRun ? 'would write' : 'wrote'} ${displayName(url)}`);
  return `${lines.join('\n')}\n`;
}

async function run(options: DiscoverOptions): Promise<void> {
  const catalog = await loadCatalog(options.source, { allowMissingCollections: true });
  const task = chooseTask(catalog, options.name, 'capture');
  if (task.protocol !== 'capture') return;
  await forTask(task.name, async () => {
    const print = stderrLogs(options);
    const found = await discoverBindings(task.model, {
      ...resolveOptions(options, task.name),
      keptConfigs: new KeptConfigs(options.state),
      onLog: (log) => print(task.name, log),
    });
    if (options.emitRaw === true) {
      for (const binding of found.bindings) {
        const json = captureResponseJson({ kind: 'discovered', bindings: [binding] });
        process.stdout.write(`${json.slice('{"bindings":['.length, -']}'.length)}\n`);
      }
      return;
    }
    const result = mergeDiscovered({
      catalog,
      capture: task.model,
      discovered: found.bindings,
      resourcePathPointers: found.resourcePathPointers,
      updateOnly: options.updateOnly === true || task.model.autoDiscover?.addNewBindings === false,
      exists: (url) => existsSync(fileURLToPath(url)),
    });
    const isDryRun = options.dryRun === true;
    if (!isDryRun) writeFiles(result.files);
    else for (const [url, text] of result.files) process.stdout.write(`# ${displayName(url)}\n${text}`);
    process.stderr.write(`${task.name}:\n${summary(result, isDryRun)}`);
  });
}

export function discoverCommand(): Command {
  const command = new Command('discover')
    .description(
      [
        'Asks a capture what its source holds and writes bindings and collections into the catalog.',
        'Comments, order, bindings and annotations of schemas (redact, reduce, secret, default, title, description,',
        'x-…) are kept. Types, constraints and keys of collections follow the source; each place that was changed',
        'or removed is printed, and --dry-run shows it before.',
      ].join(' '),
    )
    .option('-n, --name <capture>', 'the capture, when the catalog has several')
    .option('--emit-raw', 'print one discovered binding per line, as JSON, and change no file')
    .option('--update-only', 'follow changed schemas, but add no bindings')
    .option(
      '--state <folder>',
      'the state folder of its runs, for credentials that a run has renewed',
      '.weir',
    )
    .option('--dry-run', 'print the changed files instead of writing them');
  return withCatalogOptions(command).action(run);
}
