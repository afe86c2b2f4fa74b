// Whether a key has to be loaded: not for delta updates, not twice in a transaction, and not when it is greater than
// every key ever stored, because then it cannot exist in the destination.
//
// Keys are compared as strings with one character per byte, which is the order of packed keys.

/** Greater than every packed key: 0xFF never begins one. */
export const loadEverything = '\u00ff';

export class LoadDecision {
  readonly #optimized: boolean;
  /** Keys that were asked for in this transaction, and whether their document has come. */
  #asked = new Map<string, boolean>();
  /** The greatest key of all earlier transactions. */
  #maximum: string;
  #nextMaximum: string;

  /**
   * `maximum`: '' for a new binding (nothing can exist), `loadEverything` when nothing is known.
   * `optimized`: false loads every key.
   */
  constructor(maximum: string, optimized: boolean) {
    this.#maximum = maximum;
    this.#nextMaximum = maximum;
    this.#optimized = optimized;
  }

  /** Called once per source document, in order. */
  mustLoad(key: string): boolean {
    if (key > this.#nextMaximum) this.#nextMaximum = key;
    // Such a key is not loaded however often it comes: it need not be remembered.
    if (this.#optimized && key > this.#maximum) return false;
    if (this.#asked.has(key)) return false;
    this.#asked.set(key, false);
    return true;
  }

  /** The destination's document of a key has come. False when nobody asked for it, or it came before. */
  answered(key: string): boolean {
    if (this.#asked.get(key) !== false) return false;
    this.#asked.set(key, true);
    return true;
  }

  /** What the maximum will be when this transaction is stored; undefined when it did not change. */
  get grown(): string | undefined {
    return this.#nextMaximum === this.#maximum ? undefined : this.#nextMaximum;
  }

  /** The transaction is complete: its keys may exist from now on. */
  endTransaction(): void {
    this.#maximum = this.#nextMaximum;
    this.#asked = new Map();
  }
}
