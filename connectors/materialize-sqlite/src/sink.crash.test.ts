// Deaths of the process at every crash point and at any moment, and two processes over one file: afterwards the tables are the
// fold of the journal up to the checkpoint beside them. WEIR_CRASH_RUNS sets the number, WEIR_CRASH_SEED repeats a sequence.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CRASH_POINTS as KIT_CRASH_POINTS } from '@weir/materialize';
import {
  assertDeathsAt,
  assertKillsAtAnyMoment,
  countedIn,
  eventsTable,
  foldOf,
  type KilledSubject,
  ledgerTable,
  LedgerTask,
} from '@weir/testing';
import { Sink } from '../test/sink.ts';
import { CRASH_POINTS } from './crash-points.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
/** Of the process alone: a file has no server and no connection that could be cut. */
const kills = isLong ? Number(process.env['WEIR_CRASH_RUNS']) : 8;
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

function killed(sink: Sink): KilledSubject {
  const spec = sink.spec(ledgerTable, eventsTable);
  sink.last = spec;
  const task = new LedgerTask(MAIN, { ...spec, config: sink.configText });
  return { task, open: async () => sink.open(), found: async () => countedIn(sink) };
}

for (const point of [...KIT_CRASH_POINTS, ...CRASH_POINTS]) {
  test(`[G2] a connector that dies at ${point} is followed by one that goes on from what was committed`, async () => {
    using sink = Sink.create({ hardDelete: true });
    await assertDeathsAt(killed(sink), point, isLong ? [1, 4] : [2]);
  });
}

test(
  `[G2] ${kills} kills at any moment lose nothing and double nothing`,
  { timeout: 120_000 + kills * 4000 },
  async (context) => {
    using sink = Sink.create({ hardDelete: true });
    await assertKillsAtAnyMoment(killed(sink), { kills, seed }, context);
  },
);

test('[G5] two processes that fight for one file never write over each other', async (context) => {
  using sink = Sink.create({ hardDelete: true });
  const { task } = killed(sink);
  let refusals = 0;
  const fight = async (): Promise<void> => {
    for (;;) {
      const how = await task.start(600).ended;
      if (how === 'done') return;
      assert.equal(how, 'SQL_FENCED_OFF');
      refusals += 1;
    }
  };
  await Promise.all([fight(), fight()]);
  context.diagnostic(`${refusals} times fenced off`);
  assert.ok(refusals > 0);
  assert.deepEqual(await countedIn(sink), foldOf(600));
});
