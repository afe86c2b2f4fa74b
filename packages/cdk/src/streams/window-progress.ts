// How far a window has been read whose rows are sorted by their time, oldest first: where to go on though pages are forgotten.
//
// That is the lowest time on the last page, and not the one of its last row: an API that searches an index and shows rows as they
// are by now shows one that has changed at the place of its older time, and what lies between the two is still to come.

import { errors } from '../errors.ts';
import type { Instant } from '../time/instant.ts';
import type { TimedRow } from './timed-list.ts';

interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

export class WindowProgress {
  readonly #name: string;
  readonly #tickNs: bigint;
  readonly #window: Window;
  /** Once a page has ended behind the beginning of the window. */
  #reached: Instant | undefined;
  /** On the page that is being read. */
  #lowest: Instant | undefined;

  /** `name`: of the stream, for messages. */
  constructor(name: string, tickNs: bigint, window: Window) {
    this.#name = name;
    this.#tickNs = tickNs;
    this.#window = window;
  }

  add(rows: readonly TimedRow[]): void {
    const { from, to } = this.#window;
    for (const { time } of rows) {
      if (this.#reached?.isAfter(time) === true) throw this.#unsorted(this.#reached, time);
      // A filter may be wider than the window.
      if (from.isAfter(time) || time.isAfter(to)) continue;
      if (this.#lowest === undefined || this.#lowest.isAfter(time)) this.#lowest = time;
    }
  }

  /** At the end of a page: the time from which to go on, where that is a new one. */
  endPage(): Instant | undefined {
    const { from, to } = this.#window;
    const lowest = this.#lowest?.floor(this.#tickNs);
    this.#lowest = undefined;
    if (lowest?.isAfter(this.#reached ?? from) !== true || !to.isAfter(lowest)) return undefined;
    this.#reached = lowest;
    return lowest;
  }

  #unsorted(before: Instant, after: Instant): Error {
    return errors.CDK_ORDER_BROKEN({
      message: `${JSON.stringify(this.#name)} lists a row of ${after.toString()} behind rows of ${before.toString()} and later.`,
    });
  }
}
