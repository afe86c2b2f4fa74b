// The rules of a materialization's session that a connector can break, and the histories that a checkpoint tells apart.

import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MaterializeRequest, MaterializeResponse } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { ScriptedConnection, type Script } from '../../test/scripted/connection.ts';
import { Destination } from '../../test/scripted/destination.ts';
import { ledgerCapture, ledgerMaterialization, ledgerSource } from '../../test/scripted/ledger.ts';
import { runCapture } from './capture-task.ts';
import type { MaterializeConnection } from './connection.ts';
import { runMaterialization } from './materialize-task.ts';
import { openEnvironment, type TaskEnvironment } from './task-environment.ts';

async function capture(environment: TaskEnvironment, documents: number): Promise<void> {
  const stop = new AbortController();
  await runCapture({
    environment,
    capture: ledgerCapture(),
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
): Promise<void> {
  const stop = new AbortController();
  await runMaterialization({
    environment,
    materialization: ledgerMaterialization(),
    version: 'v1',
    connect: () => Promise.resolve(connect()),
    signal: stop.signal,
    onEvent: (event) => {
      if (event.kind === 'caughtUp') stop.abort();
    },
  });
}

type Sink = Script<MaterializeRequest, MaterializeResponse>;

/** Loads every key, and answers Flush as told; stores go nowhere. */
function flushing(answer: (script: Sink) => void): MaterializeConnection {
  return new ScriptedConnection<MaterializeRequest, MaterializeResponse>(async (script) => {
    for (let request = await script.next(); request !== undefined; request = await script.next()) {
      if (request.kind === 'apply') script.respond({ kind: 'applied', actionDescription: '' });
      if (request.kind === 'open') script.respond({ kind: 'opened', disableLoadOptimization: true });
      if (request.kind === 'acknowledge') script.respond({ kind: 'acknowledged' });
      if (request.kind === 'flush') answer(script);
      if (request.kind === 'startCommit') script.respond({ kind: 'startedCommit' });
    }
  });
}

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
