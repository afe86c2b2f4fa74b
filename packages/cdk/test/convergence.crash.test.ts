// For 50 seeds of each kind of stream, and for at least 1000 in `npm run crash` (twice WEIR_CRASH_RUNS).
// WEIR_CRASH_SEED begins with another seed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { converge, STREAMS } from './convergence.ts';

const runs = process.env['WEIR_CRASH_RUNS'];
const seeds = runs === undefined ? 50 : Math.max(1000, 2 * Number(runs));
const firstSeed = Number(process.env['WEIR_CRASH_SEED'] ?? '1');

for (const stream of STREAMS) {
  test(`${stream}: killed between any two lines, the collection ends equal to a table that changed while it was read`, async () => {
    let restarts = 0;
    for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
      const { captured, expected, sessions } = await converge(stream, seed);
      assert.deepEqual(captured, expected, `seed ${seed}`);
      restarts += sessions - 1;
    }
    assert.ok(restarts > seeds, 'the runs were killed');
  });
}

test('the property can fail: a stream that does not reckon with late rows loses some of them', async () => {
  let lost = 0;
  for (let seed = 1; seed <= 50; seed += 1) {
    const { captured, expected } = await converge('windowed', seed, 0);
    if (JSON.stringify(captured) !== JSON.stringify(expected)) lost += 1;
  }
  assert.ok(lost > 0, `${lost} of 50`);
});
