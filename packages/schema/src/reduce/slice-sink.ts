// Collects byte ranges of documents into one new document. Ranges that follow each other in their source are copied at
// once.

const COMMA = 0x2c;

export class SliceSink {
  #buffer = Buffer.allocUnsafeSlow(16 * 1024);
  #length = 0;
  #source: Buffer | undefined;
  #start = 0;
  #end = 0;

  reset(): void {
    this.#length = 0;
    this.#source = undefined;
  }

  byte(value: number): void {
    this.#flush();
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  range(source: Buffer, start: number, end: number): void {
    this.#flush();
    this.#source = source;
    this.#start = start;
    this.#end = end;
  }

  /** A range with a comma before it unless it is the first of its object. */
  member(first: boolean, source: Buffer, start: number, end: number): void {
    if (!first) {
      if (this.#source === source && start === this.#end + 1 && source[this.#end] === COMMA) {
        this.#end = end;
        return;
      }
      this.byte(COMMA);
    }
    this.range(source, start, end);
  }

  text(value: string): void {
    this.#flush();
    this.#reserve(value.length * 3);
    this.#length += this.#buffer.write(value, this.#length);
  }

  /** A copy of what was collected. */
  take(): Buffer {
    this.#flush();
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  #flush(): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    this.#reserve(this.#end - this.#start);
    this.#length += source.copy(this.#buffer, this.#length, this.#start, this.#end);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
