// A condition that several loops of one thread wait on: `wait` resolves at the next `notify`, or at once when there was
// one since the last wait. Failing it makes every later wait throw.

export class WakeUp {
  #notified = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  notify(): void {
    this.#notified = true;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** The first failure is kept. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.notify();
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async wait(): Promise<void> {
    this.throwIfFailed();
    if (!this.#notified) {
      this.#waiting ??= Promise.withResolvers();
      await this.#waiting.promise;
    }
    this.#notified = false;
    this.throwIfFailed();
  }
}
