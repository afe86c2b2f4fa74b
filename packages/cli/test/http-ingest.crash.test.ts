// kill -9 of the connector and of the runtime while senders try again and again until they are told of success.
// WEIR_CRASH_RUNS sets the number of kills, WEIR_CRASH_SEED repeats their order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom, until } from '@weir/testing';
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
