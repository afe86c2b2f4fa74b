// One run of the property: a capture of a world that changes, killed between two lines of its output and started again
// from what was committed, again and again, ends with the world's own rows.

import { SeededRandom } from '@weir/testing';
import type { JsonObject } from '@weir/schema/json';
import type { ApiBinding } from '../src/engine/api-binding.ts';
import { runApiCapture } from '../src/engine/engine.ts';
import type { Stream } from '../src/engine/stream.ts';
import { reducedCollection } from '../src/testing/reduced-collection.ts';
import { ScriptedTable } from '../src/testing/scripted-table.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { surviveKills } from '../src/testing/survive-kills.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { parseCron } from '../src/time/cron.ts';
import { numbered, snapshotted, tokened, windowed } from './world-streams.ts';

export const STREAMS = [
  'windowed',
  'numbered',
  'tokened',
  'snapshotted',
  'keyed',
  'twoParts',
  'scheduled',
] as const;
export type StreamName = (typeof STREAMS)[number];

const BEGIN_MS = Date.parse('2024-05-05T05:00:00Z');
const CHANGES_MS = 90_000;
const KILLS_BEYOND_MS = 60_000;
const SETTLE_MS = 300_000;

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
  const world = new ScriptedTable(random, clock, { changesUntilMs: BEGIN_MS + CHANGES_MS });
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
  const { committed, sessions } = await surviveKills({
    clock,
    random,
    killsEndMs: BEGIN_MS + CHANGES_MS + KILLS_BEYOND_MS,
    settleMs: SETTLE_MS,
    run: (state, output, signal) =>
      runApiCapture({ bindings: [binding], state, output, clock, log: silentLog, signal }),
  });
  const captured = reducedCollection(committed.documents, 0, key);
  const hidesDeletions = name === 'windowed' || name === 'twoParts' || name === 'scheduled';
  return {
    captured: withoutGone([...captured.values()], world, hidesDeletions),
    expected: [...world.table().values()].sort(byId),
    sessions,
    checkpoints: committed.checkpoints,
  };
}

function streamOf(
  name: StreamName,
  world: ScriptedTable,
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
    case 'keyed':
      return { kind: 'snapshot', parts: { only: snapshotted(world, ['/id']) } };
    case 'twoParts': {
      const half = (rest: number) => windowed(world, random, { ...options, keeps: (id) => id % 2 === rest });
      const atOnce = random.pick([{}, { atOnce: 1 }]);
      return { kind: 'changes', parts: { named: { even: half(0), odd: half(1) } }, ...atOnce };
    }
  }
}

/** A filter by time shows no deletions: rows that are gone stay in the collection, and are left out of the comparison. */
function withoutGone(
  rows: readonly JsonObject[],
  world: ScriptedTable,
  hidesDeletions: boolean,
): JsonObject[] {
  const table = world.table();
  const kept = hidesDeletions ? rows.filter(({ id }) => table.has(`[${Number(id)}]`)) : [...rows];
  return kept.sort(byId);
}

function byId(left: JsonObject, right: JsonObject): number {
  return Number(left['id']) - Number(right['id']);
}
