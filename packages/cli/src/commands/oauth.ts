// weir oauth: authorizes a capture's connector at its provider, and puts what comes of it into the catalog.

import { Command, InvalidArgumentError } from 'commander';
import {
  changeConfig,
  ConnectorProcess,
  displayName,
  loadCatalog,
  resolveConnector,
  writeFiles,
} from '@weir/runtime';
import type { CaptureModel } from '@weir/runtime';
import { getProperty, isJsonObject, type JsonObject, parseJson, stringifyJson } from '@weir/schema/json';
import type { SchemaNode } from '@weir/schema/config';
import { type CatalogOptions, resolveOptions, stderrLogs, withCatalogOptions } from '../connector-options.ts';
import { errors } from '../errors.ts';
import { forTask } from '../failure.ts';
import { authorize } from '../oauth/authorize.ts';
import { abortOnSignals } from '../stop-signals.ts';
import { chooseTask } from '../task-choice.ts';

interface OauthOptions extends CatalogOptions {
  readonly name?: string;
  readonly clientId?: string;
  readonly clientSecretEnv?: string;
  readonly port: number;
}

/** That of Flow's own tool, so that one redirect URI serves both. */
const PORT = 16963;

async function run(options: OauthOptions): Promise<void> {
  const catalog = await loadCatalog(options.source, { allowMissingCollections: true });
  const task = chooseTask(catalog, options.name, 'capture');
  if (task.protocol !== 'capture') return;
  const { model } = task;
  await forTask(task.name, async () => {
    const config = parseJson(model.endpoint.config);
    if (!isJsonObject(config)) throw new TypeError('a configuration that is no object');
    if ('sops' in config || Object.keys(model.endpoint.secrets).length > 0) {
      throw errors.OAUTH_CONFIG_ENCRYPTED({ message: `The configuration of ${task.name} is encrypted.` });
    }
    using stop = abortOnSignals();
    const { oauth2, configSchema } = await specOf(model, options);
    const title = titleOf(configSchema);
    if (oauth2 === undefined || title === undefined) {
      throw errors.OAUTH_NOT_OFFERED({ message: 'Its connector does not sign in by a browser.' });
    }
    const old = getProperty(config, 'credentials');
    const known = isJsonObject(old) ? old : {};
    const credentials = await authorize({
      oauth2,
      ...clientOf(known, options),
      config,
      port: options.port,
      signal: stop.signal,
      onUrl: (url) =>
        process.stderr.write(`Open this page in a browser of this machine, and agree:\n\n${url}\n\n`),
    });
    const changed = { ...config, credentials: { ...title, ...credentials } };
    const files = changeConfig(catalog, model, stringifyJson(changed));
    // Nobody else is to read the tokens.
    writeFiles(files, 0o600);
    for (const url of files.keys()) process.stderr.write(`Authorized; wrote ${displayName(url)}.\n`);
  });
}

async function specOf(model: CaptureModel, options: OauthOptions) {
  const { connector: source } = model.endpoint;
  if (source.kind === 'dekaf') throw errors.OAUTH_NOT_OFFERED({ message: 'Dekaf does not sign in.' });
  const command = await resolveConnector(source, 'capture', resolveOptions(options, model.name));
  const print = stderrLogs(options);
  await using connector = await ConnectorProcess.start('capture', command, {
    onLog: (log) => print(model.name, log),
    logLevel: options.logLevel,
  });
  await connector.finish();
  const { oauth2, configSchema } = connector.spec;
  return { oauth2, configSchema: JSON.parse(configSchema) as SchemaNode };
}

/** What tells the credentials from other kinds: those that have the button of the user interface. undefined: there are none. */
function titleOf(configSchema: SchemaNode): JsonObject | undefined {
  const credentials = configSchema.properties?.['credentials'];
  if (credentials === undefined) return undefined;
  const variants = credentials.oneOf;
  if (variants === undefined) return {};
  const name = credentials.discriminator?.propertyName ?? '';
  const variant = variants.find((each) => 'x-oauth2-provider' in each);
  const tag = variant?.properties?.[name]?.const;
  return typeof tag === 'string' ? { [name]: tag } : undefined;
}

function clientOf(
  known: JsonObject,
  { clientId, clientSecretEnv, port }: OauthOptions,
): { readonly clientId: string; readonly clientSecret: string } {
  const id = clientId ?? getProperty(known, 'client_id');
  const secret =
    clientSecretEnv === undefined ? getProperty(known, 'client_secret') : process.env[clientSecretEnv];
  if (typeof id === 'string' && id !== '' && typeof secret === 'string')
    return { clientId: id, clientSecret: secret };
  const lacks = typeof id === 'string' && id !== '' ? 'secret' : 'id';
  throw errors.OAUTH_CLIENT_MISSING({
    message: `The ${lacks} of the application is not known; its redirect URI is http://localhost:${port}/.`,
  });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('A port is from 1 to 65535.');
  return port;
}

export function oauthCommand(): Command {
  const command = new Command('oauth')
    .description(
      'Authorizes the connector of a capture at its provider: prints the page to open, waits for the browser to come back, and writes the tokens into the configuration (mode 0600).',
    )
    .option('-n, --name <capture>', 'the capture, when the catalog has several')
    .option(
      '--client-id <id>',
      'of the application that is registered at the provider; default: that of the configuration',
    )
    .option('--client-secret-env <variable>', 'the variable of the environment that holds its secret')
    .option(
      '--port <port>',
      'where the browser comes back to, at http://localhost:<port>/',
      portNumber,
      PORT,
    );
  return withCatalogOptions(command, 'warn')
    .addHelpText(
      'after',
      `
The redirect URI has to be registered at the provider. What a run has kept of older tokens is not used any more.

Example:
  CRM_SECRET=… weir oauth --name acme/crm --client-id 1234 --client-secret-env CRM_SECRET`,
    )
    .action(run);
}
