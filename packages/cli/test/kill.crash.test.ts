// kill -9 at random moments of every process of a pipeline, under a workload that never pauses. One pipeline lives
// through all of them. WEIR_CRASH_RUNS sets the number of kills, WEIR_CRASH_SEED repeats a sequence of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { missingPostgres, startPostgres } from '@weir/testing';
import { untilEqual } from './equal-tables.ts';
import { assertAppendsOnce, assertNothingDoubled, assertOrderPerKey } from './ledger-check.ts';
import { ledgerTables, LedgerWorkload } from './ledger-workload.ts';
import { type ConnectorName, isAlive, Pipeline, until } from './pipeline.ts';
import { ProgressWatch } from './progress-watch.ts';

const runs = Number(process.env['WEIR_CRASH_RUNS'] ?? 100);
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

type Victim = 'runtime' | ConnectorName | 'postgres';

/** Mulberry32: small, and the same on every machine. */
function seededRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pickVictim(random: () => number): Victim {
  const dice = random();
  if (dice < 0.3) return 'runtime';
  if (dice < 0.58) return 'source-postgres';
  if (dice < 0.86) return 'materialize-sqlite';
  return 'postgres';
}

/** How long a victim in back-off is waited for before the runtime is killed in its place: longer when it is behind. */
const patienceMs = { usual: 1500, behind: 20_000 };
/** Of all kills, each kind of victim gets at least this part. */
const leastShare = 0.1;

class Killer {
  readonly kills = new Map<Victim, number>();
  readonly #pipeline: Pipeline;
  readonly #watch: ProgressWatch;
  readonly #random: () => number;
  readonly #orphans: number[] = [];

  constructor(pipeline: Pipeline, watch: ProgressWatch, random: () => number) {
    this.#pipeline = pipeline;
    this.#watch = watch;
    this.#random = random;
  }

  /** One kill, at a random moment: of a pipeline that moves data again, or while it is starting. */
  async strike(): Promise<void> {
    if (this.#random() < 0.4) await this.#untilMoving();
    await this.#wait(5 + this.#random() * 495);
    const wanted = pickVictim(this.#random);
    const victim = await this.#kill(wanted);
    this.kills.set(victim, (this.kills.get(victim) ?? 0) + 1);
    this.#watch.sample();
  }

  /** Connectors of killed runtimes end by themselves. */
  async assertNoOrphans(): Promise<void> {
    await until('the end of the connectors of killed runtimes', () => !this.#orphans.some(isAlive), {
      timeoutMs: 20_000,
    });
  }

  async #wait(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    for (let left = milliseconds; left > 0; left = end - performance.now()) {
      this.#watch.sample();
      await delay(Math.min(left, 50));
    }
  }

  async #untilMoving(): Promise<void> {
    const before = this.#watch.stored;
    const isMoving = (): boolean => {
      this.#watch.sample();
      return this.#watch.stored > before;
    };
    await until('that rows arrive again', isMoving, {
      timeoutMs: 60_000,
      explain: () => this.#pipeline.log.slice(-5000),
    });
  }

  async #kill(wanted: Victim): Promise<Victim> {
    if (wanted === 'postgres') {
      await this.#pipeline.server.kill9();
      await this.#pipeline.server.start();
      return wanted;
    }
    const pids = wanted === 'runtime' ? [] : await this.#untilRunning(wanted);
    if (wanted !== 'runtime' && pids.length > 0) {
      const pid = pids[Math.floor(this.#random() * pids.length)] ?? 0;
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      return wanted;
    }
    const { run } = this.#pipeline;
    for (const name of ['source-postgres', 'materialize-sqlite'] as const) {
      this.#orphans.push(...(await run.connectors(name)));
    }
    await run.kill();
    this.#pipeline.start();
    return 'runtime';
  }

  /** A connector's processes; none when it does not come up in time, because its task waits longer to try again. */
  async #untilRunning(name: ConnectorName): Promise<number[]> {
    const total = [...this.kills.values()].reduce((sum, count) => sum + count, 0);
    const isBehind = (this.kills.get(name) ?? 0) < leastShare * total;
    const deadline = performance.now() + (isBehind ? patienceMs.behind : patienceMs.usual);
    for (;;) {
      const pids = await this.#pipeline.run.connectors(name);
      if (pids.length > 0 || performance.now() > deadline) return pids;
      await this.#wait(20);
    }
  }
}

test(
  `[G1] [G2] [G3] ${runs} kills lose nothing, double nothing, and move no checkpoint back`,
  { skip: missingPostgres(18), timeout: 60_000 + runs * 8000 },
  async (context) => {
    context.diagnostic(`WEIR_CRASH_SEED=${seed}`);
    const random = seededRandom(seed);
    await using server = await startPostgres({ version: 18 });
    const workload = new LedgerWorkload(server, random);
    await workload.createTables();
    const source = { advanced: { backfill_chunk_size: 50 } };
    await using pipeline = Pipeline.create({ server, tables: ledgerTables, source });
    using watch = new ProgressWatch(pipeline);
    const killer = new Killer(pipeline, watch, random);
    pipeline.start();
    workload.start(25);
    let firstAfterBackfill: number | undefined;
    const started = performance.now();
    for (let kill = 0; kill < runs; kill += 1) {
      await killer.strike();
      if (firstAfterBackfill !== undefined || watch.active < pipeline.tables.length) continue;
      firstAfterBackfill = workload.next;
      workload.mayView = true;
    }
    const seconds = (performance.now() - started) / 1000;
    await workload.stop();
    const explain = (): string => pipeline.log.slice(-5000);
    if (pipeline.run.hasEnded) pipeline.start();
    await untilEqual(pipeline, () => watch.sample());
    assert.equal(await pipeline.run.stop(), 0, explain());
    context.diagnostic(
      `${JSON.stringify(Object.fromEntries(killer.kills))} in ${seconds.toFixed(0)} s; ` +
        `${workload.transactions} transactions, ${watch.samples} samples, ${watch.moves} moves`,
    );
    for (const victim of ['runtime', 'source-postgres', 'materialize-sqlite', 'postgres'] as const) {
      assert.ok((killer.kills.get(victim) ?? 0) >= (leastShare * runs) / 2, `too few kills of ${victim}`);
    }
    // [G3] was asserted by every sample. That nothing moved would make it worthless.
    assert.ok(watch.moves > runs, `${watch.moves} moves`);
    watch.assertCommittedKept();
    await killer.assertNoOrphans();
    assertNothingDoubled(pipeline);
    assertOrderPerKey(pipeline, 'ledger', 'k', 'seq');
    assertOrderPerKey(pipeline, 'we"ird Täble', 'i d', 's"éq');
    assert.ok(firstAfterBackfill !== undefined, 'the backfill never ended');
    const exact = await assertAppendsOnce(pipeline, 'events', 'id', firstAfterBackfill);
    assert.ok(exact > runs, `${exact} appends were checked exactly`);
    await assertAppendsOnce(pipeline, 'views', 'n', firstAfterBackfill);
  },
);
