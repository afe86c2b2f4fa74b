// Choices that follow from a seed. Everything that chooses concurrently has dice of its own, so that what one of them
// gets does not hang on how fast another one is.

import { SeededRandom } from '@weir/testing';

export class Dice extends SeededRandom {
  constructor(seed: number) {
    super(seed);
    this.next();
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Each choice as often as its weight says. */
  weighted<T>(choices: readonly [readonly [weight: number, choice: T], ...(readonly [number, T])[]]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return choices[0][1];
  }

  /** Other dice, for somebody else. */
  fork(): Dice {
    return new Dice(this.below(2 ** 31));
  }
}
