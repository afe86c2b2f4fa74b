// Part of a buffer. Code that handles every document passes one that it uses again, where a view of its own for each key
// and each document would be most of what the garbage collector has to do.

const nothing: Buffer = Buffer.alloc(0);

export class ByteRange {
  bytes: Buffer = nothing;
  start = 0;
  end = 0;

  static of(bytes: Buffer): ByteRange {
    return new ByteRange().set(bytes, 0, bytes.length);
  }

  set(bytes: Buffer, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    return this;
  }

  get length(): number {
    return this.end - this.start;
  }

  view(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }

  /** One character per byte, which compare as the bytes do. */
  latin1(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  /** Copies the bytes to `target` at an offset. */
  copyTo(target: Buffer, at: number): void {
    const { bytes, start, end } = this;
    // Calling the native copy takes longer than a few bytes do.
    if (end - start > 24) bytes.copy(target, at, start, end);
    else for (let index = start; index < end; index += 1) target[at + index - start] = bytes[index] as number;
  }

  /** Below zero, zero or above it, as these bytes come before, are, or come behind those in [start, end). */
  compare(bytes: Buffer, start: number, end: number): number {
    const length = this.end - this.start;
    const shared = Math.min(length, end - start);
    for (let index = 0; index < shared; index += 1) {
      const difference = (this.bytes[this.start + index] as number) - (bytes[start + index] as number);
      if (difference !== 0) return difference;
    }
    return length - (end - start);
  }
}
