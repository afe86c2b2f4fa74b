// A table of an API, in memory, that changes while it is read: several rows in one tick, rows that become visible late, rows that
// leave a window between two of its pages, deletions. Time is virtual and each answer takes some of it.

import type { JsonObject } from '@weir/schema/json';
import { Instant } from '../time/instant.ts';
import type { TestRandom } from './test-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export const SECOND_NS = 1_000_000_000n;
/** No row becomes visible later than this after its time, unless a table says otherwise. */
export const LATEST_MS = 4000;

export interface TableRow {
  readonly id: number;
  readonly row: JsonObject;
  readonly updatedAt: Instant;
  readonly createdAt: Instant;
}

export interface TableOptions {
  /** Times are cut off to it; a second. */
  readonly tickNs?: bigint;
  /** Ticks are so fine that no row changes twice within one. */
  readonly changesOnceATick?: boolean;
  /** How late a row may become visible after its time. */
  readonly latestMs?: number;
  /** The last change is made before this time. */
  readonly changesUntilMs: number;
}

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
  readonly at: Instant;
  readonly visibleAtMs: number;
}

export class ScriptedTable {
  readonly #random: TestRandom;
  readonly #clock: VirtualClock;
  readonly #options: Required<TableOptions>;
  readonly #versions = new Map<number, Version[]>();
  readonly log: LogEntry[] = [];
  #made = 0;

  constructor(random: TestRandom, clock: VirtualClock, options: TableOptions) {
    this.#random = random;
    this.#clock = clock;
    this.#options = { tickNs: SECOND_NS, latestMs: LATEST_MS, changesOnceATick: false, ...options };
    for (let id = 1; id <= random.between(0, 25); id += 1) {
      this.#write(id, Instant.ofMs(clock.now() - random.between(0, 3_600_000)), 0, false);
    }
  }

  get nowMs(): number {
    return this.#clock.now();
  }

  /** What every request goes through: it takes time, and the table changes meanwhile. */
  async answer(signal: AbortSignal): Promise<void> {
    await this.#clock.until(this.#clock.now() + this.#random.between(0, 2500), signal);
    this.changeUntilTheEnd();
  }

  /** Changes, unless the last change was to be before now. */
  changeUntilTheEnd(): void {
    if (this.#clock.now() < this.#options.changesUntilMs) this.change();
  }

  change(): void {
    const random = this.#random;
    for (let count = random.pick([0, 1, 1, 2, 6]); count > 0; count -= 1) {
      const ids = [...this.#versions.keys()];
      const isNew = ids.length === 0 || random.chance(0.35);
      const id = isNew ? Math.max(0, ...ids) + 1 : random.pick(ids);
      const lateMs = random.chance(0.3) ? random.between(0, this.#options.latestMs) : 0;
      this.#write(id, Instant.ofMs(this.#clock.now()), lateMs, !isNew && random.chance(0.2));
    }
  }

  /** Rows as the API shows them now, in the order of their ids. */
  visible(): TableRow[] {
    return this.#shown((version) => version.visibleAtMs <= this.#clock.now());
  }

  /** Every row that ever was, as it is now or was at last. */
  ever(): Pick<TableRow, 'id' | 'createdAt'>[] {
    return [...this.#versions].flatMap(([id, [first]]) =>
      first === undefined ? [] : [{ id, createdAt: first.updatedAt }],
    );
  }

  /** The truth. */
  table(): Map<string, JsonObject> {
    const rows = this.#shown(() => true).map(({ id, row }) => [`[${id}]`, row] as const);
    return new Map(rows.sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  #shown(sees: (version: Version) => boolean): TableRow[] {
    return [...this.#versions]
      .sort(([left], [right]) => left - right)
      .flatMap(([id, versions]) => {
        const version = versions.findLast(sees);
        if (version === undefined || version.isDeleted) return [];
        return [{ id, createdAt: versions[0]?.updatedAt ?? version.updatedAt, ...version }];
      });
  }

  #write(id: number, at: Instant, lateMs: number, isDeleted: boolean): void {
    const { tickNs, changesOnceATick } = this.#options;
    const updatedAt = at.floor(tickNs);
    const versions = this.#versions.get(id) ?? [];
    if (changesOnceATick && versions.at(-1)?.updatedAt.compare(updatedAt) === 0) return;
    this.#made += 1;
    const createdAt = versions[0]?.updatedAt ?? updatedAt;
    const row = {
      id,
      version: this.#made,
      updated_at: updatedAt.toString(),
      created_at: createdAt.toString(),
    };
    const visibleAtMs = at.ms + lateMs;
    versions.push({ row, updatedAt, visibleAtMs, isDeleted });
    this.#versions.set(id, versions);
    this.log.push({
      sequence: BigInt(this.log.length + 1),
      id,
      row: isDeleted ? undefined : row,
      at: updatedAt,
      visibleAtMs,
    });
  }
}
