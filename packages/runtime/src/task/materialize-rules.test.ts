// The rules of a materialization's session that a connector can break, and the histories that a checkpoint tells apart.

import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  EXPLICIT_ZERO_CHECKPOINT,
  type MaterializationSpec,
  type MaterializeRequest,
  type MaterializeResponse,
} from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { ScriptedConnection, type Script } from '../../test/scripted/connection.ts';
import { Destination } from '../../test/scripted/destination.ts';
import {
  ledgerCapture,
  ledgerCollection,
  ledgerMaterialization,
  ledgerSource,
} from '../../test/scripted/ledger.ts';
import { runCapture } from './capture-task.ts';
import type { MaterializeConnection } from './connection.ts';
import { runMaterialization } from './materialize-task.ts';
import { readStatus } from '../supervise/status.ts';
import { openEnvironment, type TaskEnvironment } from './task-environment.ts';

async function capture(
  environment: TaskEnvironment,
  documents: number,
  spec = ledgerCapture(),
): Promise<void> {
  const stop = new AbortController();
  await runCapture({
    environment,
    capture: spec,
    version: 'v1',
    connect: () => Promise.resolve(ledgerSource({ documents, keys: 5, batch: 10 })),
    signal: stop.signal,
    onEvent: (event) => {
      if (event.kind === 'caughtUp') stop.abort();
    },
  });
}

async function materialize(
  environment: TaskEnvironment,
  connect: () => MaterializeConnection,
  materialization = ledgerMaterialization(),
): Promise<void> {
  const stop = new AbortController();
  await runMaterialization({
    environment,
    materialization,
    version: 'v1',
    connect: () => Promise.resolve(connect()),
    signal: stop.signal,
    onEvent: (event) => {
      if (event.kind === 'caughtUp') stop.abort();
    },
  });
}

type Sink = Script<MaterializeRequest, MaterializeResponse>;

type Answers = { readonly [K in MaterializeRequest['kind']]?: (script: Sink) => void };

/** Loads every key unless told otherwise; stores go nowhere. `answers` replace the usual ones. */
function sink(answers: Answers, onRequest?: (request: MaterializeRequest) => void): MaterializeConnection {
  const usual: Answers = {
    apply: (script) => script.respond({ kind: 'applied', actionDescription: '' }),
    open: (script) => script.respond({ kind: 'opened', disableLoadOptimization: true }),
    acknowledge: (script) => script.respond({ kind: 'acknowledged' }),
    flush: (script) => script.respond({ kind: 'flushed' }),
    startCommit: (script) => script.respond({ kind: 'startedCommit' }),
  };
  return new ScriptedConnection<MaterializeRequest, MaterializeResponse>(async (script) => {
    for (let request = await script.next(); request !== undefined; request = await script.next()) {
      onRequest?.(request);
      (answers[request.kind] ?? usual[request.kind])?.(script);
    }
  });
}

const flushing = (answer: (script: Sink) => void): MaterializeConnection => sink({ flush: answer });

const loaded = (id: number): MaterializeResponse => ({
  kind: 'loaded',
  binding: 0,
  doc: Buffer.from(JSON.stringify({ id, positions: [] })),
});

test('Loaded comes before Flushed, once, and for a key that was asked for', async () => {
  const cases: [string, (script: Sink) => void, RegExp | undefined][] = [
    [
      'as it should be',
      (script) => [loaded(1), loaded(2)].forEach((each) => script.respond(each)),
      undefined,
    ],
    ['twice', (script) => [loaded(1), loaded(1)].forEach((each) => script.respond(each)), /a second time/],
    ['unasked', (script) => script.respond(loaded(77)), /not asked for/],
  ];
  for (const [name, answer, refusal] of cases) {
    using folder = temporaryDirectory();
    using environment = openEnvironment(folder.path);
    await capture(environment, 20);
    const run = materialize(environment, () =>
      flushing((script) => {
        answer(script);
        script.respond({ kind: 'flushed' });
      }),
    );
    if (refusal === undefined) await run;
    else await assert.rejects(run, { code: 'CONNECTOR_PROTOCOL', message: refusal }, name);
  }
});

test('Loaded after Flushed is refused, also when both come together', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  await capture(environment, 20);
  const run = materialize(environment, () =>
    flushing((script) => {
      script.respond({ kind: 'flushed' });
      script.respond(loaded(1));
    }),
  );
  await assert.rejects(run, { code: 'CONNECTOR_PROTOCOL', message: /loaded after flushed/ });
});

test('[G8] a copy of a state folder that went on differently is not read where another document ends', async () => {
  using folder = temporaryDirectory();
  const [one, other] = [join(folder.path, 'one'), join(folder.path, 'other')];
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative');
  {
    using environment = openEnvironment(one);
    await capture(environment, 50);
    await materialize(environment, () => destination.connect());
  }
  cpSync(one, other, { recursive: true });
  using first = openEnvironment(one);
  using second = openEnvironment(other);
  // A copy that has the same history goes on.
  await capture(second, 50);
  await materialize(second, () => destination.connect());
  await capture(first, 100);
  await materialize(first, () => destination.connect());
  const rows = destination.rows();
  // The same length, and longer: an offset alone would fit both.
  for (const documents of [100, 200]) {
    await capture(second, documents);
    const run = materialize(second, () => destination.connect());
    await assert.rejects(run, { code: 'CHECKPOINT_DIVERGED' });
  }
  assert.deepEqual(destination.rows(), rows);
  await capture(first, 150);
  await materialize(first, () => destination.connect());
  assert.notDeepEqual(destination.rows(), rows);
});

test('answers that nobody asked for, and Loaded before Acknowledged, are refused', async () => {
  const cases: [Answers, RegExp][] = [
    [{ load: (script) => script.respond({ kind: 'flushed' }) }, /flushed unasked/],
    [{ load: (script) => script.respond({ kind: 'startedCommit' }) }, /startedCommit unasked/],
    [{ store: (script) => script.respond({ kind: 'acknowledged' }) }, /acknowledged unasked/],
    [{ acknowledge: (script) => script.respond(loaded(1)) }, /loaded before acknowledged/],
  ];
  for (const [answers, message] of cases) {
    using folder = temporaryDirectory();
    using environment = openEnvironment(folder.path);
    await capture(environment, 20);
    const run = materialize(environment, () => sink(answers));
    await assert.rejects(run, { code: 'CONNECTOR_PROTOCOL', message });
  }
});

test('states of Applied, Flushed, StartedCommit and Acknowledged are kept, each before what comes next', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  await capture(environment, 20);
  const kept = (): unknown => JSON.parse(environment.store.task('test/sink')?.state ?? '{}');
  const seen: Record<string, unknown> = {};
  let applies = 0;
  const state = (updated: string, mergePatch = true) => ({ state: { updated, mergePatch } });
  await materialize(environment, () =>
    sink(
      {
        apply: (script) => {
          applies += 1;
          const change = applies === 1 ? state('{"applied":1,"gone":1}') : {};
          script.respond({ kind: 'applied', actionDescription: '', ...change });
        },
        flush: (script) => script.respond({ kind: 'flushed', ...state('{"flushed":1,"gone":null}') }),
        startCommit: (script) => script.respond({ kind: 'startedCommit', ...state('{"only":1}', false) }),
        acknowledge: (script) => script.respond({ kind: 'acknowledged', ...state('{"acknowledged":1}') }),
      },
      ({ kind }) => (seen[kind] = kept()),
    ),
  );
  assert.equal(applies, 2);
  assert.deepEqual(seen['open'], { applied: 1, gone: 1 });
  assert.deepEqual(seen['store'], { applied: 1, acknowledged: 1, flushed: 1 });
  // The last Acknowledge comes behind the commit.
  assert.deepEqual(seen['acknowledge'], { only: 1 });
  assert.deepEqual(kept(), { only: 1, acknowledged: 1 });
});

test('a reset collection of which nothing was read when another binding was committed needs no load of its new keys', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const other = ledgerCollection('test/other');
  const both = ledgerMaterialization();
  const [binding] = ledgerMaterialization(other, { stateKey: 'other' }).bindings;
  assert.ok(binding !== undefined);
  const materialization = { ...both, bindings: [...both.bindings, { ...binding, resourcePath: ['other'] }] };
  const loads: number[] = [];
  const run = async (): Promise<void> => {
    await materialize(
      environment,
      () =>
        sink(
          { open: (script) => script.respond({ kind: 'opened', disableLoadOptimization: false }) },
          (request) => (request.kind === 'load' ? loads.push(request.binding) : undefined),
        ),
      materialization,
    );
  };
  await capture(environment, 20);
  environment.store.reset('test/source', ['test/ledger'], []);
  await capture(environment, 20, { ...ledgerCapture(other), name: 'test/second' });
  await run();
  await capture(environment, 40);
  await run();
  assert.deepEqual(loads, []);
  assert.deepEqual([...environment.store.maxKeys('test/sink').keys()], ['ledger', 'other']);
  // What has been read is known from then on.
  await capture(environment, 60);
  await run();
  assert.deepEqual([...new Set(loads)], [0]);
});

test('what was written before a reset is read by nobody, from whatever checkpoint', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative', true);
  const spec = ledgerMaterialization(ledgerCollection(), { deltaUpdates: true });
  const run = async (): Promise<void> => await materialize(environment, () => destination.connect(), spec);
  const positions = (): unknown[] =>
    destination.log().map((doc) => (JSON.parse(doc) as { positions: unknown[] }).positions);
  await capture(environment, 20);
  await run();
  assert.equal(positions().flat().length, 20);
  await capture(environment, 40);
  environment.store.reset('test/source', ['test/ledger'], []);
  await run();
  assert.equal(positions().flat().length, 20);
  await capture(environment, 60);
  const lag = readStatus(folder.path).tasks.find(({ name }) => name === 'test/sink')?.lagBytes;
  const [journal] = environment.store.journals();
  assert.ok(journal !== undefined);
  assert.equal(lag, journal.head - journal.first);
  await run();
  const later = positions()
    .flat()
    .slice(20)
    .map(Number)
    .toSorted((left, right) => left - right);
  assert.deepEqual(
    later,
    Array.from({ length: 20 }, (_, at) => at + 40),
  );
});

/** What one run asks the connector to do. */
async function requestsOf(
  environment: TaskEnvironment,
  answers: Answers = {},
  changes: Partial<MaterializationSpec['bindings'][number]> = {},
): Promise<Record<string, number>> {
  const counts: Record<string, number> = { load: 0, store: 0 };
  const spec = ledgerMaterialization();
  await materialize(
    environment,
    () => sink(answers, ({ kind }) => (counts[kind] = (counts[kind] ?? 0) + 1)),
    { ...spec, bindings: spec.bindings.map((binding) => ({ ...binding, ...changes })) },
  );
  return counts;
}

const opening = (opened: Omit<Extract<MaterializeResponse, { kind: 'opened' }>, 'kind'>): Answers => ({
  open: (script) => script.respond({ kind: 'opened', ...opened }),
});

test('new keys are loaded only where the connector wants every key loaded', async () => {
  for (const [disableLoadOptimization, loads] of [
    [true, 5],
    [false, 0],
  ] as const) {
    using folder = temporaryDirectory();
    using environment = openEnvironment(folder.path);
    await capture(environment, 20);
    const { load, store } = await requestsOf(environment, opening({ disableLoadOptimization }));
    assert.deepEqual([load, store], [loads, 5]);
  }
});

test('a destination goes on where its own checkpoint is, and from the beginning when that is an explicit zero', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  await capture(environment, 20);
  assert.equal((await requestsOf(environment))['store'], 5);
  assert.equal((await requestsOf(environment))['store'], 0);
  const runtimeCheckpoint = EXPLICIT_ZERO_CHECKPOINT;
  const again = await requestsOf(environment, opening({ disableLoadOptimization: true, runtimeCheckpoint }));
  assert.equal(again['store'], 5);
});

test("documents outside of a binding's times are left out", async () => {
  const [past, future] = ['2001-01-01T00:00:00Z', '2999-01-01T00:00:00Z'];
  for (const [times, stores] of [
    [{ notBefore: past, notAfter: future }, 5],
    [{ notBefore: future }, 0],
    [{ notAfter: past }, 0],
  ] as const) {
    using folder = temporaryDirectory();
    using environment = openEnvironment(folder.path);
    await capture(environment, 20);
    assert.equal((await requestsOf(environment, {}, times))['store'], stores, JSON.stringify(times));
  }
});
