// The committed documents of a collection, for people and scripts: also beside a running owner, and following it.

import { didYouMean } from '../catalog/did-you-mean.ts';
import { type Clock, systemClock } from '../host/clock.ts';
import { type Disk, systemDisk } from '../host/disk.ts';
import { errors } from '../errors.ts';
import { JournalReader } from '../journal/journal-reader.ts';
import { stateFolder } from '../store/state-folder.ts';
import { openStoreToRead } from './status.ts';

export interface ReadCollectionOptions {
  readonly statePath: string;
  readonly collection: string;
  /**
   * Byte offset to begin at, a document's border, in every journal of the collection; by default its first document, or its
   * first one since it was reset.
   */
  readonly from?: number;
  /** Wait for further documents until the signal aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly disk?: Disk;
}

export interface CollectionBatch {
  readonly journal: string;
  /** Offsets in the journal of the first byte and behind the last one. */
  readonly from: number;
  readonly to: number;
  /** Whole lines, one document each. */
  readonly bytes: Buffer;
}

const batchBytes = 256 << 10;
const pollMs = 200;

/** Throws COLLECTION_UNKNOWN when nothing was ever written to it, unless it follows. */
export async function* readCollection(options: ReadCollectionOptions): AsyncGenerator<CollectionBatch> {
  const { statePath, collection, from, follow = false, signal } = options;
  const { clock = systemClock, disk = systemDisk } = options;
  using store = openStoreToRead(statePath);
  using readers = new DisposableStack();
  const isAborted = (): boolean => signal?.aborted === true;
  const open = new Map<string, JournalReader>();
  const { journalsPath } = stateFolder(statePath);
  for (;;) {
    const journals = store.journals(collection);
    if (journals.length === 0 && !follow) {
      const known = [...new Set(store.journals().map((journal) => journal.collection))].sort();
      throw errors.COLLECTION_UNKNOWN({
        message: `Nothing was captured to a collection ${collection}.${didYouMean(collection, known)}`,
        fix: `Collections with documents: ${known.join(', ') || 'none'}.`,
      });
    }
    for (const { name, folder, first, head } of journals) {
      const reader =
        open.get(name) ?? readers.use(new JournalReader(disk, journalsPath, folder, from ?? first));
      open.set(name, reader);
      for (
        let batch = reader.next(head, batchBytes);
        batch !== undefined;
        batch = reader.next(head, batchBytes)
      ) {
        yield { journal: name, ...batch };
        if (isAborted()) return;
      }
    }
    if (!follow || isAborted()) return;
    await clock.sleep(pollMs, signal);
    if (isAborted()) return;
  }
}
