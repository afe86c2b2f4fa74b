// Convergence of all streams on the fake, four of them in a run, each of which has its turn: 50 runs, and at least 1000 in `npm run
// crash` (twice WEIR_CRASH_RUNS). WEIR_CRASH_SEED begins with another seed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes, updatedAt } from '@weir/cdk';
import { convergeApi } from '@weir/cdk/testing';
import type { JsonObject } from '@weir/schema/json';
import { SeededRandom } from '@weir/testing';
import { zendesk } from '../src/zendesk.ts';
import { config, fakeZendesk, truths } from './fake-zendesk.ts';

const crashRuns = process.env['WEIR_CRASH_RUNS'];
const runs = crashRuns === undefined ? 50 : Math.max(1000, 2 * Number(crashRuns));
const firstSeed = Number(process.env['WEIR_CRASH_SEED'] ?? '1');

const names = Object.keys(zendesk.streams);
const TOGETHER = 4;

function streamsOf(seed: number): Record<string, NonNullable<(typeof truths)[string]>> {
  const apart = Math.ceil(names.length / TOGETHER);
  const picked = Array.from({ length: TOGETHER }, (_, index) => names[(seed + index * apart) % names.length]);
  return Object.fromEntries(
    picked.map((name) => {
      const truth = truths[name ?? ''];
      assert.ok(name !== undefined && truth !== undefined, `the fake has no ${name}`);
      return [name, truth];
    }),
  );
}

/** Each request to a list below changes the rows above, so that hundreds of them may have to be read at last. */
const run = { api: zendesk, fake: fakeZendesk, config, settleMs: 60 * 60_000 };

async function assertConverges(
  seed: number,
  streams: ReturnType<typeof streamsOf>,
  state: JsonObject = {},
): Promise<string[]> {
  const converged = await convergeApi({ ...run, streams, state, random: new SeededRandom(seed) });
  for (const { name, captured, expected } of converged.streams) {
    assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
  }
  return Object.keys(converged.faults);
}

test('on a fake of Zendesk: killed between any two lines, the collections of all streams end equal to its tables', async () => {
  assert.deepEqual(Object.keys(truths).toSorted(), names.toSorted());
  const faults = new Set<string>();
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    for (const fault of await assertConverges(seed, streamsOf(seed))) faults.add(fault);
  }
  for (const fault of ['cut', 'failing', 'reset', 'throttled']) assert.ok(faults.has(fault), fault);
});

test('on a fake of Zendesk: a backfill that upstream has begun goes on, beside the changes since then', async () => {
  const begun = Date.parse('2024-05-05T04:30:00Z');
  const ofUpstream = {
    inc: { cursor: [String(begun / 1000)] },
    backfill: { cutoff: new Date(begun).toISOString(), next_page: null },
    last_initialized: new Date(begun).toISOString(),
    is_connector_initiated: false,
  };
  for (let seed = firstSeed; seed < firstSeed + 5; seed += 1) {
    for (const name of ['tickets', 'ticket_metrics', 'users', 'ticket_audits']) {
      const truth = truths[name];
      assert.ok(truth !== undefined);
      await assertConverges(seed, { [name]: truth }, { bindingStateV1: { [name]: ofUpstream } });
    }
  }
});

test('the property can fail: without the lag, rows that appear late are lost', async () => {
  const { satisfaction_ratings: ratings } = zendesk.streams;
  const { lookback: _lookback, ...options } = ratings.options;
  const cursor = updatedAt('/updated_at', { tick: '1s', lag: '0s' });
  const hasty = { ...zendesk, streams: { satisfaction_ratings: changes({ ...options, cursor }) } };
  let lost = 0;
  for (let seed = 1; lost === 0 && seed <= 50; seed += 1) {
    const streams = { satisfaction_ratings: truths['satisfaction_ratings'] ?? '' };
    const random = new SeededRandom(seed);
    for (const { captured, expected } of (await convergeApi({ ...run, api: hasty, streams, random }))
      .streams) {
      if (JSON.stringify(captured) !== JSON.stringify(expected)) lost += 1;
    }
  }
  assert.ok(lost > 0);
});
