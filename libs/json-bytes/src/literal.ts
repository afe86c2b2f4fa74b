/** Bytes that are written again and again, as words: the last one is filled up with bytes that do not count. */
export class Literal {
  readonly words: Int32Array;
  readonly byteLength: number;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.byteLength = bytes.length;
    this.words = new Int32Array(Math.ceil(bytes.length / 4));
    const padded = Buffer.alloc(4 * this.words.length);
    bytes.copy(padded);
    for (let index = 0; index < this.words.length; index += 1) {
      this.words[index] = padded.readInt32LE(4 * index);
    }
  }
}
