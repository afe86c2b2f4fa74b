// weir explain: prints what a connector of an API would ask for, stream by stream, without asking it.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { loadCatalog, openConfig, resolveConnector, type ConnectorSource } from '@weir/runtime';
import { resolveOptions, withCatalogOptions, type CatalogOptions } from '../connector-options.ts';
import { errors } from '../errors.ts';
import { forTask } from '../failure.ts';
import { chooseTask } from '../task-choice.ts';

interface ExplainOptions extends CatalogOptions {
  readonly name?: string;
}

interface Said {
  readonly message?: string;
  readonly code?: string;
  readonly fix?: string;
}

async function planOf(
  name: string,
  source: ConnectorSource,
  config: string,
  options: ExplainOptions,
): Promise<string> {
  const command = await resolveConnector(source, 'capture', resolveOptions(options, name));
  const child = spawn(command.program, command.arguments, {
    env: { ...process.env, ...command.env, WEIR_EXPLAIN: '1' },
    stdio: 'pipe',
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  // A connector that knows nothing of this may end without reading it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(config);
  const [plan, failure, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (status === 0) return plan;
  const said = readSaid(failure);
  throw errors.EXPLAIN_FAILED({
    message: `${command.description} shows no plan: ${said.code ?? ''} ${said.message ?? 'it ended without a word'}`,
    ...(said.fix === undefined || said.fix === '' ? {} : { fix: said.fix }),
  });
}

/** What the connector said of its failure, if it is one that knows how to. */
function readSaid(failure: string): Said {
  try {
    return JSON.parse(failure) as Said;
  } catch {
    return {};
  }
}

async function run(image: string | undefined, options: ExplainOptions): Promise<void> {
  if (image !== undefined) {
    process.stdout.write(await forTask(image, () => planOf(image, { kind: 'image', image }, '', options)));
    return;
  }
  const catalog = await loadCatalog(options.source, { allowMissingCollections: true });
  const task = chooseTask(catalog, options.name, 'capture');
  const { connector } = task.model.endpoint;
  if (connector.kind === 'dekaf') return;
  const plan = await forTask(task.name, async () => {
    const { config } = await openConfig(task.model.endpoint);
    return await planOf(task.name, connector, config, options);
  });
  process.stdout.write(plan);
}

export function explainCommand(): Command {
  const command = new Command('explain')
    .description('Prints what a connector of an API would ask for, stream by stream. Nothing is asked.')
    .argument('[image]', 'a built-in connector or image; default: the one of the capture in the catalog')
    .option('-n, --name <task>', 'the capture, when the catalog has several');
  return withCatalogOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  weir explain source-greenhouse-native\n  weir explain --source flow.yaml',
    )
    .action(run);
}
