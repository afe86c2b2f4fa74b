// weir preview: runs one task for a while without keeping anything, and prints what it does.

import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { buildCapture, buildMaterialization, KeptConfigs, loadCatalog, parseDuration } from '@weir/runtime';
import { resolveOptions, stderrLogs, withCatalogOptions, warnOfIgnoredKeys } from '../connector-options.ts';
import type { CatalogOptions } from '../connector-options.ts';
import { errors } from '../errors.ts';
import { forTask } from '../failure.ts';
import { FixtureStream } from '../preview/fixture-stream.ts';
import { parseFixture, readFixture } from '../preview/fixture.ts';
import { previewCapture, previewMaterialization } from '../preview/preview-run.ts';
import type { PreviewOptions } from '../preview/preview-run.ts';
import { parseSessions } from '../preview/sessions.ts';
import { abortOnSignals } from '../stop-signals.ts';
import { chooseTask } from '../task-choice.ts';

interface PreviewCommandOptions extends CatalogOptions {
  readonly name?: string;
  readonly sessions: (number | undefined)[];
  readonly timeout?: number;
  readonly delay: number;
  readonly fixture?: string;
  readonly initialState?: string;
  readonly outputState?: boolean;
  readonly outputApply?: boolean;
  readonly state: string;
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined)
    throw new InvalidArgumentError('A duration is, for instance, 10s or 1m 30s.');
  return milliseconds;
}

function jsonObject(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('The state has to be a JSON object.');
}

/** Tells the connector that nothing is kept, and that a durable run of the same task must not notice. */
function previewEnvironment(sessions: readonly unknown[]): Record<string, string> {
  if (process.env['WEIR_PREVIEW'] === 'off') return {};
  const id = randomBytes(6).toString('hex');
  return { WEIR_PREVIEW: id, WEIR_PREVIEW_SESSIONS: String(sessions.length) };
}

async function run(options: PreviewCommandOptions): Promise<void> {
  const catalog = await loadCatalog(options.source);
  warnOfIgnoredKeys(catalog, options);
  const task = chooseTask(catalog, options.name);
  const print = stderrLogs(options);
  const onLog: PreviewOptions['onLog'] = (log) => print(task.name, log);
  const build = {
    ...resolveOptions(options, task.name),
    onLog,
    env: previewEnvironment(options.sessions),
    keptConfigs: new KeptConfigs(options.state),
  };
  using stop = abortOnSignals({ whenUnread: true });
  const preview: PreviewOptions = {
    sessions: options.sessions,
    timeoutMs: options.timeout,
    delayMs: options.delay,
    initialState: options.initialState,
    outputState: options.outputState === true,
    outputApply: options.outputApply === true,
    fixture: [],
    onLog,
    print: (line) => process.stdout.write(line),
    signal: stop.signal,
  };
  await forTask(task.name, async () => {
    if (task.protocol === 'capture') {
      await previewCapture(await buildCapture(catalog, task.model, build), preview);
      return;
    }
    if (options.fixture === undefined) {
      throw errors.FIXTURE_NEEDED({
        message: `${task.name} is a materialization, and there is no --fixture.`,
      });
    }
    const collections = new Set(task.model.bindings.map((binding) => binding.source.collection));
    const isStdin = options.fixture === '-';
    // Several sessions share the transactions out, so these have to be known.
    const fixture =
      isStdin && options.sessions.length === 1
        ? new FixtureStream(process.stdin, collections, 'stdin')
        : parseFixture(readFixture(options.fixture), collections, isStdin ? 'stdin' : options.fixture);
    using closing = new DisposableStack();
    if (fixture instanceof FixtureStream) closing.use(fixture);
    await previewMaterialization(await buildMaterialization(catalog, task.model, build), {
      ...preview,
      fixture,
    });
  });
}

export function previewCommand(): Command {
  const command = new Command('preview')
    .description(
      'Runs one task without keeping anything: a capture prints its documents, a materialization takes a fixture.',
    )
    .option('-n, --name <task>', 'the task, when the catalog has several')
    .addOption(
      new Option(
        '--sessions <counts>',
        'transactions of each session, comma separated; a negative number sets no limit',
      )
        .argParser(parseSessions)
        .default([undefined], 'one without a limit'),
    )
    .option('--timeout <duration>', 'ends a session after so long without a transaction', duration)
    .addOption(
      new Option('--delay <duration>', 'the pause between two transactions of a capture')
        .argParser(duration)
        .default(0, 'none')
        .conflicts('fixture'),
    )
    .option('--fixture <file>', 'documents for a materialization; - takes them from stdin as they come')
    .option('--initial-state <json>', 'the connector state of the first session', jsonObject)
    .option('--output-state', 'print each update of the connector state, and the whole state at the end')
    .option(
      '--state <folder>',
      'the state folder of its runs, for credentials that a run has renewed',
      '.weir',
    )
    .option('--output-apply', 'print what each Apply did');
  return withCatalogOptions(command)
    .addHelpText(
      'after',
      `
Output, one line each:
  ["collection", {document}]
  ["connectorState", {"updated": {…}, "mergePatch": true}]
  ["applied.actionDescription", "…"]

A fixture has one ["collection", {document}] or {"commit": true} per line; commits end transactions.
A file of one commit and nothing else applies and ends; from stdin, as it comes, that is an empty transaction.

Examples:
  weir preview --name acme/orders --sessions 1
  weir preview --name acme/warehouse --fixture documents.jsonl --output-apply --output-state`,
    )
    .action(run);
}
