// How readers learn that a journal's head moved: writers tell every thread of the process, their own included. A message is only a hint to
// look again; the store is the truth, so a lost message costs time and never data.

import { BroadcastChannel } from 'node:worker_threads';

export interface MovedHead {
  readonly journal: string;
  readonly collection: string;
  readonly head: number;
  readonly documents: number;
}

export class HeadChannel implements Disposable {
  readonly #channel: BroadcastChannel;
  readonly #listeners = new Set<(moved: readonly MovedHead[]) => void>();

  /** `statePath` names the state folder: several can be in use in one process. */
  constructor(statePath: string) {
    this.#channel = new BroadcastChannel(`weir-heads:${statePath}`);
    this.#channel.unref();
    this.#channel.onmessage = (event: unknown) => {
      const { data } = event as { data: readonly MovedHead[] };
      for (const listener of this.#listeners) listener(data);
    };
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }

  publish(moved: readonly MovedHead[]): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
    this.#channel.postMessage(moved);
    for (const listener of this.#listeners) listener(moved);
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (moved: readonly MovedHead[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
