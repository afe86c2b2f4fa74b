// The order in which a session may answer: Opened, then for each transaction Acknowledged, any number of Loaded,
// Flushed, StartedCommit. The runtime would take a stray answer for one of another transaction, so a wrong order
// ends the session before the answer is sent.

import { errors } from './errors.ts';

export type SessionResponse = 'opened' | 'acknowledged' | 'loaded' | 'flushed' | 'startedCommit';

const FOLLOWS: Readonly<Record<SessionResponse, readonly (SessionResponse | undefined)[]>> = {
  opened: [undefined],
  acknowledged: ['opened', 'startedCommit'],
  loaded: ['acknowledged', 'loaded'],
  flushed: ['acknowledged', 'loaded'],
  startedCommit: ['flushed'],
};

export class ResponseOrder {
  #last: SessionResponse | undefined;

  /** Notes that `next` is about to be sent; throws when it may not be. */
  advance(next: SessionResponse): void {
    // The hot path: loaded after loaded.
    if (next === 'loaded' && this.#last === 'loaded') return;
    if (!FOLLOWS[next].includes(this.#last)) {
      throw errors.MATERIALIZE_OUT_OF_ORDER({
        message: `The connector sent "${next}" after ${this.#last === undefined ? 'nothing' : `"${this.#last}"`}.`,
      });
    }
    this.#last = next;
  }
}
