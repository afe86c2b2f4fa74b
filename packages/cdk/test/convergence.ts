// One run of the property: a capture of a world that changes, killed between two lines of its output and started again
// from what was committed, again and again, ends with the world's own rows.

import type { Logger } from '@weir/connector';
import { SeededRandom } from '@weir/testing';
import type { JsonObject } from '@weir/schema/json';
import type { ApiBinding } from '../src/engine/api-binding.ts';
import { runApiCapture } from '../src/engine/engine.ts';
import type { Stream } from '../src/engine/stream.ts';
import { Committed, Crash, CrashingOutput } from '../src/testing/crashing-output.ts';
import { reducedCollection } from '../src/testing/reduced-collection.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { parseCron } from '../src/time/cron.ts';
import { ScriptedWorld } from './scripted-world.ts';
import { numbered, snapshotted, tokened, windowed } from './world-streams.ts';

export const STREAMS = ['windowed', 'numbered', 'tokened', 'snapshotted', 'twoParts', 'scheduled'] as const;
export type StreamName = (typeof STREAMS)[number];

const BEGIN_MS = Date.parse('2024-05-05T05:00:00Z');
const CHANGES_MS = 90_000;
const KILLS_BEYOND_MS = 60_000;
const SETTLE_MS = 300_000;

const silent: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  status: () => undefined,
  with: () => silent,
};

export interface Outcome {
  readonly captured: readonly JsonObject[];
  readonly expected: readonly JsonObject[];
  readonly sessions: number;
  readonly checkpoints: number;
}

/** `lagMs`: how late rows the windowed streams reckon with; less than the world has breaks the property. */
export async function converge(name: StreamName, seed: number, lagMs?: number): Promise<Outcome> {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock(BEGIN_MS);
  const world = new ScriptedWorld(random, clock, BEGIN_MS + CHANGES_MS);
  const key = name === 'snapshotted' ? ['/_meta/row_id'] : ['/id'];
  const stream = streamOf(name, world, random, lagMs);
  const binding: ApiBinding = {
    index: 0,
    name,
    stateKey: `${name}.v1`,
    key,
    stream,
    intervalMs: random.pick([0, 1000, 7000, 20_000]) + 500,
    schedule: name === 'scheduled' ? parseCron('* * * * *') : undefined,
  };
  const committed = new Committed();
  let sessions = 0;
  const killsEndMs = BEGIN_MS + CHANGES_MS + KILLS_BEYOND_MS;
  while (clock.now() < killsEndMs) {
    sessions += 1;
    const lines = random.pick([0, 1, 2, 3, 5, 8, 13, 30, 100, Infinity]);
    await session(binding, committed, clock, killsEndMs, lines);
    await clock.run(clock.until(clock.now() + 1000, new AbortController().signal));
  }
  // The last one lives, and has time to catch up.
  while (clock.now() < killsEndMs + SETTLE_MS) {
    sessions += 1;
    await session(binding, committed, clock, killsEndMs + SETTLE_MS, Infinity);
  }
  const captured = reducedCollection(committed.documents, 0, key);
  const hidesDeletions = name === 'windowed' || name === 'twoParts' || name === 'scheduled';
  return {
    captured: withoutGone([...captured.values()], world, hidesDeletions),
    expected: [...world.table().values()].sort(byId),
    sessions,
    checkpoints: committed.checkpoints,
  };
}

async function session(
  binding: ApiBinding,
  committed: Committed,
  clock: VirtualClock,
  endMs: number,
  lines: number,
): Promise<void> {
  const ending = new AbortController();
  const output = new CrashingOutput(committed, lines, () => ending.abort(new Crash('killed')));
  const { signal } = ending;
  const timer = clock.until(endMs, signal).then(
    () => ending.abort(new DOMException('the end', 'AbortError')),
    () => undefined,
  );
  const { state } = committed;
  const capture = runApiCapture({ bindings: [binding], state, output, clock, log: silent, signal });
  await clock.run(
    capture.catch((failure: unknown) => {
      if (!(failure instanceof Crash)) throw failure;
    }),
  );
  ending.abort();
  await timer;
}

function streamOf(
  name: StreamName,
  world: ScriptedWorld,
  random: SeededRandom,
  lagMs: number | undefined,
): Stream {
  const options = lagMs === undefined ? {} : { lagMs };
  switch (name) {
    case 'windowed':
    case 'scheduled':
      return { kind: 'changes', parts: { only: windowed(world, random, options) } };
    case 'numbered':
      return { kind: 'changes', parts: { only: numbered(world) } };
    case 'tokened':
      return { kind: 'changes', parts: { only: tokened(world, random) } };
    case 'snapshotted':
      return { kind: 'snapshot', parts: { only: snapshotted(world) } };
    case 'twoParts': {
      const half = (rest: number) => windowed(world, random, { ...options, keeps: (id) => id % 2 === rest });
      return { kind: 'changes', parts: { named: { even: half(0), odd: half(1) } } };
    }
  }
}

/** A filter by time shows no deletions: rows that are gone stay in the collection, and are left out of the comparison. */
function withoutGone(
  rows: readonly JsonObject[],
  world: ScriptedWorld,
  hidesDeletions: boolean,
): JsonObject[] {
  const table = world.table();
  const kept = hidesDeletions ? rows.filter(({ id }) => table.has(`[${Number(id)}]`)) : [...rows];
  return kept.sort(byId);
}

function byId(left: JsonObject, right: JsonObject): number {
  return Number(left['id']) - Number(right['id']);
}
