import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePosition } from '../test/fake-database.ts';
import { BoundTables } from './bound-tables.ts';
import type { StreamHealth } from './database.ts';
import { BackfillProgress } from './progress.ts';
import { Reports } from './reports.ts';
import { CaptureState } from './state.ts';

const position = new FakePosition(1);
const behind: StreamHealth = { behindBytes: 2 ** 30, behindMs: 180_000, details: { walRetainedBytes: 7 } };

/** Reports every 10 ms of a clock that the test moves on; `looks` are the answers of the database, one a look. */
function reportsOf(looks: (StreamHealth | Error)[]) {
  const clock = { now: 0 };
  const told: unknown[][] = [];
  const statuses: string[] = [];
  const stream = {
    health: async () => {
      const look = looks.shift();
      if (look === undefined || look instanceof Error) throw look ?? new Error('asked too often');
      return look;
    },
  };
  const reports = new Reports(
    stream,
    new BoundTables([], CaptureState.from({})),
    new BackfillProgress(0),
    10,
    {
      now: () => clock.now,
      log: (level, message, fields) => told.push([level, message, fields]),
      status: (text) => statuses.push(text),
    },
  );
  return { reports, clock, told, statuses };
}

test('a look that fails is a warning; the next one, after the interval, is told as ever', async () => {
  const { reports, clock, told, statuses } = reportsOf([new Error('the server went away'), behind]);
  reports.beginStreaming(true);
  await reports.reportWhenDue(position);
  assert.deepEqual(told, [
    ['warn', 'cannot tell how far the capture is', { error: 'Error: the server went away' }],
  ]);
  clock.now = 9;
  await reports.reportWhenDue(position);
  assert.equal(told.length, 1);
  clock.now = 10;
  await reports.reportWhenDue(position);
  assert.deepEqual(told[1], [
    'info',
    'progress',
    { eventType: 'captureProgress', behindBytes: 2 ** 30, behindSeconds: 180, walRetainedBytes: 7 },
  ]);
  assert.deepEqual(statuses, ['Streaming CDC Events', 'Streaming CDC Events (1.0 GiB, 3 minutes behind)']);
});
