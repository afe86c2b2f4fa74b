// The property of convergence: a capture is killed, or asked to stop, between any two lines of its output and started again
// from what was committed, again and again, while what it reads changes; then it lives, and has time to catch up.

import type { CaptureOutput } from '@weir/capture';
import type { JsonObject } from '@weir/schema/json';
import { Committed, Crash, CrashingOutput, type Ending } from './crashing-output.ts';
import type { TestRandom } from './test-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface KilledCapture {
  readonly clock: VirtualClock;
  readonly random: TestRandom;
  /** What was committed before; nothing when absent. */
  readonly state?: JsonObject;
  /** Nothing is killed after this time. */
  readonly killsEndMs: number;
  /** How long the last session lives. */
  readonly settleMs: number;
  /** One session, until the signal is aborted. */
  readonly run: (state: JsonObject, output: CaptureOutput, signal: AbortSignal) => Promise<void>;
  /** Between two sessions. */
  readonly onRestart?: () => void;
}

export interface Survived {
  readonly committed: Committed;
  readonly sessions: number;
}

/** Lines after which a session ends; endless: at the end of the kills. */
const LINES = [0, 1, 2, 3, 5, 8, 13, 30, 100, Infinity] as const;
/** Every fifth one is asked to. */
const ENDINGS: readonly Ending[] = ['killed', 'killed', 'killed', 'killed', 'stopped'];

export async function surviveKills(capture: KilledCapture): Promise<Survived> {
  const { clock, random, killsEndMs, settleMs, onRestart } = capture;
  const committed = new Committed();
  committed.state = capture.state ?? {};
  let sessions = 0;
  while (clock.now() < killsEndMs) {
    sessions += 1;
    await oneSession(capture, committed, killsEndMs, random.pick(LINES), random.pick(ENDINGS));
    onRestart?.();
    await clock.run(clock.until(clock.now() + 1000, new AbortController().signal));
  }
  // A session may end by itself, when a backfill is due.
  while (clock.now() < killsEndMs + settleMs) {
    sessions += 1;
    await oneSession(capture, committed, killsEndMs + settleMs, Infinity, 'stopped');
  }
  return { committed, sessions };
}

async function oneSession(
  { clock, run }: KilledCapture,
  committed: Committed,
  endMs: number,
  lines: number,
  kind: Ending,
): Promise<void> {
  const ending = new AbortController();
  const stop = (): void => ending.abort(new DOMException('the end', 'AbortError'));
  const kill = (): void => ending.abort(new Crash('killed'));
  const output = new CrashingOutput(committed, lines, kind === 'killed' ? kill : stop, kind);
  const { signal } = ending;
  const timer = clock.until(endMs, signal).then(stop, () => undefined);
  await clock.run(
    run(committed.state, output, signal).catch((failure: unknown) => {
      if (!(failure instanceof Crash) && failure !== signal.reason) throw failure;
    }),
  );
  ending.abort();
  await timer;
}
