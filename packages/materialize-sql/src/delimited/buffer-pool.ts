// Large buffers that were sent, to be written again: new ones for every few megabytes would make V8 collect its whole heap
// for their sake. The buffers of one session share a pool, however many tables it has.

/** One is being sent while another is being filled. */
const KEPT = 2;

export class BufferPool {
  #spare: Buffer[] = [];

  /** One of at least so many bytes; undefined when there is none. */
  take(byteLength: number): Buffer | undefined {
    const index = this.#spare.findIndex((buffer) => buffer.length >= byteLength);
    return index === -1 ? undefined : this.#spare.splice(index, 1)[0];
  }

  /** Nobody reads it any more. Of more than are kept, the smallest goes. */
  giveBack(buffer: Buffer): void {
    this.#spare.push(buffer);
    if (this.#spare.length > KEPT)
      this.#spare = this.#spare.sort((a, b) => b.length - a.length).slice(0, KEPT);
  }
}
