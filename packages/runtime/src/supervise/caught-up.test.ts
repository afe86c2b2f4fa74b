import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { openEnvironment } from '../task/task-environment.ts';
import { CaughtUp } from './caught-up.ts';
import type { SupervisorEvent } from './supervisor.ts';

type Event = SupervisorEvent extends infer E ? (E extends { task: string } ? Omit<E, 'task'> : never) : never;

const idleMs = 1000;

function status(caughtUp?: boolean): Event {
  const fields = { eventType: 'connectorStatus', ...(caughtUp === undefined ? {} : { caughtUp }) };
  return { kind: 'log', log: { ts: '', level: 'info', message: 'doing', fields } };
}

const documents = (count: number): Event => ({
  kind: 'commit',
  documents: count,
  bytes: count,
  stored: count,
});
const receiving = (isReceiving: boolean): Event => ({ kind: 'receiving', isReceiving });

/** Seconds from the last event until the capture counts as caught up; undefined when it is not within a minute. */
function idleAfter(...events: readonly (readonly [atMs: number, event: Event])[]): number | undefined {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  let nowMs = 0;
  const clock = { ...environment.clock, nowMs: () => nowMs };
  const caughtUp = new CaughtUp([{ name: 'a', kind: 'capture' }], environment.store, clock, idleMs);
  for (const [atMs, event] of events) {
    nowMs = atMs;
    if (event.kind === 'starting') caughtUp.starting('a');
    else caughtUp.see({ task: 'a', ...event });
  }
  for (let seconds = 0; seconds <= 60; seconds += 1, nowMs += 1000) if (caughtUp.check()) return seconds;
  return undefined;
}

test('a capture that has not opened, is receiving, or says that it is behind is not idle, however quiet it is', () => {
  assert.equal(idleAfter(), undefined);
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, receiving(true)]), undefined);
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, documents(5)], [0, receiving(true)]), undefined);
  assert.equal(idleAfter([0, status(false)], [0, { kind: 'opened' }], [0, documents(0)]), undefined);
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, status(true)], [0, status(false)]), undefined);
  const failed: Event = {
    kind: 'failed',
    error: { code: '', message: '', fix: '', retry: 'now', stack: '' },
    retryInMs: 0,
  };
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, documents(1)], [0, failed]), undefined);
});

test('a capture is idle some time after it caught up, or after its last document', () => {
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, status(false)], [9000, status(true)]), 1);
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, status(true)], [9000, documents(1)]), 1);
  assert.equal(idleAfter([0, { kind: 'opened' }], [9000, documents(1)], [9000, receiving(false)]), 1);
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, { kind: 'caughtUp', positions: {} }]), 0);
});

test('a capture that says nothing and sent no document is given three times as long, whatever it commits', () => {
  assert.equal(idleAfter([0, { kind: 'opened' }]), 3);
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, status()], [0, documents(0)]), 3);
});

test('a start forgets what the last session said', () => {
  assert.equal(idleAfter([0, { kind: 'opened' }], [0, status(true)], [0, { kind: 'starting' }]), undefined);
});

test('that a task had nothing left to do is remembered until it is started again, whatever else is not done', () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  let nowMs = 0;
  const clock = { ...environment.clock, nowMs: () => nowMs };
  const tasks = [
    { name: 'busy', kind: 'capture' },
    { name: 'a', kind: 'capture' },
    { name: 'sink', kind: 'materialization' },
  ] as const;
  const caughtUp = new CaughtUp(tasks, environment.store, clock, idleMs);
  const idle = () => {
    assert.ok(!caughtUp.check());
    return tasks.map(({ name }) => name).filter((name) => caughtUp.wasIdle(name));
  };
  caughtUp.see({ task: 'a', kind: 'opened' });
  caughtUp.see({ task: 'a', ...status(true) });
  assert.deepEqual(idle(), []);
  nowMs += idleMs;
  assert.deepEqual(idle(), ['a']);
  caughtUp.see({ task: 'a', ...receiving(true) });
  caughtUp.see({ task: 'sink', kind: 'caughtUp', positions: {} });
  assert.deepEqual(idle(), ['a', 'sink']);
  for (const task of ['a', 'sink']) caughtUp.see({ task, kind: 'starting' });
  assert.deepEqual(idle(), []);
});
