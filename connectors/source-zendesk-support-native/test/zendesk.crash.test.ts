// Convergence of all streams on the fake, four of them in a run: 50 runs, and 1000 in `npm run crash`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes, updatedAt } from '@weir/cdk';
import { convergeApi } from '@weir/cdk/testing';
import { SeededRandom } from '@weir/testing';
import { convergeInTurns } from '@weir/testing/api';
import { zendesk } from '../src/zendesk.ts';
import { config, fakeZendesk, truths } from './fake-zendesk.ts';

/** Each request to a list below changes the rows above, so that hundreds of them may have to be read at last. */
const run = { api: zendesk, fake: fakeZendesk, config, settleMs: 60 * 60_000 };

test('on a fake of Zendesk: killed between any two lines, the collections of all streams end equal to its tables', async () => {
  assert.deepEqual(Object.keys(truths).toSorted(), Object.keys(zendesk.streams).toSorted());
  // Those of one table apart: each request to a list below changes the table of the rows above.
  const names = Object.keys(truths).map((_name, at, all) => all[(at * 9) % all.length] ?? '');
  const streams = Object.fromEntries(names.map((name) => [name, truths[name] ?? '']));
  assert.equal(Object.keys(streams).length, 35);
  await convergeInTurns({ ...run, streams, together: 4 });
});

test('on a fake of Zendesk: a backfill that upstream has begun goes on, beside the changes since then', async () => {
  const begun = Date.parse('2024-05-05T04:30:00Z');
  const ofUpstream = {
    inc: { cursor: [String(begun / 1000)] },
    backfill: { cutoff: new Date(begun).toISOString(), next_page: null },
    last_initialized: new Date(begun).toISOString(),
    is_connector_initiated: false,
  };
  for (const name of ['tickets', 'ticket_metrics', 'users', 'ticket_audits']) {
    const truth = truths[name];
    assert.ok(truth !== undefined);
    const state = { bindingStateV1: { [name]: ofUpstream } };
    await convergeInTurns({ ...run, streams: { [name]: truth }, state, together: 1, seeds: 5 });
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
