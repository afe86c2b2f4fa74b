// kill -9 of the connector and of the runtime while senders try again and again until they are told of success: at each point
// between two effects, and at any time. WEIR_CRASH_RUNS sets the number of kills at any time, WEIR_CRASH_SEED repeats their order.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom, temporaryDirectory, until } from '@weir/testing';
import { IngestRun } from './ingest-run.ts';

const kills = Number(process.env['WEIR_CRASH_RUNS'] ?? 8);
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);
const SENDERS = 4;

/** Sends one number after another, each until it is acknowledged. */
class Sender {
  readonly acknowledged: number[] = [];
  readonly #ingest: IngestRun;
  readonly #path: string;
  readonly #hasId: boolean;
  readonly #first: number;
  tries = 0;

  constructor(ingest: IngestRun, path: string, hasId: boolean, first: number) {
    this.#ingest = ingest;
    this.#path = path;
    this.#hasId = hasId;
    this.#first = first;
  }

  async send(stopped: () => boolean): Promise<void> {
    for (let n = this.#first; !stopped(); n += SENDERS) {
      while (!(await this.#try(n))) await delay(20);
      this.acknowledged.push(n);
    }
  }

  async #try(n: number): Promise<boolean> {
    this.tries += 1;
    const id = this.#hasId ? `id-${n}` : undefined;
    return (await this.#ingest.post(this.#path, `{"n":${n}}`, id)) === 200;
  }
}

test(`[G1] under ${kills} kills, everything that a sender was told is published is in the table (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  await using ingest = await IngestRun.create({ '/named': { hasId: true }, '/unnamed': { hasId: false } });
  const explain = (): string => ingest.log.slice(-4000);
  const senders = Array.from(
    { length: SENDERS },
    (_, index) => new Sender(ingest, index % 2 === 0 ? '/named' : '/unnamed', index % 2 === 0, index),
  );
  const acknowledged = (): number => senders.reduce((sum, each) => sum + each.acknowledged.length, 0);
  let isOver = false;
  ingest.start();
  const sending = Promise.all(senders.map((sender) => sender.send(() => isOver)));
  for (let kill = 0; kill < kills; kill += 1) {
    const before = acknowledged();
    await until('senders hear of success again', () => acknowledged() > before + 10, { explain });
    await delay(random.between(0, 300));
    const connectors = await ingest.run.connectors('source-http-ingest');
    if (random.chance(0.5) && connectors.length > 0) {
      for (const pid of connectors) process.kill(pid, 'SIGKILL');
    } else {
      await ingest.run.kill();
      ingest.start();
    }
  }
  const last = acknowledged();
  await until('senders hear of success after the last kill', () => acknowledged() > last + 10, { explain });
  isOver = true;
  await sending;

  const told = (path: 'named' | 'unnamed'): number[] =>
    senders
      .filter((_, index) => (index % 2 === 0) === (path === 'named'))
      .flatMap((each) => each.acknowledged);
  const numbers = (table: string): Set<number> => new Set(ingest.rows(table).map(({ n }) => n));
  const hasAll = (table: 'named' | 'unnamed'): boolean => {
    const there = numbers(table);
    return told(table).every((n) => there.has(n));
  };
  await until('the tables hold what was acknowledged', () => hasAll('named') && hasAll('unnamed'), {
    explain,
  });
  // With an id, a request that was sent again is there once; nothing is there that was not sent.
  const named = ingest.rows('named');
  assert.equal(named.length, numbers('named').size);
  for (const { id, n } of named) assert.equal(id, `id-${n}`);
  assert.deepEqual(new Set(told('named')), numbers('named'));
  assert.deepEqual(new Set(told('unnamed')), numbers('unnamed'));
  const tries = senders.reduce((sum, each) => sum + each.tries, 0);
  assert.ok(tries > acknowledged(), 'no kill made a sender try again');
});

/** What comes before the commit, and what is the commit or comes behind it. */
const points = {
  'capture.before-checkpoint': 'before',
  'capture.after-checkpoint': 'any',
  'runtime.capture.after-checkpoint': 'before',
  'runtime.capture.before-append': 'before',
  'runtime.capture.after-append': 'before',
  'runtime.capture.after-sync': 'before',
  'runtime.capture.after-commit': 'after',
  'runtime.capture.after-acknowledge': 'after',
} as const;

for (const [point, place] of Object.entries(points)) {
  for (const pass of [1, 2]) {
    test(`[G1] killed at ${point}, pass ${pass}: nobody was told of success before the commit, and nothing told of is lost`, async () => {
      await using ingest = await IngestRun.create({ '/named': { hasId: true } });
      using folder = temporaryDirectory();
      const marker = join(folder.path, 'died');
      const explain = (): string => ingest.log.slice(-4000);
      ingest.start({ WEIR_CRASH_POINT: `${point}:${pass}`, WEIR_CRASH_ONCE: marker });
      const told: number[] = [];
      let inFlight: { readonly n: number; readonly status: number | undefined } | undefined;
      for (let n = 0; inFlight === undefined; n += 1) {
        let status: number | undefined;
        await until(
          `an answer to ${n}, or a kill`,
          async () => {
            status = await ingest.post('/named', `{"n":${n}}`, `id-${n}`);
            return status === 200 || existsSync(marker);
          },
          { explain },
        );
        if (status === 200) told.push(n);
        if (existsSync(marker)) inFlight = { n, status };
      }
      if (place === 'before') assert.notEqual(inFlight.status, 200, 'told of success before the commit');
      await ingest.run.kill();
      ingest.start();
      const numbers = (): number[] => ingest.rows('named').map(({ n }) => n);
      const committed = place === 'after' ? [...told, inFlight.n] : told;
      const isThere = (): boolean => committed.every((n) => numbers().includes(n));
      await until('what was committed is in the table', isThere, { explain });
      // Sent again, it replaces the first.
      const sent = async (): Promise<boolean> =>
        (await ingest.post('/named', `{"n":${inFlight.n}}`, `id-${inFlight.n}`)) === 200;
      await until('success at last', sent, { explain });
      const all = new Set([...told, inFlight.n]);
      await until('the table holds what was sent', () => numbers().length === all.size, { explain });
      assert.deepEqual(new Set(numbers()), all);
    });
  }
}
