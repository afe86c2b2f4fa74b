// Plays the runtime for one transactor of the pattern `Authoritative`, within the process of a test.

import assert from 'node:assert/strict';
import type { Authoritative, LoadBatch, Loads, StoreBatch } from '@weir/materialize';
import { type Checkpoint, packTuple, StoreFrame, type TupleElement } from '@weir/protocol';
import { type SampleStore, sampleStore } from './materialization-spec.ts';

/** A checkpoint that has read so far of one journal. */
export const checkpointAt = (offset: number): Checkpoint => ({
  sources: { 'acme/things/pivot=00;materialize/acme/sink/t': { readThrough: BigInt(offset), producers: [] } },
  ackIntents: {},
});

/** As the kit does, it uses one frame and its bytes again: what a connector keeps of them is not what it was. */
async function* batches(frames: Iterable<StoreFrame>): AsyncGenerator<StoreBatch, void, undefined> {
  let gathered: StoreFrame[] = [];
  for (const frame of frames) {
    const [first] = gathered;
    if (first !== undefined && (first.binding !== frame.binding || gathered.length === 1000)) {
      yield* reused(gathered);
      gathered = [];
    }
    gathered.push(frame);
  }
  yield* reused(gathered);
}

function* reused(frames: readonly StoreFrame[]): Generator<StoreBatch, void, undefined> {
  const [first] = frames;
  if (first === undefined) return;
  let isTaken = false;
  const shown = new StoreFrame();
  function* documents(): Generator<StoreFrame, void, undefined> {
    for (const frame of frames) yield Object.assign(shown, frame);
    isTaken = true;
    Object.assign(shown, new StoreFrame());
  }
  yield { binding: first.binding, documents: documents() };
  assert.ok(isTaken, 'a batch was not taken before the next one was asked for');
  for (const { bytes } of frames) bytes.fill(0xff);
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
      for (let from = 0; from < keys.length; from += 1000) {
        const batch = keys.slice(from, from + 1000).map((key) => packTuple(key));
        yield { binding, keys: batch };
        for (const key of batch) key.fill(0xff);
      }
      await acknowledged;
    },
  };
  await transactor.load?.(loads);
  return found.sort();
}
