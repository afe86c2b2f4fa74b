// How long a row takes from its commit in Postgres to being readable in SQLite.

import type { PgConnection } from '@weir/pgwire';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

export interface LatencyFigures {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export class LatencyProbe {
  readonly #samples: number[] = [];
  readonly #source: PgConnection;
  readonly #openCopy: () => DatabaseSync | undefined;

  constructor(source: PgConnection, openCopy: () => DatabaseSync | undefined) {
    this.#source = source;
    this.#openCopy = openCopy;
  }

  /** Commits a page view every `intervalMs` and waits for it in the copy, until the signal. */
  async run(intervalMs: number, signal: AbortSignal): Promise<void> {
    for (let n = 0; !signal.aborted; n += 1) {
      await delay(intervalMs, undefined, { signal }).catch(() => undefined);
      const copy = this.#openCopy();
      if (copy === undefined || signal.aborted) continue;
      const path = `/probe/${process.pid}/${n}`;
      await this.#source.query(`INSERT INTO page_views (path) VALUES ('${path}')`);
      const committed = performance.now();
      const seen = copy.prepare('SELECT 1 FROM page_views WHERE path = ?');
      while (!signal.aborted) {
        if (seen.get(path) !== undefined) {
          this.#samples.push(performance.now() - committed);
          break;
        }
        await delay(2);
      }
    }
  }

  get latestMs(): number | undefined {
    return this.#samples.at(-1);
  }

  figures(): LatencyFigures {
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return { samples: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
  }
}
