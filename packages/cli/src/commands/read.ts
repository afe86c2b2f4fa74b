// weir read: prints the committed documents of a collection, one per line.

import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { didYouMean, errors, loadCatalog, readCollection } from '@weir/runtime';
import type { Catalog } from '@weir/runtime';
import { afterFirstBreak, firstLines } from '../live/document-lines.ts';
import { abortOnSignals } from '../stop-signals.ts';

interface ReadOptions {
  readonly state: string;
  readonly source?: string;
  readonly fromOffset?: number;
  readonly follow?: boolean;
  readonly limit?: number;
}

function requireCollection(catalog: Catalog, collection: string): void {
  const known = [...catalog.collections.keys()];
  if (known.includes(collection)) return;
  throw errors.COLLECTION_UNKNOWN({
    message: `${catalog.root.name} has no collection ${collection}.${didYouMean(collection, known)}`,
    fix: `It has: ${known.join(', ') || 'none'}.`,
  });
}

async function run(collection: string, options: ReadOptions): Promise<void> {
  if (options.source !== undefined) requireCollection(await loadCatalog(options.source), collection);
  using stop = abortOnSignals({ whenUnread: true });
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  // One byte earlier, where the line break of the document before tells whether the offset is a document's border.
  const { fromOffset } = options;
  const from = fromOffset === undefined ? undefined : Math.max(0, fromOffset - 1);
  const batches = readCollection({
    statePath: options.state,
    collection,
    ...(from === undefined ? {} : { from }),
    follow: options.follow === true,
    signal: stop.signal,
  });
  for await (const batch of batches) {
    const isCut = fromOffset !== undefined && fromOffset > 0 && batch.from === from;
    const whole = isCut ? afterFirstBreak(batch.bytes) : batch.bytes;
    const { bytes, count } =
      left === Number.POSITIVE_INFINITY ? { bytes: whole, count: 0 } : firstLines(whole, left);
    left -= count;
    if (!process.stdout.write(bytes)) await takenOrUnread(stop.signal);
    if (left <= 0 || stop.signal.aborted) return;
  }
}

/** Until the reader has caught up, or is gone. */
async function takenOrUnread(signal: AbortSignal): Promise<void> {
  await once(process.stdout, 'drain', { signal }).catch(() => {});
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It has to be a whole number from ${least} on.`);
  };
}

export function readCommand(): Command {
  return new Command('read')
    .description('Prints the committed documents of a collection, one JSON object per line, oldest first.')
    .argument('<collection>', 'its name')
    .option('--state <folder>', 'the state folder', '.weir')
    .option(
      '-s, --source <file>',
      'the catalog, a path or a URL: its collections are known before a first run',
    )
    .option(
      '--from-offset <bytes>',
      'begin with the first document at or behind this byte of the journal (default: where the collection was reset last, or 0)',
      wholeNumber(0),
    )
    .option('-f, --follow', 'go on with new documents as they are committed')
    .option('--limit <count>', 'stop after so many documents', wholeNumber(1))
    .addHelpText(
      'after',
      `
A collection has one journal for each capture that writes to it. They are read one after the other, each from the
offset. Reading disturbs no run that is using the folder.

Examples:
  weir read acme/orders --limit 10
  weir read acme/orders --follow | jq .total`,
    )
    .action(run);
}
