import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EXPLICIT_ZERO_CHECKPOINT,
  FULL_RANGE,
  packTuple,
  type Checkpoint,
  type MaterializeOpenRequest,
  type MaterializeRequest,
  type MaterializeResponse,
} from '@weir/protocol';
import { configSchema, text } from '@weir/schema';
import { ConnectorHost } from '@weir/testing';
import type { Materialization } from './materialization.ts';
import { serveMaterialize } from './run-materialize.ts';
import type { Authoritative, BestEffort, Loads, PostCommit, Stores, Transactor } from './transactor.ts';

const config = configSchema(
  { id: 'https://example.com/config', title: 'Sample' },
  { path: text({ title: 'Path', description: 'A path.', default: 'x' }) },
);

const OPEN: MaterializeOpenRequest = {
  kind: 'open',
  version: '0000000000000001',
  range: FULL_RANGE,
  state: '{"pending":1}',
  materialization: {
    name: 'acme/mat',
    connectorType: 'LOCAL',
    config: '{"path":"y"}',
    bindings: [],
    inactiveBindings: [],
  },
};
const ACKNOWLEDGE: MaterializeRequest = { kind: 'acknowledge' };
const FLUSH: MaterializeRequest = { kind: 'flush' };

function load(binding: number, key: number): MaterializeRequest {
  return { kind: 'load', binding, keyPacked: packTuple([key]) };
}

function store(
  binding: number,
  key: number,
  flags: { exists?: boolean; delete?: boolean } = {},
): MaterializeRequest {
  return {
    kind: 'store',
    binding,
    keyPacked: packTuple([key]),
    valuesPacked: Buffer.alloc(0),
    doc: Buffer.from(`{"key":${key}}`),
    exists: flags.exists ?? false,
    delete: flags.delete ?? false,
  };
}

function checkpoint(readThrough: number): Checkpoint {
  return { sources: { 'a;b': { readThrough: BigInt(readThrough), producers: [] } }, ackIntents: {} };
}

function startCommit(readThrough: number): MaterializeRequest {
  return { kind: 'startCommit', runtimeCheckpoint: checkpoint(readThrough) };
}

function materialization(open: () => Transactor): Materialization<{ path: string }, { path: string }> {
  return {
    name: 'materialize-sample',
    spec: { configSchema: config, resourceSchema: config, documentationUrl: 'https://example.com' },
    validate: async () => [],
    apply: async () => ({ actionDescription: '' }),
    open: async () => open(),
  };
}

/** A destination in memory: remembers what the kit asked of it, in order. */
class Recorder {
  readonly events: string[] = [];

  readonly load = async (loads: Loads): Promise<void> => {
    const wanted: [number, Buffer][] = [];
    for await (const { binding, keys } of loads) {
      this.events.push(`load ${binding}:${keys.length}`);
      for (const key of keys) wanted.push([binding, key]);
    }
    for (const [binding] of wanted) loads.loaded(binding, Buffer.from('{}'));
  };

  readonly store = async (stores: Stores): Promise<void> => {
    for await (const { binding, documents } of stores) {
      this.events.push(`store ${binding}:${Array.from(documents, ({ doc }) => doc.toString()).join(',')}`);
    }
  };

  authoritative(overrides: Partial<Authoritative> = {}): Authoritative {
    return {
      pattern: 'authoritative',
      hardDelete: false,
      checkpoint: EXPLICIT_ZERO_CHECKPOINT,
      load: this.load,
      store: this.store,
      commit: async ({ sources }) => {
        this.events.push(`commit ${sources['a;b']?.readThrough}`);
      },
      [Symbol.asyncDispose]: async () => {
        this.events.push('dispose');
      },
      ...overrides,
    };
  }

  postCommit(overrides: Partial<PostCommit> = {}): PostCommit {
    return {
      pattern: 'post-commit',
      hardDelete: false,
      load: this.load,
      store: this.store,
      commit: async () => {
        this.events.push('stage');
        return { pending: { a: 1 } };
      },
      acknowledge: async (patches) => {
        this.events.push(`apply ${JSON.stringify(patches)}`);
        return { pending: null };
      },
      [Symbol.asyncDispose]: async () => undefined,
      ...overrides,
    };
  }
}

interface Run {
  readonly host: ConnectorHost<'materialize'>;
  readonly exit: Promise<0 | 1>;
}

function start(open: () => Transactor): Run {
  const host = new ConnectorHost('materialize');
  return { host, exit: serveMaterialize(materialization(open), host) };
}

async function kinds({ host, exit }: Run): Promise<{ code: number; kinds: string[]; error: unknown }> {
  const code = await exit;
  const responses = await host.rest();
  const error = host.logs.filter(({ level }) => level === 'error').at(-1)?.fields['code'];
  return { code, kinds: responses.map(({ kind }) => kind), error };
}

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

test('stdin may end between transactions, before a load or before an acknowledge, and nowhere else', async () => {
  const recorder = new Recorder();
  const endedAfter = async (...requests: MaterializeRequest[]): Promise<number> => {
    const run = start(() => recorder.authoritative());
    run.host.send(OPEN, ...requests);
    run.host.end();
    const result = await kinds(run);
    assert.equal(result.error, result.code === 0 ? undefined : 'MATERIALIZE_ENDED_EARLY');
    return result.code;
  };
  assert.equal(await endedAfter(), 0);
  assert.equal(await endedAfter(ACKNOWLEDGE), 0);
  assert.equal(await endedAfter(ACKNOWLEDGE, load(0, 1)), 1);
  assert.equal(await endedAfter(ACKNOWLEDGE, FLUSH), 1);
  assert.equal(await endedAfter(ACKNOWLEDGE, FLUSH, store(0, 1)), 1);
  assert.equal(await endedAfter(ACKNOWLEDGE, FLUSH, startCommit(1)), 0);
});

test('asked to stop, a session ends when it is between transactions, and finishes the one it is in', async () => {
  const idle = start(() => new Recorder().authoritative());
  idle.host.send(OPEN, ACKNOWLEDGE);
  while ((await idle.host.receive())?.kind !== 'acknowledged');
  idle.host.stop();
  assert.equal(await idle.exit, 0);

  const recorder = new Recorder();
  const busy = start(() => recorder.authoritative());
  busy.host.send(OPEN, ACKNOWLEDGE, FLUSH);
  while ((await busy.host.receive())?.kind !== 'flushed');
  busy.host.stop();
  busy.host.send(store(0, 1), startCommit(5));
  assert.equal((await busy.host.receive())?.kind, 'startedCommit');
  assert.equal(await busy.exit, 0);
  assert.deepEqual(recorder.events, ['store 0:{"key":1}', 'commit 5', 'dispose']);
});

test('requests out of their order are refused by name', async () => {
  for (const requests of [
    [FLUSH],
    [ACKNOWLEDGE, store(0, 1)],
    [ACKNOWLEDGE, load(0, 1), startCommit(1)],
    [ACKNOWLEDGE, FLUSH, load(0, 1)],
    [ACKNOWLEDGE, FLUSH, FLUSH],
    [ACKNOWLEDGE, FLUSH, startCommit(1), FLUSH],
  ]) {
    const run = start(() => new Recorder().authoritative());
    run.host.send(OPEN, ...requests);
    assert.equal((await kinds(run)).error, 'CONNECTOR_UNEXPECTED_REQUEST');
  }
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

test('the order of answers is refused for every pair the protocol does not allow', async () => {
  const { ResponseOrder } = await import('./response-order.ts');
  const path = { opened: [], acknowledged: ['opened'], flushed: ['opened', 'acknowledged'] } as const;
  const before: Record<
    string,
    readonly ('opened' | 'acknowledged' | 'loaded' | 'flushed' | 'startedCommit')[]
  > = {
    opened: ['opened'],
    acknowledged: ['opened', 'acknowledged'],
    loaded: ['opened', 'acknowledged', 'loaded'],
    flushed: [...path.flushed, 'flushed'],
    startedCommit: [...path.flushed, 'flushed', 'startedCommit'],
  };
  const allowed: Record<string, readonly string[]> = {
    opened: ['acknowledged'],
    acknowledged: ['loaded', 'flushed'],
    loaded: ['loaded', 'flushed'],
    flushed: ['startedCommit'],
    startedCommit: ['acknowledged'],
  };
  for (const [last, steps] of Object.entries(before)) {
    for (const next of ['opened', 'acknowledged', 'loaded', 'flushed', 'startedCommit'] as const) {
      const order = new ResponseOrder();
      for (const step of steps) order.advance(step);
      if (allowed[last]?.includes(next)) order.advance(next);
      else
        assert.throws(
          () => order.advance(next),
          { code: 'MATERIALIZE_OUT_OF_ORDER' },
          `${next} after ${last}`,
        );
    }
  }
});

test('state patches: nothing, an empty list, several with a reset, and what is no list', async () => {
  const { splitStatePatches } = await import('./state-patches.ts');
  assert.deepEqual(splitStatePatches(undefined), []);
  assert.deepEqual(splitStatePatches(''), []);
  assert.deepEqual(splitStatePatches('[]'), []);
  assert.deepEqual(splitStatePatches('[{"a":1}\t]'), [{ a: 1 }]);
  assert.deepEqual(splitStatePatches('[null\t,{"a":9007199254740993}\t]'), [null, { a: 9007199254740993n }]);
  for (const invalid of ['{', '{}', '[1,]']) {
    assert.throws(() => splitStatePatches(invalid), { code: 'MATERIALIZE_STATE_PATCHES_INVALID' });
  }
});

test('unary requests repeat on one stream, and a state reaches apply with exact numbers', async () => {
  const host = new ConnectorHost('materialize');
  let state: unknown;
  const sample = materialization(() => new Recorder().authoritative());
  const exit = serveMaterialize(
    {
      ...sample,
      apply: async (_config, target) => {
        ({ state } = target);
        return { actionDescription: 'made it', state: { drained: null } };
      },
    },
    host,
  );
  const apply: MaterializeRequest = {
    kind: 'apply',
    materialization: OPEN.materialization,
    version: 'b',
    lastVersion: '',
    state: '{"big":9007199254740993}',
  };
  host.send({ kind: 'spec', connectorType: 'LOCAL', config: '{}' }, apply, apply);
  host.end();
  assert.equal(await exit, 0);
  const responses: MaterializeResponse[] = await host.rest();
  assert.deepEqual(
    responses.map(({ kind }) => kind),
    ['spec', 'applied', 'applied'],
  );
  assert.deepEqual(responses[1], {
    kind: 'applied',
    actionDescription: 'made it',
    state: { updated: '{"drained":null}', mergePatch: true },
  });
  assert.deepEqual(state, { big: 9007199254740993n });
});
