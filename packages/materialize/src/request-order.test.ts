// Which requests may follow which, and where a session may end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MaterializeRequest } from '@weir/protocol';
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
