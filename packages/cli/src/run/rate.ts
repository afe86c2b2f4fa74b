// A rate over the last few seconds, from counters that only rise.

export class Rate {
  readonly #windowMs: number;
  readonly #samples: { readonly atMs: number; readonly total: number }[] = [];

  constructor(windowMs: number = 5000) {
    this.#windowMs = windowMs;
  }

  add(total: number, atMs: number): void {
    this.#samples.push({ atMs, total });
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) >= this.#windowMs)
      this.#samples.shift();
  }

  perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return ((last.total - first.total) * 1000) / (last.atMs - first.atMs);
  }
}
