// weir read: prints the committed documents of a collection, one per line.

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { JournalReader, stateFolder, systemDisk } from '@weir/runtime';
import type { JournalRecord } from '@weir/runtime';
import { errors } from '../errors.ts';
import { abortOnSignals } from '../stop-signals.ts';
import { collectionStatuses, openStore } from './status.ts';

interface ReadOptions {
  readonly state: string;
  readonly follow?: boolean;
  readonly limit?: number;
}

const batchBytes = 256 * 1024;
const followMs = 200;
const newline = 0x0a;

/** The first `count` lines of a batch, and how many lines that is. */
function headOf(bytes: Buffer, count: number): { readonly lines: Buffer; readonly count: number } {
  let end = 0;
  let lines = 0;
  while (lines < count && end < bytes.length) {
    end = bytes.indexOf(newline, end) + 1;
    lines += 1;
  }
  return { lines: bytes.subarray(0, end), count: lines };
}

async function run(collection: string, options: ReadOptions): Promise<void> {
  using store = openStore(options.state);
  using stop = abortOnSignals();
  const { journalsPath } = stateFolder(options.state);
  const readers = new Map<string, JournalReader>();
  const readerOf = (journal: JournalRecord): JournalReader => {
    const reader =
      readers.get(journal.name) ?? new JournalReader(systemDisk, journalsPath, journal.folder, 0);
    readers.set(journal.name, reader);
    return reader;
  };
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  if (store.journals(collection).length === 0 && options.follow !== true) {
    const known = collectionStatuses(store).map((each) => each.collection);
    throw errors.COLLECTION_UNKNOWN({
      message: `Nothing was captured into a collection "${collection}".`,
      fix: known.length === 0 ? 'This state folder holds no documents yet.' : `It holds ${known.join(', ')}.`,
    });
  }
  try {
    for (;;) {
      for (const journal of store.journals(collection)) {
        const reader = readerOf(journal);
        while (left > 0 && !stop.signal.aborted) {
          const batch = reader.next(journal.head, batchBytes);
          if (batch === undefined) break;
          const { lines, count } = Number.isFinite(left)
            ? headOf(batch.bytes, left)
            : { lines: batch.bytes, count: 0 };
          left -= count;
          if (!process.stdout.write(lines)) await takenOrClosed();
          if (process.stdout.destroyed) return;
        }
      }
      if (options.follow !== true || left <= 0 || stop.signal.aborted) return;
      await delay(followMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  } finally {
    for (const reader of readers.values()) reader[Symbol.dispose]();
  }
}

/** Until the reader has caught up, or is gone. */
async function takenOrClosed(): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race([
    once(process.stdout, 'drain', { signal }),
    once(process.stdout, 'close', { signal }),
  ]).catch(() => {});
  waiting.abort();
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It has to be a number above zero.');
  return Number(text);
}

export function readCommand(): Command {
  return new Command('read')
    .description('Prints the committed documents of a collection, one JSON object per line, oldest first.')
    .argument('<collection>', 'its name')
    .option('--state <folder>', 'the state folder', '.weir')
    .option('-f, --follow', 'go on with new documents as they are committed')
    .option('--limit <count>', 'stop after so many documents', positive)
    .action(run);
}
