// weir backfill: asks for bindings of a task to be read, or written, from the beginning again.

import { Command, Option } from 'commander';
import { captureSpecFromJson, materializationSpecFromJson } from '@weir/protocol';
import {
  didYouMean,
  errors as runtimeErrors,
  openStoreToRead,
  readStatus,
  requestBackfill,
  type Reset,
  resetCollections,
  takeBackResets,
  type TaskKind,
} from '@weir/runtime';
import { errors } from '../errors.ts';

interface BackfillOptions {
  readonly state: string;
  readonly all?: boolean;
  readonly reset?: boolean;
  readonly fromTheBeginning?: boolean;
}

export interface NamedBinding {
  readonly resourcePath: readonly string[];
  readonly collection: { readonly name: string };
}

/** A binding goes by its collection, and by its resource path with dots or slashes. */
function namesOf({ resourcePath, collection }: NamedBinding): string[] {
  return [...new Set([resourcePath.join('.'), resourcePath.join('/'), collection.name])];
}

/** The bindings that the names mean. Errors: BINDING_UNKNOWN. */
export function chooseBindings(
  task: string,
  bindings: readonly NamedBinding[],
  names: readonly string[],
  all: boolean,
): NamedBinding[] {
  const list = bindings.map(({ resourcePath }) => resourcePath.join('.')).join(', ');
  if (all || (names.length === 0 && bindings.length === 1)) return [...bindings];
  if (names.length === 0) {
    throw errors.BINDING_UNKNOWN({
      message: `${task} has several bindings: ${list}.`,
      fix: 'Name the ones to backfill, or use --all.',
    });
  }
  for (const name of names) {
    if (bindings.some((binding) => namesOf(binding).includes(name))) continue;
    throw errors.BINDING_UNKNOWN({
      message: `${task} has no binding "${name}".${didYouMean(name, bindings.flatMap(namesOf))}`,
      fix: `It has ${list}.`,
    });
  }
  return bindings.filter((binding) => namesOf(binding).some((name) => names.includes(name)));
}

interface AppliedTask {
  readonly kind: TaskKind;
  readonly bindings: readonly NamedBinding[];
  /** That a capture has written to. */
  readonly collections: readonly string[];
}

/** The task as it was applied last. Errors: TASK_UNKNOWN, RUNTIME_STATE_UNUSABLE. */
function appliedTask(statePath: string, task: string): AppliedTask {
  using store = openStoreToRead(statePath);
  const record = store.task(task);
  if (record?.lastApplied !== undefined) {
    const parse = record.kind === 'capture' ? captureSpecFromJson : materializationSpecFromJson;
    const journals = store.journals().filter((journal) => journal.task === task);
    return {
      kind: record.kind,
      bindings: parse(record.lastApplied).bindings,
      collections: journals.map(({ collection }) => collection),
    };
  }
  const known = store
    .tasks()
    .filter(({ lastApplied }) => lastApplied !== undefined)
    .map(({ name }) => name);
  throw runtimeErrors.TASK_UNKNOWN({
    message: `${task} has never run on this state folder.${didYouMean(task, known)}`,
    fix:
      known.length === 0
        ? 'Its first run backfills everything by itself.'
        : `These have: ${known.join(', ')}. The first run of a task backfills everything by itself.`,
  });
}

function run(task: string, names: readonly string[], options: BackfillOptions): void {
  const { kind, bindings, collections } = appliedTask(options.state, task);
  const isReset = options.reset === true;
  const isOfCollections = isReset || options.fromTheBeginning === true;
  const choices = isOfCollections ? resettable(bindings, collections, names) : bindings;
  const chosen = chooseBindings(task, choices, names, options.all === true);
  if (isOfCollections) {
    if (kind !== 'capture') {
      throw errors.RESET_NOT_A_CAPTURE({ message: `${task} is a materialization.` });
    }
    const chosenCollections = [...new Set(chosen.map(({ collection }) => collection.name))];
    const lines = isReset
      ? linesOf(task, resetCollections(options.state, task, chosenCollections))
      : linesOfTakingBack(takeBackResets(options.state, task, chosenCollections));
    process.stdout.write(`${lines.join('\n')}\nThe next \`weir run\` does it.\n`);
    return;
  }
  for (const { resourcePath } of chosen) {
    requestBackfill(options.state, task, resourcePath);
    process.stdout.write(`${task}: ${resourcePath.join('.')} will be backfilled.\n`);
  }
  if (kind === 'capture') {
    process.stdout.write(
      'Rows that are gone at the source stay in the tables downstream, unless you add --reset while nothing runs.\n',
    );
  }
  const { owner } = readStatus(options.state);
  process.stdout.write(
    owner === undefined
      ? 'The next `weir run` does it.\n'
      : `It is done at the next start of the task: stop process ${owner.pid} and run again.\n`,
  );
}

/** By name also collections that the capture has no binding of any more: what it has written to them is still there. */
export function resettable(
  bindings: readonly NamedBinding[],
  collections: readonly string[],
  names: readonly string[],
): NamedBinding[] {
  const former = collections
    .filter((name) => names.includes(name) && !bindings.some(({ collection }) => collection.name === name))
    .map((name) => ({ resourcePath: [name], collection: { name } }));
  return [...bindings, ...former];
}

function said(outcome: string, { task, resourcePath, isActive }: Reset['bindings'][number]): string {
  return `${task}: ${resourcePath.join('.')} will be ${outcome}${isActive ? '' : ', once the task has it again'}.`;
}

/** What a reset does, a line each. */
export function linesOf(capture: string, { bindings, kept }: Reset): string[] {
  const emptied = 'emptied, and filled from what is captured from now on';
  return [
    ...bindings.map((binding) => said(binding.kind === 'capture' ? 'backfilled' : emptied, binding)),
    ...kept.map(
      (other) =>
        `${other.collection}: what ${other.capture} has captured into it stays, and goes into its tables again. If that is ${capture} under another name, or should go too: weir backfill ${other.capture} ${other.collection} --reset`,
    ),
    `What ${capture} has captured until now is read no more: rows that its source does not send again will be in no table. --from-the-beginning takes that back.`,
  ];
}

function linesOfTakingBack({ bindings }: Reset): string[] {
  return bindings.map((binding) =>
    said('emptied, and filled from everything that was ever captured', binding),
  );
}

export function backfillCommand(): Command {
  return new Command('backfill')
    .description(
      'Starts bindings of a task anew: a capture reads their source again, a materialization builds their tables again.',
    )
    .argument('<task>', 'a capture or a materialization that has run')
    .argument(
      '[bindings...]',
      'collections, or resource paths such as public.users; may be left out for an only one',
    )
    .option('--all', 'all bindings of the task')
    .option(
      '--reset',
      'of a capture: also builds the tables of its collections again, from this backfill alone',
    )
    .addOption(
      new Option(
        '--from-the-beginning',
        'of a capture: takes resets back, and builds the tables of its collections from everything that it ever captured',
      ).conflicts('reset'),
    )
    .option('--state <folder>', 'the state folder', '.weir')
    .addHelpText(
      'after',
      `
The request is kept in the state folder and adds to the binding's \`backfill\` number of the catalog, which need not be
edited. The next start of the task takes it up, once.

A capture that is backfilled sends all documents of its source again, and tables downstream are updated in place: rows that
are gone at the source stay. With --reset its collections begin anew: every table that is made of one is emptied, or made again,
and gets what the capture sends from then on, so that it has exactly the rows of the source. All bindings of the capture that
write to the collection are backfilled; nothing may run meanwhile. The history of a table of delta updates goes as well. What stays:
what other captures have written to the collection, which the command names; columns that went at the source, as the schema
that was inferred is kept; and rows where the destination is told to retain existing data on a backfill.

Tables are emptied as soon as their task starts, also where the capture then cannot: \`weir doctor\` tells before whether it can.

A source that cannot send its past again (a webhook, a mode that backfills nothing, an API that forgets) leaves empty tables
after a reset, until something new comes. What was captured before is still in the state folder: --from-the-beginning
builds the tables from all of it again.

A materialization that is backfilled builds its table again from what its collection holds since the last reset.

Examples:
  weir backfill acme/postgres public.users
  weir backfill acme/postgres public.users --reset
  weir backfill acme/warehouse --all`,
    )
    .action(run);
}
