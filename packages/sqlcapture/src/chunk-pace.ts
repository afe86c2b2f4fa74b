// How long the chunks of a table are. One that made checkpoints of others wait is followed by a shorter one, and one
// that did not by a longer one, up to the usual length. What a chunk costs before its first row is the floor: much
// shorter chunks would be nothing but beginnings. Chunks that nothing waits for may be longer than usual: the server is
// idle between two of them.

/** A chunk that makes others wait should take no longer than this… */
const TARGET_MS = 30;
/** …or than so many times what it takes to begin one. */
const BEGINNINGS = 6;
const SMALLEST_SHARE = 1 / 256;
/** Of a chunk that is longer than usual, about: a table is looked at anew before each, and its snapshot is as old. */
const LONG_MS = 1000;
/** However fast rows come, or chunks are cut off: a limit of rows has to remain a number that the server takes. */
const LARGEST_SHARE = 64;

export interface ChunkTimes {
  /** Until the first row. */
  readonly beginningMs: number;
  readonly durationMs: number;
  readonly wasInTheWay: boolean;
  /** Nothing would have waited for it had it been longer. */
  readonly mayBeLonger: boolean;
}

export class ChunkPace {
  readonly #shares = new Map<number, number>();

  /** Of a usual chunk; more than 0. */
  share(table: number): number {
    return this.#shares.get(table) ?? 1;
  }

  took(table: number, { beginningMs, durationMs, wasInTheWay, mayBeLonger }: ChunkTimes): void {
    const share = this.share(table);
    const wantedMs = Math.max(TARGET_MS, BEGINNINGS * beginningMs);
    const factor = wasInTheWay ? Math.min(1, Math.max(1 / 8, wantedMs / durationMs)) : 2;
    const longest = mayBeLonger ? Math.min(LARGEST_SHARE, Math.max(1, (share * LONG_MS) / durationMs)) : 1;
    this.#shares.set(table, Math.min(longest, Math.max(SMALLEST_SHARE, share * factor)));
  }
}
