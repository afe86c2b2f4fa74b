// Byte strings, one behind the other in large slabs that are kept for the next transaction: a hundred thousand documents
// are a few dozen objects to the garbage collector, and memory is the same from transaction to transaction. Slabs that
// later transactions do not need are given back by and by.
//
// Invariant: what was put in stays where it is until `clear`, and is overwritten some time after it.

const slabBytes = 1 << 20;

export class ByteArena {
  /** Some hold one thing that is too large for the others. */
  #slabs: Buffer[] = [];
  #current = -1;
  #at = slabBytes;

  /** The slab of the place that was reserved last, and where it begins there. */
  get slab(): number {
    return this.#current;
  }

  /** Finds room for `length` bytes in one slab, and returns the offset at which they begin. */
  reserve(length: number): number {
    const slab = this.#slabs[this.#current];
    if (slab === undefined || this.#at + length > slab.length) this.#next(length);
    const start = this.#at;
    this.#at += length;
    return start;
  }

  bytes(slab: number): Buffer {
    const found = this.#slabs[slab];
    if (found === undefined) throw new RangeError(`no slab ${slab}`);
    return found;
  }

  /** A copy that is valid until `clear`. */
  copy(source: Buffer): Buffer {
    const start = this.reserve(source.length);
    const slab = this.bytes(this.#current);
    source.copy(slab, start);
    return slab.subarray(start, start + source.length);
  }

  clear(): void {
    const kept = Math.max(this.#current + 1, this.#slabs.length >> 1);
    this.#slabs = this.#slabs.slice(0, kept).filter(({ length }) => length === slabBytes);
    this.#current = -1;
    this.#at = slabBytes;
  }

  #next(length: number): void {
    this.#current += 1;
    this.#at = 0;
    const next = this.#slabs[this.#current];
    if (next !== undefined && next.length >= length) return;
    const slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, length));
    // Before a slab that is too small.
    this.#slabs.splice(this.#current, 0, slab);
  }
}
