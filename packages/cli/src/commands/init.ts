// weir init: a first catalog, from a choice of connectors and the forms that their schemas describe.

import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Command } from 'commander';
import type { JsonText } from '@weir/protocol';
import { WeirError } from '@weir/protocol';
import {
  builtInConnectors,
  builtInImage,
  ConnectorProcess,
  type ConnectorProtocol,
  type Finding,
  normalizeName,
  resolveConnector,
  type StarterTask,
} from '@weir/runtime';
import type { SchemaNode } from '@weir/schema/config';
import { type CatalogOptions, resolveOptions, stderrLogs, withCatalogOptions } from '../connector-options.ts';
import { errors } from '../errors.ts';
import { fillForm, type FormOptions } from '../init/config-form.ts';
import { assertPlaces } from '../init/form-places.ts';
import { GivenAnswers } from '../init/given-answers.ts';
import { type Asker, plainQuestion } from '../init/question.ts';
import { Starter } from '../init/starter.ts';
import { TerminalAsker } from '../init/terminal-asker.ts';
import { abortOnSignals } from '../stop-signals.ts';
import { examinedText } from './doctor.ts';

interface InitOptions extends CatalogOptions {
  readonly from?: string;
  readonly to?: string;
  readonly name?: string;
  readonly set: readonly string[];
  readonly setEnv: readonly string[];
  readonly advanced?: boolean;
}

interface Chosen {
  readonly name: string;
  readonly image: string;
  readonly configSchema: SchemaNode;
  readonly resourceSchema: JsonText;
  readonly documentationUrl: string;
}

const kinds = {
  capture: { place: '/from', option: '--from', title: 'Where from' },
  materialize: { place: '/to', option: '--to', title: 'Where to' },
} as const;

async function choose(
  protocol: ConnectorProtocol,
  given: string | undefined,
  asker: Asker | undefined,
  options: InitOptions,
): Promise<Chosen> {
  const { option, title } = kinds[protocol];
  const choices = builtInConnectors(protocol).filter((name) => name !== 'source-test');
  if (given === undefined && asker === undefined) {
    throw errors.INIT_ANSWER_MISSING({
      message: `Nobody is there to be asked, and ${option} is not given.`,
      fix: `Give it a connector: ${choices.join(', ')}.`,
    });
  }
  const name =
    given ??
    (await asker?.ask({
      ...plainQuestion,
      title,
      choices,
      labels: choices.map((choice) => builtInImage(choice)?.description ?? ''),
    })) ??
    '';
  const image = builtInImage(name)?.image ?? name;
  const command = await resolveConnector({ kind: 'image', image }, protocol, resolveOptions(options, name));
  await using connector = await ConnectorProcess.start(protocol, command, { logLevel: options.logLevel });
  await connector.finish();
  const { configSchema, resourceConfigSchema, documentationUrl } = connector.spec;
  return {
    name: name.replace(/^.*\//, '').replace(/:.*$/, ''),
    image,
    configSchema: JSON.parse(configSchema) as SchemaNode,
    resourceSchema: resourceConfigSchema,
    documentationUrl,
  };
}

async function fill(
  chosen: Chosen,
  prefix: string,
  protocol: ConnectorProtocol,
  form: FormOptions,
): Promise<StarterTask> {
  const { name, image, configSchema, documentationUrl } = chosen;
  form.asker?.say(`\n${name} (${documentationUrl})`);
  const filled = await fillForm(configSchema, kinds[protocol].place, form);
  return { name: `${prefix}/${name}`, image, ...filled, documentationUrl };
}

/** Other answers would not help. */
function isFinal({ code }: WeirError): boolean {
  return code === 'INIT_STOPPED' || code.startsWith('INIT_ANSWER');
}

/** Tries until it works, as long as there is somebody to give other answers. */
async function untilItWorks<T>(
  asker: Asker | undefined,
  throwIfStopped: () => void,
  attempt: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      throwIfStopped();
      if (asker === undefined || !(error instanceof WeirError) || isFinal(error)) throw error;
      asker.say(`\n${error.explain()}\nOnce more, with other answers:`);
    }
  }
}

async function run(options: InitOptions): Promise<void> {
  const target = resolve(options.source);
  if (existsSync(target)) throw errors.INIT_EXISTS({ message: `${options.source} is there already.` });
  using stop = abortOnSignals();
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
  const interrupt = (): void => void process.kill(process.pid, 'SIGINT');
  using asker = isTerminal ? new TerminalAsker(process.stdin, process.stderr, interrupt) : undefined;
  const given = GivenAnswers.of(options.set, options.setEnv, process.env);
  const form: FormOptions = {
    given,
    asker,
    isThorough: options.advanced === true,
    earlier: new Map(),
  };
  const throwIfStopped = (): void => {
    if (stop.signal.aborted)
      throw errors.INIT_STOPPED({
        message: 'It was stopped before both ends were tried; nothing was written.',
      });
  };
  const print = stderrLogs(options);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);

  const from = await choose('capture', options.from, asker, options);
  const to = await choose('materialize', options.to, asker, options);
  assertPlaces(from.configSchema, kinds.capture.place, given);
  assertPlaces(to.configSchema, kinds.materialize.place, given);
  const prefix = await choosePrefix(options.name, target, asker);
  using starter = new Starter(target, {
    ...resolveOptions(options, prefix),
    onLog: (log) => print(prefix, log),
    signal: stop.signal,
  });
  const capture = await untilItWorks(asker, throwIfStopped, async () => {
    const task = await fill(from, prefix, 'capture', form);
    say(`Asking ${from.name} what there is …`);
    for (const collection of await starter.discover(task)) say(`  ${collection}`);
    return task;
  });
  const materialization = await untilItWorks(asker, throwIfStopped, async () => {
    const task = await fill(to, prefix, 'materialize', form);
    given.assertAllTaken();
    await starter.materialize(task, to.resourceSchema);
    say(`Trying ${to.name} …`);
    const problem = problemIn(await starter.examine(task.name, 'materialization'));
    if (problem === undefined) return task;
    const { code, message, fix } = problem;
    throw errors.INIT_DESTINATION_UNUSABLE({ message: code === '' ? message : `${code}: ${message}`, fix });
  });
  const findings = await starter.examine(capture.name, 'capture');
  throwIfStopped();
  const [catalog = '', ...others] = starter.finish();
  say(`Wrote ${catalog}${others.length === 0 ? '' : `, ${others.join(', ')}`}.`);
  say(examinedText({ task: capture.name, findings }).trimEnd());
  say(`${materialization.name}: well`);
  const flag = basename(options.source) === 'flow.yaml' ? '' : ` --source ${options.source}`;
  if (problemIn(findings) === undefined) say(`\nNext: weir run${flag}`);
  else {
    say(`\nNext: mend what is said above, look again with weir doctor${flag}, then weir run${flag}`);
    process.exitCode = 1;
  }
}

const problemIn = (findings: readonly Finding[]): Finding | undefined =>
  findings.find(({ kind }) => kind === 'problem');

async function choosePrefix(
  given: string | undefined,
  target: string,
  asker: Asker | undefined,
): Promise<string> {
  const preset = normalizeName(basename(dirname(target))).toLowerCase() || 'mine';
  const name =
    given ??
    (await asker?.ask({
      ...plainQuestion,
      title: 'Name',
      description: 'What the names of tasks and collections begin with.',
      default: preset,
    }));
  return normalizeName(name ?? preset) || preset;
}

const collect = (value: string, values: readonly string[]): string[] => [...values, value];

export function initCommand(): Command {
  const command = new Command('init')
    .description(
      'Makes a first catalog: asks for a source and a destination and for what their connectors need, tries both, and writes what the source holds. On no terminal, nothing is asked.',
    )
    .option('--from <connector>', 'the connector of the source, as source-postgres')
    .option('--to <connector>', 'the connector of the destination, as materialize-sqlite')
    .option('-n, --name <prefix>', 'what the names of tasks and collections begin with; default: the folder')
    .option(
      '--set <pointer=value>',
      'an answer: /from/… for the source, /to/… for the destination; /from/stores/0/name is in the first item of a list',
      collect,
      [],
    )
    .option(
      '--set-env <pointer=variable>',
      'the same from a variable of the environment, for secrets',
      collect,
      [],
    )
    .option('--advanced', 'ask for advanced options too');
  return withCatalogOptions(command, 'warn')
    .addHelpText(
      'after',
      `
Exit status: 0 when both tasks can run; 1 otherwise. When the source or the destination cannot be reached, nothing is written.

Examples:
  weir init
  weir init --from source-postgres --set /from/address=db:5432 --set-env /from/credentials/password=PGPASSWORD \\
            --to materialize-sqlite --set /to/path=copy.db`,
    )
    .action(run);
}
