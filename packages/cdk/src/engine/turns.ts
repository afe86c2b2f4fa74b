// Whose turn it is to read, where a binding has so many parts that not all can read at the same time. A turn that becomes
// free goes to whoever is furthest behind at that moment, not to whoever has waited longest.

interface Waiting {
  readonly rank: () => number;
  readonly begin: () => void;
}

export class Turns {
  #free: number;
  readonly #waiting = new Set<Waiting>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** `rank`: the lowest comes first. The turn ends when it is disposed of. Rejects with the signal's reason. */
  async take(rank: () => number, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#inLine(rank, signal);
    return { [Symbol.dispose]: () => this.#pass() };
  }

  async #inLine(rank: () => number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(waiting);
        reject(signal.reason as Error);
      };
      const begin = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiting = { rank, begin };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #pass(): void {
    let next: Waiting | undefined;
    for (const each of this.#waiting) if (next === undefined || each.rank() < next.rank()) next = each;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next.begin();
  }
}
