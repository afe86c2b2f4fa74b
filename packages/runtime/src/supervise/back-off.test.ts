import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff, patience } from './back-off.ts';

const longest = { fraction: () => 1, bytes: (size: number) => Buffer.alloc(size) };

test('a task that fails again and again waits twice as long each time, up to a minute', () => {
  const backOff = new BackOff(longest);
  const delays = Array.from({ length: 8 }, (_, index) => {
    backOff.started(index);
    return backOff.failed('backoff', index);
  });
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('progress, or a minute without a failure, makes the next failure a first one', () => {
  const backOff = new BackOff(longest);
  const fail = (ranMs: number): number | undefined => {
    backOff.started(0);
    return backOff.failed('backoff', ranMs);
  };
  assert.deepEqual([fail(0), fail(0), fail(60_000)], [1000, 2000, 4000]);
  backOff.progressed();
  assert.deepEqual([fail(0), fail(0), fail(60_001), fail(0)], [1000, 2000, 1000, 2000]);
});

test('the policy of the error decides: at once the first time, or never', () => {
  const backOff = new BackOff(longest);
  assert.deepEqual([backOff.failed('now', 0), backOff.failed('now', 0)], [0, 1000]);
  assert.equal(backOff.failed('never', 0), undefined);
});

test('a task of a run that is to end is given up after so many fruitless failures, or after so long; progress begins anew', () => {
  const backOff = new BackOff(longest, false);
  const fail = (nowMs: number): number | undefined => {
    backOff.started(nowMs);
    return backOff.failed('backoff', nowMs);
  };
  const row = Array.from({ length: patience.failures - 1 }, () => fail(0));
  assert.deepEqual(row, [1000, 2000, 4000, 8000, 16_000, 32_000]);
  backOff.progressed();
  for (let failure = 1; failure < patience.failures; failure += 1) assert.notEqual(fail(0), undefined);
  assert.equal(fail(0), undefined);

  backOff.progressed();
  assert.notEqual(fail(1_000_000), undefined, 'the first one, after any time');
  assert.notEqual(fail(1_000_000 + patience.sinceFirstMs - 1), undefined);
  assert.equal(fail(1_000_000 + patience.sinceFirstMs), undefined);

  backOff.caughtUp();
  assert.notEqual(fail(2_000_000), undefined, 'the first one after there was nothing left to do');
});
