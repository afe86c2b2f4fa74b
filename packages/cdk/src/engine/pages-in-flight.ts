// Keeps a backfill from bringing an old row after a new one. A page that was read before a row changed may leave after
// the changes have brought the new row, and then the collection would keep the old one. So a commit of changes waits
// until the pages that were being read at that time have been committed. A page that is begun later sees the new row.
// The other way round needs no order: what a backfill sees too new, the changes will still bring.
//
// Of a file that an API makes the next session reads what this one could not: where that is left behind, nothing newer is
// committed until then.
//
// A stream must not hold a request open when it yields a cursor, since the page it then waits for may need its turn.

import { unlessAborted } from '@weir/connector';

export class PagesInFlight {
  readonly #flights = new Map<object, PromiseWithResolvers<void>>();
  readonly #abandoned = new AbortController();

  /** `reader` begins to read what its next commit covers. */
  departs(reader: object): void {
    if (!this.#flights.has(reader)) this.#flights.set(reader, Promise.withResolvers<void>());
  }

  /** What it had read is committed. */
  lands(reader: object): void {
    this.#flights.get(reader)?.resolve();
    this.#flights.delete(reader);
  }

  /** What `reader` was reading is left to the next session. `reason`: what those that wait for it end with. */
  abandon(reader: object, reason: unknown): void {
    if (this.#flights.has(reader)) this.#abandoned.abort(reason);
  }

  /** Resolves when every page that is being read now has been committed. Rejects with the signal's reason. */
  async landed(signal: AbortSignal): Promise<void> {
    if (this.#flights.size === 0) return;
    const ends = AbortSignal.any([signal, this.#abandoned.signal]);
    await unlessAborted(Promise.all([...this.#flights.values()].map(({ promise }) => promise)), ends);
    ends.throwIfAborted();
  }
}
