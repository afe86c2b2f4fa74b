import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import {
  ACKNOWLEDGE,
  FLUSH,
  kinds,
  load,
  OPEN,
  Recorder,
  start,
  startCommit,
  store,
} from '../test/recorded-session.ts';
import type { BestEffort, PostCommit, Stores } from './transactor.ts';
test('an authoritative session: its checkpoint opens it, its rows commit with the next one, no state is ever sent', async () => {
  const recorder = new Recorder();
  const { host, exit } = start(() => recorder.authoritative());
  host.send(OPEN, ACKNOWLEDGE, load(0, 1), load(1, 2), load(0, 3), FLUSH);
  host.send(store(0, 1, { exists: true }), store(0, 9), store(1, 2), startCommit(77), ACKNOWLEDGE);
  host.end();
  assert.equal(await exit, 0);
  const responses = await host.rest();
  assert.deepEqual(responses[0], {
    kind: 'opened',
    runtimeCheckpoint: EXPLICIT_ZERO_CHECKPOINT,
    disableLoadOptimization: false,
  });
  assert.deepEqual(
    responses.map(({ kind }) => kind),
    ['opened', 'acknowledged', 'loaded', 'loaded', 'loaded', 'flushed', 'startedCommit', 'acknowledged'],
  );
  assert.ok(responses.every((response) => !('state' in response) || response.state === undefined));
  assert.deepEqual(recorder.events, [
    'load 0:2',
    'load 1:1',
    'store 0:{"key":1},{"key":9}',
    'store 1:{"key":2}',
    'commit 77',
    'dispose',
  ]);
});

test('a post-commit session: staged work is named at the commit and applied at the next acknowledge', async () => {
  const recorder = new Recorder();
  const { host, exit } = start(() => recorder.postCommit());
  host.send(
    OPEN,
    { kind: 'acknowledge', statePatches: '[{"pending":{"b":2}}\t,null\t]' },
    FLUSH,
    store(0, 1),
  );
  host.send(startCommit(1), ACKNOWLEDGE);
  host.end();
  assert.equal(await exit, 0);
  const responses = await host.rest();
  assert.deepEqual(recorder.events, [
    'apply [{"pending":{"b":2}},null]',
    'store 0:{"key":1}',
    'stage',
    'apply []',
  ]);
  const states = responses.map((response) => ('state' in response ? response.state?.updated : undefined));
  assert.deepEqual(states, [
    undefined,
    '{"pending":null}',
    undefined,
    '{"pending":{"a":1}}',
    '{"pending":null}',
  ]);
  assert.ok(!('runtimeCheckpoint' in (responses[0] ?? {})));
});

test('an acknowledge that had nothing to apply answers without state', async () => {
  const recorder = new Recorder();
  const run = start(() => recorder.postCommit({ acknowledge: async () => undefined }));
  run.host.send(OPEN, ACKNOWLEDGE);
  run.host.end();
  await run.exit;
  assert.deepEqual((await run.host.rest()).at(-1), { kind: 'acknowledged' });
});

test('a best-effort session may name state before its stores, and with its commit', async () => {
  const recorder = new Recorder();
  const bestEffort: BestEffort = {
    pattern: 'best-effort',
    hardDelete: false,
    store: recorder.store,
    flush: async () => '{"log":1}',
    commit: async () => ({ version: 2n ** 60n }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const { host, exit } = start(() => bestEffort);
  host.send(OPEN, ACKNOWLEDGE, FLUSH, startCommit(1));
  host.end();
  assert.equal(await exit, 0);
  assert.deepEqual((await host.rest()).slice(2), [
    { kind: 'flushed', state: { updated: '{"log":1}', mergePatch: true } },
    { kind: 'startedCommit', state: { updated: '{"version":1152921504606846976}', mergePatch: true } },
  ]);
});

test('keys of the next transaction are staged while a commit goes on, and nothing is loaded until it is done', async () => {
  const recorder = new Recorder();
  const committing = Promise.withResolvers<void>();
  const staged = Promise.withResolvers<void>();
  let transactions = 0;
  const { host, exit } = start(() =>
    recorder.authoritative({
      load: async (loads) => {
        for await (const { keys } of loads) {
          recorder.events.push(`staged ${keys.length}`);
          staged.resolve();
          await loads.acknowledged();
          recorder.events.push('evaluated');
          loads.loaded(0, Buffer.from('{}'));
        }
      },
      commit: async () => {
        transactions += 1;
        return { committed: committing.promise.then(() => void recorder.events.push('committed')) };
      },
    }),
  );
  host.send(OPEN, ACKNOWLEDGE, FLUSH, startCommit(1), ACKNOWLEDGE, load(0, 1));
  await staged.promise;
  assert.equal(transactions, 1);
  assert.deepEqual(recorder.events, ['staged 1']);
  committing.resolve();
  host.send(FLUSH, startCommit(2));
  host.end();
  assert.equal(await exit, 0);
  assert.deepEqual(recorder.events, ['staged 1', 'committed', 'evaluated', 'committed', 'dispose']);
});

test('a document loaded before the previous commit is acknowledged ends the session before it is sent', async () => {
  const recorder = new Recorder();
  const run = start(() =>
    recorder.postCommit({
      acknowledge: () => new Promise(() => undefined),
      load: async (loads) => {
        loads.loaded(0, Buffer.from('{}'));
      },
    }),
  );
  run.host.send(OPEN, ACKNOWLEDGE, load(0, 1), FLUSH);
  assert.deepEqual(await kinds(run), { code: 1, kinds: ['opened'], error: 'MATERIALIZE_OUT_OF_ORDER' });
});

test('a load that returns before the flush is an error', async () => {
  const recorder = new Recorder();
  const run = start(() => recorder.postCommit({ load: async () => undefined }));
  run.host.send(OPEN, ACKNOWLEDGE, load(0, 1), FLUSH);
  assert.deepEqual((await kinds(run)).error, 'MATERIALIZE_OUT_OF_ORDER');
});

test('a commit that fails in the background cancels the load under way and ends the session with its error', async () => {
  const recorder = new Recorder();
  const failing = Promise.withResolvers<void>();
  const run = start(() =>
    recorder.authoritative({
      load: async (loads) => {
        loads.signal.addEventListener('abort', () => recorder.events.push('aborted'));
        for await (const batch of loads) {
          recorder.events.push(`staged ${batch.keys.length}`);
          failing.reject(new Error('disk full'));
        }
      },
      commit: async () => ({ committed: failing.promise }),
    }),
  );
  run.host.send(OPEN, ACKNOWLEDGE, FLUSH, startCommit(1), ACKNOWLEDGE, load(0, 1));
  const result = await kinds(run);
  assert.deepEqual(result.kinds, ['opened', 'acknowledged', 'flushed', 'startedCommit']);
  assert.equal(result.code, 1);
  assert.match(run.host.logs.at(-1)?.message ?? '', /disk full/);
  assert.deepEqual(recorder.events, ['staged 1', 'aborted', 'dispose']);
});

test('a commit that has failed already sends no startedCommit', async () => {
  const recorder = new Recorder();
  const run = start(() =>
    recorder.authoritative({ commit: async () => ({ committed: Promise.reject(new Error('fenced off')) }) }),
  );
  run.host.send(OPEN, ACKNOWLEDGE, FLUSH, startCommit(1));
  assert.deepEqual((await kinds(run)).kinds, ['opened', 'acknowledged', 'flushed']);
});

test('a connector that does not take all documents of a batch ends the session, and nothing is committed', async () => {
  for (const takes of [0, 1]) {
    const recorder = new Recorder();
    const careless = async (stores: Stores): Promise<void> => {
      for await (const { documents } of stores) {
        const iterator = documents[Symbol.iterator]();
        for (let taken = 0; taken < takes; taken += 1) iterator.next();
      }
    };
    const run = start(() => recorder.authoritative({ store: careless }));
    run.host.send(OPEN, ACKNOWLEDGE, FLUSH, ...[1, 2, 3].map((key) => store(0, key)), startCommit(1));
    run.host.end();
    const { code, kinds: sent, error } = await kinds(run);
    assert.deepEqual([code, error], [1, 'MATERIALIZE_OUT_OF_ORDER']);
    assert.deepEqual(sent, ['opened', 'acknowledged', 'flushed']);
    assert.deepEqual(recorder.events, ['dispose']);
  }
});

test('with hard deletes, the delete of what was never stored does not reach the connector', async () => {
  const requests = [
    store(0, 1, { delete: true }),
    store(0, 2, { delete: true, exists: true }),
    store(1, 3, { delete: true }),
    store(1, 4),
  ];
  for (const [hardDelete, events] of [
    [true, ['store 0:{"key":2}', 'store 1:{"key":4}']],
    [false, ['store 0:{"key":1},{"key":2}', 'store 1:{"key":3},{"key":4}']],
  ] as const) {
    const recorder = new Recorder();
    const { host, exit } = start(() => recorder.authoritative({ hardDelete }));
    host.send(OPEN, ACKNOWLEDGE, FLUSH, ...requests, startCommit(1));
    host.end();
    assert.equal(await exit, 0);
    assert.deepEqual(recorder.events.slice(0, 2), events);
  }
});

test('an empty transaction commits and moves the checkpoint on', async () => {
  const recorder = new Recorder();
  const { host, exit } = start(() => recorder.authoritative());
  host.send(OPEN, ACKNOWLEDGE, FLUSH, startCommit(3), ACKNOWLEDGE, FLUSH, startCommit(4));
  host.end();
  assert.equal(await exit, 0);
  assert.deepEqual(recorder.events, ['commit 3', 'commit 4', 'dispose']);
});

test('a load for a connector that only appends is an error', async () => {
  const run = start(() => {
    const appending: Partial<PostCommit> = new Recorder().postCommit();
    delete (appending as { load?: unknown }).load;
    return appending as PostCommit;
  });
  run.host.send(OPEN, ACKNOWLEDGE, load(0, 1));
  assert.equal((await kinds(run)).error, 'MATERIALIZE_LOAD_OF_DELTA');
});

test('many keys and documents arrive complete and in order, whatever the chunks', async () => {
  const recorder = new Recorder();
  let keys = 0;
  const stored: string[] = [];
  const { host, exit } = start(() =>
    recorder.authoritative({
      load: async (loads) => {
        for await (const batch of loads) keys += batch.keys.length;
      },
      store: async (stores) => {
        for await (const { binding, documents } of stores) {
          for (const { doc } of documents) stored.push(`${binding}${doc.toString()}`);
        }
      },
    }),
  );
  host.send(OPEN, ACKNOWLEDGE);
  host.send(...Array.from({ length: 20_000 }, (_, index) => load(index % 3, index)), FLUSH);
  host.send(...Array.from({ length: 20_000 }, (_, index) => store(index < 10_000 ? 0 : 1, index)));
  host.send(startCommit(1));
  host.end();
  assert.equal(await exit, 0);
  assert.equal(keys, 20_000);
  assert.equal(stored.length, 20_000);
  assert.equal(stored[15_000], '1{"key":15000}');
});
