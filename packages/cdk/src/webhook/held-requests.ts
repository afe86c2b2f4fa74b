// What a server of webhooks holds: requests that are being read or committed, and what they take of memory. A request is
// held until its documents are committed or dropped, however long ago its sender was told to come again.

export class HeldRequests {
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(): HeldRequest {
    this.#count += 1;
    return new HeldRequest(
      (bytes) => {
        this.#bytes += bytes;
      },
      (bytes) => {
        this.#count -= 1;
        this.#bytes -= bytes;
      },
    );
  }
}

export class HeldRequest implements Disposable {
  readonly #add: (bytes: number) => void;
  readonly #release: (bytes: number) => void;
  #bytes = 0;
  #isHandedOn = false;

  constructor(add: (bytes: number) => void, release: (bytes: number) => void) {
    this.#add = add;
    this.#release = release;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#add(bytes);
  }

  /** It is held until then, and no longer. */
  until(work: Promise<unknown>): void {
    this.#isHandedOn = true;
    const release = (): void => this.#release(this.#bytes);
    work.then(release, release);
  }

  [Symbol.dispose](): void {
    if (!this.#isHandedOn) this.#release(this.#bytes);
  }
}
