// The positions of checkpoints written and not yet acknowledged, oldest first. The source may only forget what has
// been acknowledged, so nothing but this queue decides how far a slot moves.

import type { Position } from './database.ts';

export class PendingCheckpoints {
  #positions: (Position | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#positions.length - this.#head;
  }

  /** A checkpoint without a position (before the stream exists) still takes its place in the queue. */
  push(position: Position | undefined): void {
    this.#positions.push(position);
  }

  /** The last position among the `count` oldest checkpoints, which are removed; undefined when none of them had one. */
  acknowledge(count: number): Position | undefined {
    let last: Position | undefined;
    const end = Math.min(this.#head + Math.max(count, 1), this.#positions.length);
    for (; this.#head < end; this.#head += 1) {
      last = this.#positions[this.#head] ?? last;
      this.#positions[this.#head] = undefined;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#positions.length) {
      this.#positions = this.#positions.slice(this.#head);
      this.#head = 0;
    }
    return last;
  }
}
