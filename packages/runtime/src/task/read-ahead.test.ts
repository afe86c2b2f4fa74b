// The next transaction is read while one is stored. The sink of these tests answers StartCommit only once the source has
// been asked for everything, which a session that reads between its transactions would never do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Checkpoint, MaterializeRequest, MaterializeResponse } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { ScriptedConnection } from '../../test/scripted/connection.ts';
import { ledgerMaterialization } from '../../test/scripted/ledger.ts';
import type { DocumentSource } from './document-source.ts';
import { runMaterialization } from './materialize-task.ts';
import { openEnvironment } from './task-environment.ts';

/** Gives one batch after the other; those from `held` on only once they are released. */
class Batches implements DocumentSource {
  readonly #batches: readonly (readonly object[])[];
  readonly exhausted = Promise.withResolvers<void>();
  #held: number;
  #given = 0;
  #onMore = (): void => undefined;

  constructor(batches: readonly (readonly object[])[], held = batches.length) {
    this.#batches = batches;
    this.#held = held;
  }

  release(): void {
    this.#held = this.#batches.length;
    this.#onMore();
  }

  next(): { binding: number; bytes: Buffer } | undefined {
    const batch = this.#batches[this.#given];
    if (batch === undefined || this.#given >= this.#held) return undefined;
    this.#given += 1;
    if (this.#given === this.#batches.length) this.exhausted.resolve();
    return { binding: 0, bytes: Buffer.from(batch.map((each) => `${JSON.stringify(each)}\n`).join('')) };
  }

  giveBack(): void {
    throw new Error('every schema is the newest');
  }

  checkpoint(): Checkpoint {
    return { sources: { journal: { readThrough: BigInt(this.#given), producers: [] } }, ackIntents: {} };
  }

  onMore(notify: () => void): () => void {
    this.#onMore = notify;
    return () => undefined;
  }

  lagBytes(): number {
    return this.#batches.length - this.#given;
  }

  [Symbol.dispose](): void {}
}

/** Each request is taken, and acted on, before the next is sent. */
class SlowConnection<Request, Response> extends ScriptedConnection<Request, Response> {
  override send(request: Request): boolean {
    super.send(request);
    return false;
  }

  override async flush(): Promise<void> {
    await setImmediate();
  }
}

interface Outcome {
  /** What the connector was asked, a word each; of a StartCommit with what it has read. */
  readonly requests: string[];
  readonly error: unknown;
}

interface SinkOptions {
  /** Aborts at this commit. */
  readonly stopAt?: number;
  /** Whether StartCommit is answered only once the source has been asked for everything. */
  readonly isAhead: (batch: number) => boolean;
  /** The commit goes on for a while after StartedCommit, and is given up when the session is stopped. */
  readonly commitsLate?: boolean;
  readonly onCommitting?: () => void;
  /** Takes one request at a time; aborts when it is asked for a key of the second transaction. */
  readonly stopsAmidLoads?: boolean;
}

/** One batch is one transaction, every key is loaded, and no document is known to the sink. */
async function materialize(
  source: Batches,
  { stopAt, isAhead, commitsLate, onCommitting, stopsAmidLoads }: SinkOptions,
): Promise<Outcome> {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const stop = new AbortController();
  const requests: string[] = [];
  let commits = 0;
  const Connection = stopsAmidLoads === true ? SlowConnection : ScriptedConnection;
  const connect = () =>
    new Connection<MaterializeRequest, MaterializeResponse>(async (script) => {
      for (let request = await script.next(); request !== undefined; request = await script.next()) {
        switch (request.kind) {
          case 'apply':
            script.respond({ kind: 'applied', actionDescription: '' });
            continue;
          case 'open':
            script.respond({ kind: 'opened', disableLoadOptimization: true });
            continue;
          case 'acknowledge':
            requests.push(request.kind);
            if (commitsLate === true && commits > 0) {
              onCommitting?.();
              for (let turn = 0; turn < 100; turn += 1) await setImmediate();
              requests.push(script.stopped ? 'given up' : 'committed');
            }
            script.respond({ kind: 'acknowledged' });
            continue;
          case 'flush':
            script.respond({ kind: 'flushed' });
            break;
          case 'startCommit': {
            const read = Number(request.runtimeCheckpoint.sources['journal']?.readThrough);
            requests.push(`startCommit:${read}`);
            if (isAhead(read)) await source.exhausted.promise;
            script.respond({ kind: 'startedCommit' });
            continue;
          }
          default:
        }
        requests.push(request.kind);
        if (stopsAmidLoads === true && commits > 0 && request.kind === 'load') stop.abort();
      }
      if (!script.stopped) requests.push('end');
    });
  const run = runMaterialization({
    environment,
    materialization: ledgerMaterialization(),
    version: 'v1',
    connect: async () => connect(),
    signal: stop.signal,
    transactionBytes: 1,
    openSource: () => source,
    onEvent({ kind }) {
      if (kind === 'commit' && ++commits === stopAt) stop.abort();
      if (kind === 'caughtUp') stop.abort();
    },
  });
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { requests, error };
}

const documents = (...ids: readonly number[]) => ids.map((id) => ({ id, positions: [id] }));
const first = ['acknowledge', 'load', 'load', 'flush', 'store', 'store', 'startCommit:1'];

test('[G2] what is read while a transaction is stored belongs to the next: its keys are loaded once the first is committed, and the checkpoint of the first is in front of it', async () => {
  const source = new Batches([documents(1, 2), documents(2, 3, 4)]);
  const { requests, error } = await materialize(source, { isAhead: (batch) => batch === 1 });
  assert.equal(error, undefined);
  const second = ['acknowledge', 'load', 'load', 'load', 'flush', 'store', 'store', 'store', 'startCommit:2'];
  assert.deepEqual(requests, [...first, ...second, 'acknowledge', 'end']);
});

test('[G2] a document that cannot be read fails the session once the transaction in front of it is committed', async () => {
  const source = new Batches([documents(1, 2), [{ id: 3, positions: 'none' }]]);
  const { requests, error } = await materialize(source, { isAhead: (batch) => batch === 1 });
  assert.equal((error as { code?: string }).code, 'DOCUMENT_INVALID');
  assert.deepEqual(requests.slice(0, first.length), first);
  // Whether the connector still takes the Acknowledge is a matter of time.
  assert.ok(requests.slice(first.length).every((request) => request === 'acknowledge'));
});

test('[G2] a document that cannot be read, ahead or while the connector commits, does not stop that commit', async () => {
  const batches = [documents(1, 2), [...documents(3), { id: 4, positions: 'none' }]];
  const ahead = new Batches(batches);
  const outcome = await materialize(ahead, { isAhead: (batch) => batch === 1, commitsLate: true });
  assert.equal((outcome.error as { code?: string }).code, 'DOCUMENT_INVALID');
  // The key in front of it is not asked for, since its transaction will not be.
  assert.deepEqual(outcome.requests, [...first, 'acknowledge', 'committed']);

  const held = new Batches(batches, 1);
  const { requests, error } = await materialize(held, {
    isAhead: () => false,
    commitsLate: true,
    onCommitting: () => held.release(),
  });
  assert.equal((error as { code?: string }).code, 'DOCUMENT_INVALID');
  const expected = [...first, 'acknowledge', 'committed'];
  assert.deepEqual(requests.slice(0, expected.length), expected);
});

test('a stop holds over a document that was read ahead and cannot be', async () => {
  const source = new Batches([documents(1, 2), [{ id: 3, positions: 'none' }]]);
  const { requests, error } = await materialize(source, { stopAt: 1, isAhead: () => true });
  assert.equal(error, undefined);
  assert.deepEqual(requests, [...first, 'acknowledge', 'end']);
});

test('a session that is stopped drops what it has read ahead, and the connector sees the end of its input', async () => {
  const source = new Batches([documents(1, 2), documents(3)]);
  const { requests, error } = await materialize(source, { stopAt: 1, isAhead: () => true });
  assert.equal(error, undefined);
  assert.deepEqual(requests, [...first, 'acknowledge', 'end']);
});

test('a session that is stopped amid the keys that were waiting asks for no more of them', async () => {
  const source = new Batches([documents(1, 2), documents(3, 4, 5, 6, 7, 8, 9)]);
  const { requests, error } = await materialize(source, {
    isAhead: (batch) => batch === 1,
    stopsAmidLoads: true,
  });
  assert.equal(error, undefined);
  assert.deepEqual(requests, [...first, 'acknowledge', 'load']);
});
