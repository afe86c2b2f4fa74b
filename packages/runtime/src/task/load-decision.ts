// Whether a key has to be loaded: not for delta updates, not twice in a transaction, and not when it is greater than
// every key ever stored, because then it cannot exist in the destination.

import type { ByteRange } from '../combine/byte-range.ts';

/** Greater than every packed key: 0xFF never begins one. */
export const loadEverything: Buffer = Buffer.of(0xff);

export class LoadDecision {
  readonly #optimized: boolean;
  /** Keys that were asked for in this transaction, one character per byte, and whether their document has come. */
  #asked = new Map<string, boolean>();
  /** The greatest key of all earlier transactions. */
  #maximum: Buffer;
  /** Begins with the greatest key. */
  #greatest: Buffer;
  #greatestLength: number;
  #isGrown = false;

  /**
   * `maximum`: empty for a new binding (nothing can exist), `loadEverything` when nothing is known.
   * `optimized`: false loads every key.
   */
  constructor(maximum: Buffer, optimized: boolean) {
    this.#maximum = maximum;
    this.#greatest = Buffer.from(maximum);
    this.#greatestLength = maximum.length;
    this.#optimized = optimized;
  }

  /** Called once per source document, in order, with its packed key. */
  mustLoad(key: ByteRange): boolean {
    const isGreatest = key.compare(this.#greatest, 0, this.#greatestLength) > 0;
    if (isGreatest) this.#grow(key);
    // Such a key is not loaded however often it comes: it need not be remembered.
    if (this.#optimized && (isGreatest || key.compare(this.#maximum, 0, this.#maximum.length) > 0))
      return false;
    const text = key.latin1();
    if (this.#asked.has(text)) return false;
    this.#asked.set(text, false);
    return true;
  }

  /** The destination's document of a key has come. False when nobody asked for it, or it came before. */
  answered(key: ByteRange): boolean {
    const text = key.latin1();
    if (this.#asked.get(text) !== false) return false;
    this.#asked.set(text, true);
    return true;
  }

  /** What the maximum will be when this transaction is stored; undefined when it did not change. */
  get grown(): Buffer | undefined {
    return this.#isGrown ? Buffer.from(this.#greatest.subarray(0, this.#greatestLength)) : undefined;
  }

  /** The transaction is complete: its keys may exist from now on. */
  endTransaction(): void {
    this.#maximum = this.grown ?? this.#maximum;
    this.#isGrown = false;
    this.#asked = new Map();
  }

  #grow(key: ByteRange): void {
    if (key.length > this.#greatest.length) this.#greatest = Buffer.allocUnsafe(2 * key.length);
    key.copyTo(this.#greatest, 0);
    this.#greatestLength = key.length;
    this.#isGrown = true;
  }
}
