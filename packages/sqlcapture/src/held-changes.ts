// Changes of one table that have to wait until a chunk of it has been read, copied out of the stream's buffers.

interface HeldChange {
  /** Of precise chunks. */
  readonly key: Buffer | undefined;
  readonly document: Buffer;
}

export class HeldChanges {
  #changes: HeldChange[] = [];
  #lowestKey: Buffer | undefined;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The buffers may be reused after the call. */
  hold(key: Buffer | undefined, document: Buffer): void {
    const held = { key: key === undefined ? undefined : Buffer.from(key), document: Buffer.from(document) };
    this.#changes.push(held);
    this.#bytes += document.length;
    if (held.key === undefined) return;
    if (this.#lowestKey === undefined || Buffer.compare(held.key, this.#lowestKey) < 0)
      this.#lowestKey = held.key;
  }

  /** Releases those of rows up to this key, in the order in which they came. */
  releaseThrough(key: Buffer, emit: (document: Buffer) => void): void {
    if (this.#lowestKey === undefined || Buffer.compare(this.#lowestKey, key) > 0) return;
    const held = this.#changes;
    this.drop();
    for (const change of held) {
      if (change.key !== undefined && Buffer.compare(change.key, key) > 0)
        this.hold(change.key, change.document);
      else emit(change.document);
    }
  }

  release(emit: (document: Buffer) => void): void {
    const held = this.#changes;
    this.drop();
    for (const { document } of held) emit(document);
  }

  drop(): void {
    this.#changes = [];
    this.#lowestKey = undefined;
    this.#bytes = 0;
  }
}
