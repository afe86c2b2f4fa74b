// The quota of requests that an API tells of in its answers. It is not run into: requests that are under way are counted
// too, as the answer of another one may not know of them, and once less than a tenth is left, what is left is spread over the
// time until the quota begins anew. So a capture slows down, and others who share the quota keep some of it.

import type { QuotaLeft } from './waits.ts';

/** Below this share of the quota, requests are spread. */
const SCARCE = 0.1;

export class Quota {
  #left = Infinity;
  #of: number | undefined;
  /** When it begins anew. */
  #endsMs = 0;
  #nextMs = 0;
  #running = 0;

  /** An answer said so; its request counts as running. */
  told({ requests, of, resetMs }: QuotaLeft, nowMs: number): void {
    this.#left = requests - Math.max(this.#running - 1, 0);
    this.#of = of;
    this.#endsMs = nowMs + resetMs;
  }

  /** When one more request may be sent. */
  freeAtMs(nowMs: number): number {
    if (nowMs >= this.#endsMs) return nowMs;
    return this.#left < 1 ? this.#endsMs : this.#nextMs;
  }

  enter(nowMs: number): void {
    this.#running += 1;
    if (nowMs >= this.#endsMs) return;
    this.#left -= 1;
    const isScarce = this.#of !== undefined && this.#left < this.#of * SCARCE;
    this.#nextMs = isScarce ? nowMs + (this.#endsMs - nowMs) / (this.#left + 1) : nowMs;
  }

  leave(): void {
    this.#running -= 1;
  }
}
