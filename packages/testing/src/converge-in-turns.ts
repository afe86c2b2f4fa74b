// Convergence of a connector with many streams: each seed captures some of them together, and all of them have their turn.

import assert from 'node:assert/strict';
import { type ApiConvergence, convergeApi } from '@weir/cdk/testing';
import { SeededRandom } from './seeded-random.ts';

export interface InTurns extends Omit<ApiConvergence, 'random'> {
  /** So many streams are captured together. */
  readonly together: number;
  /** 50 when absent. Twice WEIR_CRASH_RUNS where that is set; WEIR_CRASH_SEED begins with another one. */
  readonly seeds?: number;
}

const runs = process.env['WEIR_CRASH_RUNS'];
const firstSeed = Number(process.env['WEIR_CRASH_SEED'] ?? '1');

/** Throws where the collection of a stream does not end equal to its table, or a stream never had its turn. */
export async function convergeInTurns({ together, seeds = 50, streams, ...world }: InTurns): Promise<void> {
  const count = runs === undefined ? seeds : 2 * Number(runs);
  const names = Object.keys(streams);
  const captured = new Set<string>();
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const turn = Array.from(
      { length: together },
      (_, at) => names[(seed * together + at) % names.length] ?? '',
    );
    const some = Object.fromEntries(turn.map((name) => [name, streams[name] ?? '']));
    const converged = await convergeApi({ ...world, streams: some, random: new SeededRandom(seed) });
    for (const { name, captured: rows, expected } of converged.streams) {
      assert.deepEqual(rows, expected, `${name}, seed ${seed}`);
      captured.add(name);
    }
  }
  assert.ok(captured.size === names.length || count * together < names.length);
}
