// Where texts end that lie one behind another in a buffer. The list is used again and again: as arrays of the heap that live
// while a megabyte passes, the lists of a long body became old, and the heap grew by a fifth before it was looked through.

export class EndList {
  #ends = new Uint32Array(1 << 8);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(end: number): void {
    if (this.#count === this.#ends.length) {
      const longer = new Uint32Array(2 * this.#count);
      longer.set(this.#ends);
      this.#ends = longer;
    }
    this.#ends[this.#count] = end;
    this.#count += 1;
  }

  /** Valid until it is reset. */
  view(): Uint32Array {
    return this.#ends.subarray(0, this.#count);
  }

  reset(): void {
    this.#count = 0;
  }
}
