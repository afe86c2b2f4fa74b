// The quota of requests that an API tells of in its answers. It is not run into: requests that are under way are counted
// too, as the answer of another one may not know of them, and once less than a tenth is left, what is left is spread over the
// time until the quota begins anew. So a capture slows down, and others who share the quota keep some of it. What is said of the
// time may be wrong, so no such pause is long: only of a quota that is used up is the end waited for.

import type { QuotaLeft } from './waits.ts';

/** Below this share of the quota, requests are spread. */
const SCARCE = 0.1;
const LONGEST_PAUSE_MS = 60_000;

export class Quota {
  #left = Infinity;
  #of: number | undefined;
  /** When it begins anew. */
  #endsMs = 0;
  /** When the last request was sent, and when the next one may be. */
  #lastMs = 0;
  #nextMs = 0;
  #running = 0;

  /** An answer said so; its request counts as running. */
  told({ requests, of, resetMs }: QuotaLeft, nowMs: number): void {
    this.#left = requests - Math.max(this.#running - 1, 0);
    this.#of = of;
    this.#endsMs = nowMs + resetMs;
    // A pause that another quota asked for is over, also where answers tell now of this one and now of that.
    this.#space();
  }

  /** When one more request may be sent. */
  freeAtMs(nowMs: number): number {
    if (nowMs >= this.#endsMs) return nowMs;
    return this.#left < 1 ? this.#endsMs : this.#nextMs;
  }

  enter(nowMs: number): void {
    this.#running += 1;
    this.#lastMs = nowMs;
    if (nowMs >= this.#endsMs) return;
    this.#left -= 1;
    this.#space();
  }

  #space(): void {
    const isScarce = this.#of !== undefined && this.#left < this.#of * SCARCE;
    const share = (this.#endsMs - this.#lastMs) / (Math.max(this.#left, 0) + 1);
    this.#nextMs = isScarce ? this.#lastMs + Math.min(share, LONGEST_PAUSE_MS) : this.#lastMs;
  }

  leave(): void {
    this.#running -= 1;
  }
}
