// weir spec: prints what a connector answers to Spec.

import { Command } from 'commander';
import { ConnectorProcess, errors, loadCatalog, resolveConnector } from '@weir/runtime';
import type { ConnectorProtocol, ConnectorSource } from '@weir/runtime';
import { resolveOptions, stderrLogs, withCatalogOptions } from '../connector-options.ts';
import type { CatalogOptions } from '../connector-options.ts';
import { forTask } from '../failure.ts';
import { captureResponseJson, materializeResponseJson } from '../protocol-json.ts';
import { chooseTask } from '../task-choice.ts';

interface SpecOptions extends CatalogOptions {
  readonly name?: string;
}

async function specOf(
  name: string,
  source: ConnectorSource,
  protocol: ConnectorProtocol,
  options: SpecOptions,
): Promise<string> {
  const print = stderrLogs(options);
  const command = await resolveConnector(source, protocol, resolveOptions(options, name));
  const connectorOptions = {
    onLog: (log: Parameters<typeof print>[1]) => print(name, log),
    logLevel: options.logLevel,
  };
  if (protocol === 'capture') {
    await using connector = await ConnectorProcess.start('capture', command, connectorOptions);
    await connector.finish();
    return captureResponseJson(connector.spec);
  }
  await using connector = await ConnectorProcess.start('materialize', command, connectorOptions);
  await connector.finish();
  return materializeResponseJson(connector.spec);
}

async function run(image: string | undefined, options: SpecOptions): Promise<void> {
  let json: string;
  if (image === undefined) {
    const task = chooseTask(
      await loadCatalog(options.source, { allowMissingCollections: true }),
      options.name,
    );
    const { connector } = task.model.endpoint;
    if (connector.kind === 'dekaf') {
      throw errors.CONNECTOR_UNKNOWN({ message: `${task.name} uses Dekaf, which runs only inside of Flow.` });
    }
    json = await forTask(task.name, () => specOf(task.name, connector, task.protocol, options));
  } else {
    const protocol = /(^|\/)materialize-[^/]*$/.test(image) ? 'materialize' : 'capture';
    json = await forTask(image, () => specOf(image, { kind: 'image', image }, protocol, options));
  }
  process.stdout.write(`${JSON.stringify(JSON.parse(json), undefined, 2)}\n`);
}

export function specCommand(): Command {
  const command = new Command('spec')
    .description("Prints a connector's config schema, resource schema and documentation URL, as JSON.")
    .argument('[image]', 'a built-in connector or image; default: the one of the task in the catalog')
    .option('-n, --name <task>', 'the task, when the catalog has several');
  return withCatalogOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  weir spec source-postgres\n  weir spec --source flow.yaml --name acme/orders',
    )
    .action(run);
}
