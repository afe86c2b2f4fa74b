// A rate over the last few seconds, from increments. Increments within one quarter of a second share a bucket, so that
// a busy task keeps no more than a few dozen.

const bucketMs = 250;

export class Rate {
  readonly #windowMs: number;
  readonly #startedMs: number;
  readonly #buckets: { readonly fromMs: number; amount: number }[] = [];

  constructor(startedMs: number, windowMs: number = 5000) {
    this.#startedMs = startedMs;
    this.#windowMs = windowMs;
  }

  add(amount: number, nowMs: number): void {
    const last = this.#buckets.at(-1);
    if (last !== undefined && nowMs - last.fromMs < bucketMs) last.amount += amount;
    else this.#buckets.push({ fromMs: nowMs, amount });
    this.#forget(nowMs);
  }

  perSecond(nowMs: number): number {
    this.#forget(nowMs);
    const total = this.#buckets.reduce((sum, { amount }) => sum + amount, 0);
    const spanMs = Math.max(Math.min(this.#windowMs, nowMs - this.#startedMs), 1000);
    return (total * 1000) / spanMs;
  }

  #forget(nowMs: number): void {
    while (this.#buckets[0] !== undefined && this.#buckets[0].fromMs < nowMs - this.#windowMs) {
      this.#buckets.shift();
    }
  }
}
