// Random numbers that a seed repeats, on every machine (Mulberry32).

export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer, both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.between(0, choices.length - 1)];
    if (choice === undefined) throw new Error('nothing to pick from');
    return choice;
  }

  list<T>(fewest: number, most: number, make: () => T): T[] {
    return Array.from({ length: this.between(fewest, most) }, make);
  }

  /** Both ends included. Small numbers are as likely as large ones: the number of bits is drawn first. */
  bigint(low: bigint, high: bigint): bigint {
    if (this.chance(0.1)) return this.pick([low, high]);
    let bits = 0n;
    for (let index = 0; index < 4; index += 1) bits = (bits << 32n) | BigInt(this.between(0, 0xffff_ffff));
    const size = bits >> BigInt(this.between(0, 127));
    const value = low < 0n && this.chance(0.5) ? -size : size;
    const span = high - low + 1n;
    return low + ((((value - low) % span) + span) % span);
  }
}
