// Plays the runtime for one transactor of the pattern `Authoritative`, within the process of a test.

import type { Authoritative, LoadBatch, Loads, StoreBatch } from '@weir/materialize';
import { type Checkpoint, packTuple, type StoreFrame, type TupleElement } from '@weir/protocol';
import { type SampleStore, sampleStore } from './materialization-spec.ts';

/** A checkpoint that has read so far of one journal. */
export const checkpointAt = (offset: number): Checkpoint => ({
  sources: { 'acme/things/pivot=00;materialize/acme/sink/t': { readThrough: BigInt(offset), producers: [] } },
  ackIntents: {},
});

async function* batches(frames: Iterable<StoreFrame>): AsyncGenerator<StoreBatch, void, undefined> {
  let documents: StoreFrame[] = [];
  for (const frame of frames) {
    const [first] = documents;
    if (first !== undefined && (first.binding !== frame.binding || documents.length === 4096)) {
      yield { binding: first.binding, documents };
      documents = [];
    }
    documents.push(frame);
  }
  const [first] = documents;
  if (first !== undefined) yield { binding: first.binding, documents };
}

function* frames(stores: Iterable<SampleStore>): Generator<StoreFrame> {
  for (const store of stores) yield sampleStore(store);
}

export async function storeAll(transactor: Authoritative, stores: Iterable<SampleStore>): Promise<void> {
  await transactor.store(batches(frames(stores)));
}

export async function commitAt(transactor: Authoritative, offset: number): Promise<void> {
  const commit = await transactor.commit(checkpointAt(offset));
  await commit?.committed;
}

/** One transaction, to its end. */
export async function transact(
  transactor: Authoritative,
  offset: number,
  stores: Iterable<SampleStore>,
): Promise<void> {
  await storeAll(transactor, stores);
  await commitAt(transactor, offset);
}

export interface LoadOptions {
  readonly binding?: number;
  /** When the previous transaction is acknowledged; at once by default. */
  readonly acknowledged?: Promise<void>;
}

/** The documents that the keys have, as text, sorted. */
export async function loadAll(
  transactor: Authoritative,
  keys: readonly (readonly TupleElement[])[],
  { binding = 0, acknowledged = Promise.resolve() }: LoadOptions = {},
): Promise<string[]> {
  const found: string[] = [];
  const loads: Loads = {
    acknowledged: () => acknowledged,
    loaded: (_binding, doc) => void found.push(doc.toString('utf8')),
    congested: false,
    drained: () => Promise.resolve(),
    signal: new AbortController().signal,
    async *[Symbol.asyncIterator](): AsyncGenerator<LoadBatch, void, undefined> {
      for (let from = 0; from < keys.length; from += 1024) {
        yield { binding, keys: keys.slice(from, from + 1024).map((key) => packTuple(key)) };
      }
      await acknowledged;
    },
  };
  await transactor.load?.(loads);
  return found.sort();
}
