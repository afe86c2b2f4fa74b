// A list whose rows have a time: the loop that windows, walks and descents are made of, and the times that bound it.

import { errors } from '../errors.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ListPosition } from '../paging/paging.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import { horizon, type Instant } from '../time/instant.ts';
import type { FixedList } from './list-options.ts';
import type { StreamContext } from './stream-options.ts';
import { readList } from './list-reader.ts';
import { batchOf } from './record-batches.ts';
import { listSource } from './list-source.ts';
import { claimedLagMs, initialWindow, type Timestamp, TimestampReader } from './timestamp.ts';

export class TimedRow {
  readonly time: Instant;
  readonly #batch: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(batch: Buffer, start: number, end: number, time: Instant) {
    this.#batch = batch;
    this.#start = start;
    this.#end = end;
    this.time = time;
  }

  /** Made when it is asked for: a buffer is larger than most rows. */
  get bytes(): Buffer {
    return this.#batch.subarray(this.#start, this.#end);
  }
}

/** Some rows of a page, as the list has them. `next`: where the list goes on, behind the last rows of each page. */
export type TimedEvent =
  | { readonly rows: readonly TimedRow[]; readonly batch: RecordBatch }
  | { readonly next: ListPosition };

interface TimedListOptions {
  readonly cursor: Timestamp;
  /** The filter by time, where the list has one that both of its bounds are given to. */
  readonly between?: unknown;
}

export class TimedList {
  /** How far behind the clock what is claimed always stays. */
  readonly lagMs: number;
  readonly name: string;
  readonly #options: TimedListOptions;
  readonly #context: StreamContext;
  readonly #times: TimestampReader;

  constructor(name: string, options: TimedListOptions, context: StreamContext) {
    this.name = name;
    this.#options = options;
    this.#context = context;
    this.#times = new TimestampReader(name, options.cursor);
    this.lagMs = claimedLagMs(options.cursor);
    const { zone } = options.cursor;
    if (zone === undefined || options.between !== undefined) return;
    // A row of the second time that is taken for the first would be older than what was seen, and left out for ever.
    throw errors.CDK_STREAM_DEFECT({
      message: `The stream ${JSON.stringify(name)} has times of a zone (${zone}) and no filter by time. An hour that its clocks show twice would be taken for the first one.`,
    });
  }

  /** Where a new binding begins. */
  initial(nowMs: number): { readonly cursor: Instant; readonly cutoff?: Instant } {
    return initialWindow(this.#options.cursor, this.#context.start, nowMs);
  }

  /** The newest time of which everything may be claimed to be seen. */
  horizon(nowMs: number): Instant {
    const { tickNs, lagMs } = this.#options.cursor;
    return horizon(nowMs, tickNs, lagMs);
  }

  async *read(
    list: FixedList,
    request: ApiRequest,
    from: ListPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<TimedEvent, void, void> {
    for await (const event of readList(this.#context.client, listSource(list), request, from, signal)) {
      if ('next' in event) yield event;
      else yield { batch: event, rows: this.#timed(event) };
    }
  }

  #timed({ bytes, ends, count }: RecordBatch): readonly TimedRow[] {
    const rows: TimedRow[] = [];
    let start = 0;
    for (let index = 0; index < count; index += 1) {
      const end = ends[index] ?? start;
      rows.push(new TimedRow(bytes, start, end, this.#times.read(bytes, start, end)));
      start = end;
    }
    return rows;
  }
}

/** The rows that are wanted; the batch itself where that is all of them. */
export function wanted(
  { rows, batch }: Extract<TimedEvent, { rows: unknown }>,
  isWanted: (row: TimedRow) => boolean,
): RecordBatch {
  const kept = rows.filter(isWanted);
  return kept.length === rows.length ? batch : batchOf(kept.map(({ bytes }) => bytes));
}
