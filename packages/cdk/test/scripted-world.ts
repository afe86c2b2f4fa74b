// An API in memory that changes while it is read: several rows in one tick, rows that become visible late, rows that
// leave a window between two of its pages, deletions. Time is virtual and each answer takes some of it.

import type { JsonObject } from '@weir/schema/json';
import type { SeededRandom } from '@weir/testing';
import { Instant } from '../src/time/instant.ts';
import type { VirtualClock } from '../src/testing/virtual-clock.ts';

export const TICK_NS = 1_000_000_000n;
/** No row becomes visible later than this after its time. */
export const LATEST_MS = 4000;

interface Version {
  readonly row: JsonObject;
  readonly updatedAt: Instant;
  readonly visibleAtMs: number;
  readonly isDeleted: boolean;
}

export interface LogEntry {
  readonly sequence: bigint;
  readonly id: number;
  /** undefined: deleted. */
  readonly row: JsonObject | undefined;
}

export class ScriptedWorld {
  readonly #random: SeededRandom;
  readonly #clock: VirtualClock;
  readonly #changesUntilMs: number;
  readonly #versions = new Map<number, Version[]>();
  readonly log: LogEntry[] = [];
  #made = 0;

  constructor(random: SeededRandom, clock: VirtualClock, changesUntilMs: number) {
    this.#random = random;
    this.#clock = clock;
    this.#changesUntilMs = changesUntilMs;
    for (let id = 1; id <= random.between(0, 25); id += 1) {
      this.#write(id, Instant.ofMs(clock.now() - random.between(0, 3_600_000)), 0, false);
    }
  }

  /** What every request goes through: it takes time, and the table changes meanwhile. */
  async answer(signal: AbortSignal): Promise<void> {
    await this.#clock.until(this.#clock.now() + this.#random.between(0, 2500), signal);
    if (this.#clock.now() < this.#changesUntilMs) this.change();
  }

  change(): void {
    const random = this.#random;
    for (let count = random.pick([0, 1, 1, 2, 6]); count > 0; count -= 1) {
      const ids = [...this.#versions.keys()];
      const isNew = ids.length === 0 || random.chance(0.35);
      const id = isNew ? Math.max(0, ...ids) + 1 : random.pick(ids);
      const lateMs = random.chance(0.3) ? random.between(0, LATEST_MS) : 0;
      this.#write(id, Instant.ofMs(this.#clock.now()), lateMs, !isNew && random.chance(0.2));
    }
  }

  /** Rows as the API shows them now, in the order of their ids. */
  visible(): { id: number; row: JsonObject; updatedAt: Instant }[] {
    return this.#shown((version) => version.visibleAtMs <= this.#clock.now());
  }

  /** The truth. */
  table(): Map<string, JsonObject> {
    const rows = this.#shown(() => true).map(({ id, row }) => [`[${id}]`, row] as const);
    return new Map(rows.sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  #shown(sees: (version: Version) => boolean): { id: number; row: JsonObject; updatedAt: Instant }[] {
    return [...this.#versions]
      .sort(([left], [right]) => left - right)
      .flatMap(([id, versions]) => {
        const version = versions.findLast(sees);
        return version === undefined || version.isDeleted ? [] : [{ id, ...version }];
      });
  }

  #write(id: number, at: Instant, lateMs: number, isDeleted: boolean): void {
    this.#made += 1;
    const updatedAt = at.floor(TICK_NS);
    const row = { id, version: this.#made, updated_at: updatedAt.toString() };
    const versions = this.#versions.get(id) ?? [];
    versions.push({ row, updatedAt, visibleAtMs: at.ms + lateMs, isDeleted });
    this.#versions.set(id, versions);
    this.log.push({ sequence: BigInt(this.log.length + 1), id, row: isDeleted ? undefined : row });
  }
}
