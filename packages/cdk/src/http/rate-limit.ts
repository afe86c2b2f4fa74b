// How often an API may be asked. A request passes every limit of its group; those that wait pass in the order in which
// they came. All tasks of a capture share one limiter, so that ten streams are not ten times the rate.

import { type Clock, type Logger, unlessAborted } from '@weir/connector';
import { type Span, spanMs } from '../time/duration.ts';
import { Quota } from './quota.ts';
import type { ResponseHeaders } from './transport.ts';
import { quotaLeft } from './waits.ts';

export interface RateLimit {
  /** Requests that it counts; all when absent. */
  readonly appliesTo?: RegExp;
  readonly kind: 'window' | 'bucket' | 'cost' | 'concurrency';
  readonly count: number;
  readonly spanMs: number;
}

interface LimitOptions {
  /** Of the URL. */
  readonly appliesTo?: RegExp;
}

/** At most `count` requests within any `span`. */
export function movingWindow(count: number, span: Span, options: LimitOptions = {}): RateLimit {
  return { kind: 'window', count, spanMs: spanMs(span), ...options };
}

/** `count` requests at once, and then one each time that `span` / `count` has passed. */
export function tokenBucket(count: number, span: Span, options: LimitOptions = {}): RateLimit {
  return { kind: 'bucket', count, spanMs: spanMs(span), ...options };
}

/**
 * `points` that requests spend, each as much as its `cost` says (1 when it does not), and that come back over `span`. What the
 * API tells of them (`HttpClient.budgetLeft`) corrects the count.
 */
export function costBudget(points: number, span: Span, options: LimitOptions = {}): RateLimit {
  return { kind: 'cost', count: points, spanMs: spanMs(span), ...options };
}

/** What an API tells of a budget. */
export interface BudgetLeft {
  readonly points: number;
  /** How fast they come back, where it says so. */
  readonly perSecond?: number;
}

/** At most `count` requests at the same time. */
export function atOnce(count: number, options: LimitOptions = {}): RateLimit {
  return { kind: 'concurrency', count, spanMs: 0, ...options };
}

/** Longer waits are told of. So often it looks whether an answer has ended one meanwhile. */
const SHORT_MS = 60_000;

export class RateLimiter {
  readonly #gates: readonly Gate[];
  readonly #clock: Clock;
  readonly #log: Logger | undefined;
  readonly #quota = new Quota();
  #blockedUntilMs = 0;
  /** The end of the last wait that was told of. */
  #toldOfMs = 0;
  /** Requests that pass the same gates wait in one line. */
  readonly #lines = new Map<string, Promise<void>>();

  constructor(limits: readonly RateLimit[], clock: Clock, log?: Logger) {
    this.#gates = limits.map((limit) => new Gate(limit));
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when the request may be sent. The function it returns has to be called when it is over. */
  async acquire(url: string, signal: AbortSignal, cost = 1): Promise<() => void> {
    const gates = this.#gates.filter(({ limit }) => limit.appliesTo?.test(url) ?? true);
    const line = gates.map((gate) => this.#gates.indexOf(gate)).join(' ');
    const turn = (this.#lines.get(line) ?? Promise.resolve()).then(() => this.#pass(gates, cost, signal));
    this.#lines.set(
      line,
      turn.then(
        () => undefined,
        () => undefined,
      ),
    );
    return await turn;
  }

  /** No request is sent for so long, which the caller has told of. */
  block(milliseconds: number): void {
    this.#blockUntil(this.#clock.now() + milliseconds);
    this.#toldOfMs = this.#blockedUntilMs;
  }

  #blockUntil(timeMs: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, timeMs);
  }

  /** Slows down on its own accord when an answer says that little is left of a quota. */
  observe(headers: ResponseHeaders): void {
    const now = this.#clock.now();
    const left = quotaLeft(headers, now);
    if (left === undefined) return;
    this.#quota.told(left, now);
    // Another quota, of which the next answer may tell, does not end this wait.
    if (left.requests === 0) this.#blockUntil(now + left.resetMs);
  }

  /** After an answer that told how much is left. */
  budgetLeft(url: string, left: BudgetLeft): void {
    for (const gate of this.#gates) {
      if (gate.limit.kind === 'cost' && (gate.limit.appliesTo?.test(url) ?? true)) {
        gate.correct(this.#clock.now(), left);
      }
    }
  }

  /** Once for each wait, though many wait. */
  #tell(untilMs: number, nowMs: number): void {
    if (this.#toldOfMs === untilMs) return;
    this.#toldOfMs = untilMs;
    this.#log?.warn('the API says that its quota is used up: no request is sent until it begins anew', {
      waitMs: untilMs - nowMs,
      until: new Date(untilMs).toISOString(),
    });
  }

  async #pass(gates: readonly Gate[], cost: number, signal: AbortSignal): Promise<() => void> {
    for (;;) {
      signal.throwIfAborted();
      const now = this.#clock.now();
      const told = Math.max(this.#blockedUntilMs, Math.ceil(this.#quota.freeAtMs(now)));
      const free = Math.max(told, ...gates.map((gate) => gate.freeAtMs(now, cost)));
      if (free === Infinity) {
        await unlessAborted(Promise.race(gates.map((gate) => gate.released())), signal);
      } else if (free > now) {
        if (told > now + SHORT_MS) this.#tell(told, now);
        await this.#clock.until(Math.min(free, now + SHORT_MS), signal);
      } else break;
    }
    const now = this.#clock.now();
    this.#quota.enter(now);
    for (const gate of gates) gate.enter(now, cost);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#quota.leave();
      for (const gate of gates) gate.leave(cost);
    };
  }
}

class Gate {
  readonly limit: RateLimit;
  /** Of a window: when the last `count` requests were sent. */
  #sent: number[] = [];
  /** Of a bucket or a budget: when it is full again. */
  #fullAtMs = 0;
  /** Of a budget: how long a point takes to come back. */
  #pointMs: number;
  /** Of a budget: what the requests cost that are under way. */
  #spending = 0;
  #running = 0;
  #released = Promise.withResolvers<void>();

  constructor(limit: RateLimit) {
    this.limit = limit;
    this.#pointMs = limit.spanMs / limit.count;
  }

  /** When one more may pass; Infinity: when another one is over. */
  freeAtMs(nowMs: number, cost: number): number {
    const { kind, count, spanMs: span } = this.limit;
    switch (kind) {
      case 'window': {
        const oldest = this.#sent[0];
        return this.#sent.length < count || oldest === undefined ? nowMs : oldest + span;
      }
      case 'bucket':
        // Each request takes span / count to come back.
        return Math.ceil(this.#fullAtMs - span + span / count);
      case 'cost':
        // One that costs more than there ever is passes when everything is there.
        return Math.ceil(this.#fullAtMs - Math.max(count - cost, 0) * this.#pointMs);
      case 'concurrency':
        return this.#running < count ? nowMs : Infinity;
    }
  }

  enter(nowMs: number, cost: number): void {
    const { kind, count, spanMs: span } = this.limit;
    this.#running += 1;
    if (kind === 'window') {
      this.#sent.push(nowMs);
      if (this.#sent.length > count) this.#sent.shift();
    } else if (kind === 'bucket') this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + span / count;
    else if (kind === 'cost') {
      this.#spending += cost;
      this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + cost * this.#pointMs;
    }
  }

  /** What is under way may not have been counted by the API yet. */
  correct(nowMs: number, { points, perSecond }: BudgetLeft): void {
    if (perSecond !== undefined && perSecond > 0) this.#pointMs = 1000 / perSecond;
    this.#fullAtMs = nowMs + Math.max(this.limit.count - points + this.#spending, 0) * this.#pointMs;
  }

  leave(cost: number): void {
    this.#running -= 1;
    if (this.limit.kind === 'cost') this.#spending -= cost;
    this.#released.resolve();
    this.#released = Promise.withResolvers<void>();
  }

  released(): Promise<void> {
    return this.limit.kind === 'concurrency' ? this.#released.promise : new Promise(() => undefined);
  }
}
