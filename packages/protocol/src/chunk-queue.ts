// Chunks of a stream, cut into frames. A frame inside one chunk is a range of that chunk; a frame that spans chunks is
// copied once, when its last byte has arrived, so that reading is linear in the bytes however they were cut.
//
// Invariant: chunks are never written to, and frames alias them: whoever pushes a chunk gives it away, until `release`.

export class ChunkQueue {
  /** The frame found last: `bytes[start, end)`. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  /** Bytes pushed and not yet consumed. */
  available = 0;
  #chunks: Buffer[] = [];
  #head = 0;
  /** Consumed bytes of the head chunk. */
  #offset = 0;
  /** The chunks before this one hold no line feed behind `#offset`. */
  #searched = 0;

  /** Chunks from this one on are not the queue's own. */
  #borrowed = 0;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.available += chunk.length;
  }

  /** Copies what is left of the chunks that were pushed since the last call. */
  release(): void {
    for (let index = Math.max(this.#borrowed, this.#head); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Buffer;
      const start = index === this.#head ? this.#offset : 0;
      this.#chunks[index] = Buffer.from(chunk.subarray(start));
      if (index === this.#head) this.#offset = 0;
    }
    this.#borrowed = this.#chunks.length;
  }

  /** The byte `index` bytes ahead, which must be available. */
  peek(index: number): number {
    let at = this.#offset + index;
    for (let chunk = this.#head; chunk < this.#chunks.length; chunk++) {
      const bytes = this.#chunks[chunk] as Buffer;
      if (at < bytes.length) return bytes[at] as number;
      at -= bytes.length;
    }
    return 0;
  }

  /** The next four bytes, which must be available, as a little-endian number. */
  peekUint32(): number {
    const head = this.#chunks[this.#head];
    const at = this.#offset;
    if (head !== undefined && at + 4 <= head.length) return head.readUInt32LE(at);
    return this.peek(0) + this.peek(1) * 0x100 + this.peek(2) * 0x1_0000 + this.peek(3) * 0x100_0000;
  }

  /** Makes the next `count` available bytes the frame, and consumes them. */
  consume(count: number): void {
    const head = this.#chunks[this.#head];
    if (head !== undefined && this.#offset + count <= head.length) {
      this.bytes = head;
      this.start = this.#offset;
      this.end = this.#offset + count;
      this.#advance(count);
      return;
    }
    const joined = Buffer.allocUnsafeSlow(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#chunks[this.#head] as Buffer;
      const taken = Math.min(count - filled, chunk.length - this.#offset);
      chunk.copy(joined, filled, this.#offset, this.#offset + taken);
      filled += taken;
      this.#advance(taken);
    }
    this.bytes = joined;
    this.start = 0;
    this.end = count;
  }

  #advance(count: number): void {
    this.available -= count;
    this.#offset += count;
    const head = this.#chunks[this.#head];
    if (head === undefined || this.#offset < head.length) return;
    this.#offset = 0;
    this.#head += 1;
    if (this.#searched < this.#head) this.#searched = this.#head;
    if (this.#head < 64 && this.#head < this.#chunks.length) return;
    this.#chunks.splice(0, this.#head);
    this.#searched -= this.#head;
    this.#borrowed = Math.max(0, this.#borrowed - this.#head);
    this.#head = 0;
  }

  /** Bytes up to and without the next line feed, or undefined when it has not arrived. */
  lineLength(): number | undefined {
    for (; this.#searched < this.#chunks.length; this.#searched++) {
      const chunk = this.#chunks[this.#searched] as Buffer;
      const from = this.#searched === this.#head ? this.#offset : 0;
      const found = chunk.indexOf(0x0a, from);
      if (found < 0) continue;
      if (this.#searched === this.#head) return found - this.#offset;
      let length = found - this.#offset;
      for (let before = this.#head; before < this.#searched; before++) {
        length += (this.#chunks[before] as Buffer).length;
      }
      return length;
    }
    return undefined;
  }
}
