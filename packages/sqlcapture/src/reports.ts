// Tells how far the capture is: on the status line, and now and then as a structured event. A report that fails says
// nothing of the capture, which goes on.

import type { BoundTables } from './bound-tables.ts';
import type { Position, ReplicationStream, StreamHealth } from './database.ts';
import type { EngineSurroundings } from './engine-settings.ts';
import { lagText } from './lag-text.ts';
import type { BackfillProgress } from './progress.ts';

export class Reports {
  readonly #stream: Pick<ReplicationStream, 'health'>;
  readonly #tables: BoundTables;
  readonly #progress: BackfillProgress;
  readonly #intervalMs: number;
  readonly #around: Pick<EngineSurroundings, 'now' | 'log' | 'status'>;
  #dueAtMs = 0;
  #health: StreamHealth | undefined;
  /** While changes are all there is to do; whether they are of all tables. */
  #streaming: { readonly isComplete: boolean } | undefined;

  constructor(
    stream: Pick<ReplicationStream, 'health'>,
    tables: BoundTables,
    progress: BackfillProgress,
    intervalMs: number,
    around: Pick<EngineSurroundings, 'now' | 'log' | 'status'>,
  ) {
    this.#stream = stream;
    this.#tables = tables;
    this.#progress = progress;
    this.#intervalMs = intervalMs;
    this.#around = around;
  }

  /** Nothing is left to be read but changes; `isComplete`: of all tables. */
  beginStreaming(isComplete: boolean): void {
    this.#streaming = { isComplete };
    this.#tellStreaming(isComplete);
  }

  endStreaming(): void {
    this.#streaming = undefined;
  }

  /** To be called while nothing else is asked of the database. */
  async reportWhenDue(position: Position): Promise<void> {
    const now = this.#around.now();
    if (now < this.#dueAtMs) return;
    this.#dueAtMs = now + this.#intervalMs;
    try {
      await this.#report(position, now);
    } catch (error) {
      this.#around.log('warn', 'cannot tell how far the capture is', { error: String(error) });
    }
  }

  async #report(position: Position, now: number): Promise<void> {
    const health = await this.#stream.health(position);
    const backfills = this.#progress.reports(now).map(({ table, ...progress }) => ({
      table: this.#tables.label(table),
      ...progress,
    }));
    const before = lagText(this.#health);
    this.#health = health;
    if (this.#streaming !== undefined && lagText(health) !== before)
      this.#tellStreaming(this.#streaming.isComplete);
    this.#around.log('info', 'progress', {
      eventType: 'captureProgress',
      behindBytes: health.behindBytes,
      behindSeconds: Math.round(health.behindMs / 1000),
      ...health.details,
      ...(backfills.length === 0 ? {} : { backfills }),
    });
  }

  #tellStreaming(isComplete: boolean): void {
    this.#around.status(`Streaming CDC Events${lagText(this.#health)}`, isComplete);
  }
}
