// JSON under construction, as bytes. One buffer that grows and is reused: writing a document allocates nothing.
// Growing replaces `bytes`, so nobody keeps it across a write.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Text is escaped in blocks of this size, so that the room reserved for the worst case stays small. */
const BLOCK_BYTES = 1 << 15;
/** The longest escape is six bytes: \u001f. */
const MAX_ESCAPE_BYTES = 6;

/** 0: as is; 1: \u00xx; otherwise the letter after the backslash. */
const escapes = new Uint8Array(256);
escapes.fill(1, 0, 0x20);
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const) {
  escapes[byte] = letter.charCodeAt(0);
}
const hexDigits = Buffer.from('0123456789abcdef');

export class JsonBuffer {
  bytes: Buffer;
  length = 0;

  constructor(initialBytes = 1 << 16) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Makes room for `count` more bytes, which the caller may then write behind `length`. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  reset(): void {
    this.length = 0;
  }

  /** What was written from `start` on; valid until the next write. */
  view(start = 0): Buffer {
    return this.bytes.subarray(start, this.length);
  }

  /** One byte as it is. */
  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Bytes that are JSON already. */
  raw(source: Uint8Array, start = 0, end: number = source.length): void {
    const count = end - start;
    this.reserve(count);
    const { bytes } = this;
    let target = this.length;
    if (count > 48) bytes.set(source.subarray(start, end), target);
    else for (let index = start; index < end; index += 1) bytes[target++] = source[index] ?? 0;
    this.length += count;
  }

  /** ASCII text that is JSON already. */
  ascii(text: string): void {
    this.reserve(text.length);
    this.length += this.bytes.write(text, this.length, 'latin1');
  }

  /** A string of JavaScript as a JSON string. */
  text(value: string): void {
    const encoded = Buffer.from(value, 'utf8');
    this.string(encoded, 0, encoded.length);
  }

  /** UTF-8 bytes as a JSON string, with its quotes; byte for byte what JSON.stringify makes of the same text. */
  string(source: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    this.escaped(source, start, end);
    this.byte(QUOTE);
  }

  /** As `string`, without the quotes. */
  escaped(source: Uint8Array, start: number, end: number): void {
    for (let block = start; block < end; block += BLOCK_BYTES) {
      this.#escapedBlock(source, block, Math.min(end, block + BLOCK_BYTES));
    }
  }

  #escapedBlock(source: Uint8Array, start: number, end: number): void {
    this.reserve((end - start) * MAX_ESCAPE_BYTES);
    const { bytes } = this;
    let target = this.length;
    for (let index = start; index < end; index += 1) {
      const byte = source[index] ?? 0;
      const escape = escapes[byte] ?? 0;
      if (escape === 0) {
        bytes[target++] = byte;
        continue;
      }
      bytes[target++] = BACKSLASH;
      if (escape !== 1) {
        bytes[target++] = escape;
        continue;
      }
      bytes[target++] = 0x75;
      bytes[target++] = 0x30;
      bytes[target++] = 0x30;
      bytes[target++] = hexDigits[byte >> 4] ?? 0;
      bytes[target++] = hexDigits[byte & 15] ?? 0;
    }
    this.length = target;
  }

  #grow(count: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.length + count, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
