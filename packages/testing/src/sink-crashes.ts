// What is done to a SQL destination while it takes the counting journal: connections cut at every step of its protocol, its
// server killed, two instances over one range. Each time the tables have to be the fold of the journal up to the checkpoint
// beside them, no more and no less.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Authoritative } from '@weir/materialize';
import { type CountedRows, foldOf, offsetOf, takeTransaction } from './counting-journal.ts';
import type { Cut, CuttingProxy } from './cutting-proxy.ts';
import { SeededRandom } from './seeded-random.ts';

export interface CrashSubject {
  readonly open: () => Promise<Authoritative>;
  readonly openThroughProxy: () => Promise<Authoritative>;
  readonly found: () => Promise<CountedRows>;
  readonly proxy: CuttingProxy;
  readonly server: { readonly kill9: () => Promise<void>; readonly start: () => Promise<void> };
  /** Codes that a session may end with when its connections or its server are taken away. */
  readonly lost: RegExp;
}

export interface CrashSeries {
  /** Cuts and kills together. */
  readonly runs: number;
  readonly kills: number;
  readonly seed: number;
}

interface CrashCounts {
  /** Messages of a session of two transactions, each of which can be cut. */
  readonly steps: number;
  /** Different ones that were cut, in either way. */
  readonly stepsCut: number;
  readonly cuts: number;
  readonly kills: number;
  /** Transactions that are in the tables in the end. */
  readonly transactions: number;
}

export type OwnSubject = Pick<CrashSubject, 'open' | 'found'>;

const codeOf = (error: unknown): string => String((error as { readonly code?: unknown }).code);

/** Opens a session, asserts that the tables are what its checkpoint says, and returns how far that is. */
export async function openChecked(
  { open, found }: OwnSubject,
  what: string,
): Promise<{ readonly session: Authoritative; readonly offset: number }> {
  const session = await open();
  const offset = offsetOf(session.checkpoint);
  assert.deepEqual(await found(), foldOf(offset), what);
  return { session, offset };
}

/** How far the tables are, which are what that says. */
async function check(subject: OwnSubject, what: string): Promise<number> {
  const { session, offset } = await openChecked(subject, what);
  await session[Symbol.asyncDispose]();
  return offset;
}

/** Every step is cut in both ways where the runs are enough for that, else steps at random. */
function cutOf(cuts: number, steps: number, run: number, random: SeededRandom): Cut {
  const at = cuts >= 2 * steps ? Math.floor(run / 2) % steps : Math.floor(random.next() * steps);
  return { message: 1 + at, how: run % 2 === 0 ? 'unsent' : 'unanswered' };
}

async function twoTransactions(subject: CrashSubject, offset: number): Promise<void> {
  await using session = await subject.openThroughProxy();
  await takeTransaction(session, offset);
  await takeTransaction(session, offset + 1);
}

async function killedServer(subject: CrashSubject, random: SeededRandom): Promise<void> {
  const { session, offset } = await openChecked(subject, 'before a kill');
  try {
    await using _ = session;
    await takeTransaction(session, offset);
    const killing = delay(random.next() * 60).then(() => subject.server.kill9());
    try {
      for (let next = offset + 1; ; next += 1) await takeTransaction(session, next);
    } finally {
      await killing;
      await subject.server.start();
    }
  } catch (error) {
    assert.match(codeOf(error), subject.lost, String(error));
  }
}

async function cutAndKill(subject: CrashSubject, { runs, kills, seed }: CrashSeries): Promise<CrashCounts> {
  const { proxy, lost } = subject;
  const random = new SeededRandom(seed);
  proxy.set(undefined);
  await twoTransactions(subject, await check(subject, 'at first'));
  const steps = proxy.messages;
  const stepsCut = new Set<number>();
  const every = kills === 0 ? Infinity : Math.floor(runs / kills);
  let [cut, killed] = [0, 0];
  for (let run = 0; run < runs; run += 1) {
    const offset = await check(subject, `after run ${run}`);
    if (run % every === every - 1 && killed < kills) {
      await killedServer(subject, random);
      killed += 1;
      continue;
    }
    const where = cutOf(runs - kills, steps, run - killed, random);
    proxy.set(where);
    try {
      await twoTransactions(subject, offset);
    } catch (error) {
      assert.ok(proxy.hasCut, String(error));
      assert.match(codeOf(error), lost, String(error));
    }
    if (proxy.hasCut) {
      cut += 1;
      stepsCut.add(where.message);
    }
    proxy.set(undefined);
  }
  const transactions = await check(subject, 'in the end');
  return { steps, stepsCut: stepsCut.size, cuts: cut, kills: killed, transactions };
}

async function fightForRange(
  subject: OwnSubject,
  { rounds, seed, refused }: { readonly rounds: number; readonly seed: number; readonly refused: RegExp },
): Promise<{ readonly transactions: number; readonly refusals: number }> {
  const random = new SeededRandom(seed);
  let refusals = 0;
  const fight = async (): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      try {
        await using session = await subject.open();
        let offset = offsetOf(session.checkpoint);
        for (let count = Math.ceil(random.next() * 5); count > 0; count -= 1) {
          await takeTransaction(session, offset);
          offset += 1;
        }
      } catch (error) {
        assert.match(codeOf(error), refused, String(error));
        refusals += 1;
      }
    }
  };
  await Promise.all([fight(), fight()]);
  return { transactions: await check(subject, 'after the fight'), refusals };
}

/** Cuts and kills, of which enough have to have happened. The tables exist, and nothing of the journal needs to be in them. */
export async function assertCutsAndKills(
  subject: CrashSubject,
  series: CrashSeries,
  context: TestContext,
): Promise<void> {
  const { runs, kills, seed } = series;
  const counts = await cutAndKill(subject, series);
  const told = JSON.stringify(counts);
  context.diagnostic(`WEIR_CRASH_SEED=${seed} ${told}`);
  assert.ok(counts.cuts > (runs - kills) / 2 && counts.kills === kills, told);
  if (counts.cuts >= 2 * counts.steps) assert.equal(counts.stepsCut, counts.steps, 'every step was cut');
}

/** Two instances over one range, each of which begins anew when it has lost. `refused`: codes with which one may lose. */
export async function assertFight(
  subject: OwnSubject,
  { seed, refused }: { readonly seed: number; readonly refused: RegExp },
  context: TestContext,
): Promise<void> {
  context.diagnostic(`WEIR_CRASH_SEED=${seed}`);
  const { transactions, refusals } = await fightForRange(subject, { rounds: 6, seed, refused });
  assert.ok(transactions > 0 && refusals > 0, `${transactions} transactions, ${refusals} times refused`);
}
