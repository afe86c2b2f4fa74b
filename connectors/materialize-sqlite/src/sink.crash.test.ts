// Kills of the process, at every crash point and at random ones, and two processes over one file: afterwards the tables are
// the fold of the journal up to the checkpoint beside them. WEIR_CRASH_RUNS sets the number of random ones, WEIR_CRASH_SEED
// repeats a sequence of them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  countedIn,
  eventsTable,
  foldOf,
  ledgerTable,
  openChecked,
  SeededRandom,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@weir/testing';
import { Sink } from '../test/sink.ts';
import { CRASH_POINTS } from './crash-points.ts';

const kills = Math.ceil(Number(process.env['WEIR_CRASH_RUNS'] ?? 16) / 2);
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

class Ledger implements Disposable {
  readonly #folder: TemporaryDirectory = temporaryDirectory();
  readonly path = join(this.#folder.path, 'ledger.db');

  get sink(): Sink {
    return Sink.at(this.path, { hardDelete: true });
  }

  /** A process that takes transactions; ended with a line of its output, its exit status or the signal. */
  start(until: number, crashPoint?: string) {
    const spec = this.sink.spec(ledgerTable, eventsTable);
    const task = JSON.stringify({ config: { path: this.path, hardDelete: true }, spec, until });
    const child = spawn(process.execPath, [join(import.meta.dirname, '../test/ledger-child.ts'), task], {
      env: { ...process.env, ...(crashPoint === undefined ? {} : { WEIR_CRASH_POINT: crashPoint }) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text));
    const ended = once(child, 'close').then(([status, signal]) => ({
      how: (status as number | null) ?? (signal as NodeJS.Signals),
      code: output.trim().split('\n').at(-1) ?? '',
    }));
    return { ended, kill: () => child.kill('SIGKILL'), isOpen: once(child.stdout, 'data') };
  }

  /** Asserts that the tables are what the checkpoint says; returns that. */
  async check(what: string): Promise<number> {
    const sink = this.sink;
    sink.last = sink.spec(ledgerTable, eventsTable);
    const subject = { open: async () => sink.open(), found: () => countedIn(sink) };
    const { session, offset } = await openChecked(subject, what);
    await session[Symbol.asyncDispose]();
    return offset;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

for (const point of CRASH_POINTS) {
  test(`[G2] a connector that dies at ${point} is followed by one that goes on from what was committed`, async () => {
    using ledger = new Ledger();
    for (const pass of /applying|fence-installed/.test(point) ? [1] : [1, 4]) {
      assert.equal((await ledger.start(12, `${point}:${pass}`).ended).how, 'SIGKILL');
      // Until an Apply has been whole there are no tables.
      if (!point.endsWith('applying')) await ledger.check(`${point}:${pass}`);
    }
    assert.equal((await ledger.start(12).ended).how, 0);
    assert.deepEqual(await countedIn(ledger.sink), foldOf(12));
  });
}

test(
  `[G2] ${kills} kills at any moment lose nothing and double nothing`,
  { timeout: 120_000 + kills * 4000 },
  async (context) => {
    const random = new SeededRandom(seed);
    using ledger = new Ledger();
    let offset = 0;
    for (let run = 0; run < kills; run += 1) {
      const child = ledger.start(1_000_000);
      await child.isOpen;
      await delay(random.next() * 50);
      child.kill();
      assert.equal((await child.ended).how, 'SIGKILL');
      const now = await ledger.check(`after kill ${run}`);
      assert.ok(now >= offset);
      offset = now;
    }
    context.diagnostic(`WEIR_CRASH_SEED=${seed}, ${kills} kills, ${offset} transactions`);
    assert.ok(offset > kills);
  },
);

test('[G5] two processes that fight for one file never write over each other', async (context) => {
  using ledger = new Ledger();
  let refusals = 0;
  const fight = async (): Promise<void> => {
    for (;;) {
      const { how, code } = await ledger.start(600).ended;
      if (how === 0) return;
      assert.equal(code, 'SQL_FENCED_OFF');
      refusals += 1;
    }
  };
  await Promise.all([fight(), fight()]);
  context.diagnostic(`${refusals} times fenced off`);
  assert.ok(refusals > 0);
  assert.equal(await ledger.check('after the fight'), 600);
});
