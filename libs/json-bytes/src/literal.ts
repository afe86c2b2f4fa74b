/**
 * Bytes that are written again and again, as words of eight: the last one is filled up with bytes that do not count. As
 * doubles, which move unchanged, since no eight bytes of UTF-8 are a NaN: its last byte would be 7F or FF, behind one of
 * F0 or more.
 */
export class Literal {
  readonly words: Float64Array;
  readonly byteLength: number;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.byteLength = bytes.length;
    this.words = new Float64Array(Math.ceil(bytes.length / 8));
    const padded = Buffer.alloc(8 * this.words.length);
    bytes.copy(padded);
    for (let index = 0; index < this.words.length; index += 1) {
      this.words[index] = padded.readDoubleLE(8 * index);
    }
  }

  /** Writes the words; up to seven bytes behind the literal are overwritten as well. */
  writeTo(target: DataView, offset: number): void {
    const { words } = this;
    for (let index = 0, at = offset; index < words.length; index += 1, at += 8) {
      target.setFloat64(at, words[index] as number, true);
    }
  }
}
