import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { costBudget, movingWindow, RateLimiter, tokenBucket, type RateLimit } from './rate-limit.ts';

const never = new AbortController().signal;

/** When requests pass that are all asked for at once. */
async function passedAt(limit: RateLimit, urls: readonly string[]): Promise<number[]> {
  const clock = new VirtualClock(0);
  const limiter = new RateLimiter([limit], clock);
  const passed: number[] = [];
  const pass = async (url: string): Promise<void> => {
    (await limiter.acquire(url, never))();
    passed.push(clock.now());
  };
  await clock.run(Promise.all(urls.map(pass)));
  return passed;
}

test('a bucket lets as many pass at once as it holds, and then one at a time; a window lets them pass together', async () => {
  const six = Array.from({ length: 6 }, () => 'a');
  assert.deepEqual(await passedAt(tokenBucket(2, '10s'), six), [0, 0, 5000, 10_000, 15_000, 20_000]);
  assert.deepEqual(await passedAt(movingWindow(2, '10s'), six), [0, 0, 10_000, 10_000, 20_000, 20_000]);
});

test('a limit of a group of endpoints holds nobody else back', async () => {
  for (const limit of [tokenBucket, movingWindow]) {
    const slow = limit(1, '10s', { appliesTo: /\/slow\b/ });
    assert.deepEqual(await passedAt(slow, ['x/slow', 'x/slow', 'x/fast', 'x/fast']), [0, 0, 0, 10_000]);
  }
});

test('what requests under way will cost is not given to others, whatever the API tells meanwhile', async () => {
  const clock = new VirtualClock(0);
  const limiter = new RateLimiter([costBudget(100, '10s')], clock);
  const release = await clock.run(limiter.acquire('a', never, 80));
  // An answer to somebody else, who was counted before this request was.
  limiter.budgetLeft('a', { points: 100 });
  (await clock.run(limiter.acquire('a', never, 80)))();
  assert.equal(clock.now(), 6000);
  release();
});
