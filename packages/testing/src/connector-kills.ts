// A SQL connector whose process dies at a crash point, or is killed at any moment, while it takes the counting journal. What
// follows it goes on from what was committed, and in the end the tables are the fold of the journal.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { foldOf } from './counting-journal.ts';
import type { LedgerTask } from './ledger-process.ts';
import { SeededRandom } from './seeded-random.ts';
import { openChecked, type OwnSubject } from './sink-crashes.ts';

export interface KilledSubject extends OwnSubject {
  readonly task: LedgerTask;
}

/** Until one of these has been passed, there may be no tables. */
const isOfApply = (point: string): boolean => /\.(?:applying|before-apply|after-apply)$/.test(point);

/** How far the tables are, which are what their checkpoint says. */
async function offsetIn(subject: OwnSubject, what: string): Promise<number> {
  const { session, offset } = await openChecked(subject, what);
  await session[Symbol.asyncDispose]();
  return offset;
}

/** The tables do not exist yet. The process dies at each of these passes of the point, and one takes the rest. */
export async function assertDeathsAt(
  subject: KilledSubject,
  point: string,
  passes: readonly number[],
): Promise<void> {
  const { task, found } = subject;
  const once = isOfApply(point) || point.endsWith('.fence-installed');
  for (const pass of once ? [1] : passes) {
    assert.equal(
      await task.start(12, `${point}:${pass}`).ended,
      'SIGKILL',
      `${point}:${pass} was not passed`,
    );
    if (!isOfApply(point)) await offsetIn(subject, `${point}:${pass}`);
  }
  assert.equal(await task.start(12).ended, 'done');
  assert.deepEqual(await found(), foldOf(12));
}

/** Kills at random moments behind the first few transactions of each process. */
export async function assertKillsAtAnyMoment(
  subject: KilledSubject,
  { kills, seed }: { readonly kills: number; readonly seed: number },
  context: TestContext,
): Promise<void> {
  const random = new SeededRandom(seed);
  let offset = 0;
  for (let run = 0; run < kills; run += 1) {
    const running = subject.task.start(Infinity);
    const begun = running.hasBegun(2 + Math.floor(random.next() * 4)).then(() => 'begun');
    assert.equal(await Promise.race([begun, running.ended]), 'begun', 'it ended before it was killed');
    await delay(random.next() * 30);
    running.kill();
    assert.equal(await running.ended, 'SIGKILL');
    const now = await offsetIn(subject, `after kill ${run}`);
    assert.ok(now >= offset);
    offset = now;
  }
  context.diagnostic(`WEIR_CRASH_SEED=${seed}, ${kills} kills, ${offset} transactions`);
  // The last commit that was begun may have been cut short, and those before it have not.
  assert.ok(offset >= kills, `${offset} transactions`);
  assert.equal(await subject.task.start(offset + 3).ended, 'done');
  assert.deepEqual(await subject.found(), foldOf(offset + 3));
}
