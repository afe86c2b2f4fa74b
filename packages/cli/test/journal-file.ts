// A journal as it lies on disk, read without the code under test: committed bytes are those below the store's head.

import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteStore, stateFolder } from '@weir/runtime';

export interface JournalState {
  readonly name: string;
  readonly collection: string;
  readonly folder: string;
  readonly head: number;
}

export function journalsOf(statePath: string): JournalState[] {
  using store = new SqliteStore(stateFolder(statePath).storePath, { readOnly: true });
  return store.journals();
}

/** Bytes [from, to) of a journal. Throws when they are not all there. */
export function journalBytes(statePath: string, { folder }: JournalState, from: number, to: number): Buffer {
  if (from === to) return Buffer.alloc(0);
  const path = join(stateFolder(statePath).journalsPath, folder);
  const bytes = Buffer.alloc(to - from);
  const segments = readdirSync(path).sort();
  for (const [index, name] of segments.entries()) {
    const start = Number.parseInt(name, 10);
    const next = segments[index + 1];
    const end = Math.min(next === undefined ? to : Number.parseInt(next, 10), to);
    const first = Math.max(start, from);
    if (first >= end) continue;
    const file = openSync(join(path, name), 'r');
    try {
      const count = readSync(file, bytes, first - from, end - first, first - start);
      if (count < end - first) throw new Error(`${name} of ${folder} ends before byte ${end}`);
    } finally {
      closeSync(file);
    }
  }
  return bytes;
}

/** The committed documents of a collection, in the order of its one journal. */
export function committedDocuments(statePath: string, collection: string): string[] {
  const journals = journalsOf(statePath).filter((journal) => journal.collection === collection);
  return journals.flatMap((journal) => {
    const text = journalBytes(statePath, journal, 0, journal.head).toString('utf8');
    if (text !== '' && !text.endsWith('\n')) throw new Error(`${journal.name} ends inside of a document`);
    return text.split('\n').slice(0, -1);
  });
}
