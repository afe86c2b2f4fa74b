// Rows as the text that COPY of PostgreSQL and LOAD DATA of MySQL take by default: fields between tabs, rows between line
// feeds, a backslash before what would be read otherwise, \N for null. One buffer that grows: writing a row allocates
// nothing. Text moves in words of four bytes while there is nothing to escape.

import type { BufferPool } from './buffer-pool.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x4e;
/** Text is escaped in blocks of this size, so that the room reserved for the worst case stays small. */
const BLOCK_BYTES = 1 << 15;
/** Room behind what was reserved, for the rest of a last word. */
const SLACK_BYTES = 4;

/** 0: as it is; otherwise the letter behind the backslash. */
const escapes = new Uint8Array(256);
for (const [byte, letter] of [
  [TAB, 't'],
  [LINE_FEED, 'n'],
  [0x0d, 'r'],
  [BACKSLASH, '\\'],
] as const) {
  escapes[byte] = letter.charCodeAt(0);
}

/** What becomes of a zero byte: a database that cannot hold it in text loses it. */
export type ZeroBytes = 'drop' | 'escape';

export class RowBuffer {
  bytes: Buffer;
  length = 0;
  readonly zeroBytes: ZeroBytes;
  readonly #initialBytes: number;
  #words: DataView;
  #source: Uint8Array;
  #sourceWords: DataView;

  readonly #pool: BufferPool | undefined;

  /** `pool`: where larger buffers come from, and where whoever takes rows gives them back. */
  constructor(zeroBytes: ZeroBytes, initialBytes = 1 << 16, pool?: BufferPool) {
    this.zeroBytes = zeroBytes;
    this.#initialBytes = initialBytes;
    this.#pool = pool;
    this.bytes = Buffer.allocUnsafeSlow(initialBytes + SLACK_BYTES);
    this.#words = wordsOf(this.bytes);
    this.#source = this.bytes;
    this.#sourceWords = this.#words;
  }

  /** The rows that were written, which belong to the caller; goes on with a small buffer of its own. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafeSlow(this.#initialBytes + SLACK_BYTES);
    this.#words = wordsOf(this.bytes);
    this.length = 0;
    return taken;
  }

  reserve(count: number): void {
    if (this.length + count + SLACK_BYTES > this.bytes.length) this.#grow(count);
  }

  endField(): void {
    this.reserve(1);
    this.bytes[this.length++] = TAB;
  }

  /** In place of the tab behind the row's last field. */
  endRow(): void {
    this.bytes[this.length - 1] = LINE_FEED;
  }

  null(): void {
    this.reserve(2);
    this.bytes[this.length++] = BACKSLASH;
    this.bytes[this.length++] = LETTER_N;
  }

  /** ASCII that needs no escape. */
  ascii(text: string): void {
    const { length } = text;
    this.reserve(length);
    // Calling the native copy takes longer than the digits of a number do.
    if (length > 32) this.bytes.write(text, this.length, 'latin1');
    else for (let at = 0; at < length; at += 1) this.bytes[this.length + at] = text.charCodeAt(at);
    this.length += length;
  }

  /** A safe integer. */
  integer(value: number): void {
    let rest = value;
    this.reserve(17);
    if (value < 0) {
      this.bytes[this.length++] = 0x2d;
      rest = -value;
    }
    let digits = 1;
    for (let limit = 10; rest >= limit; limit *= 10) digits += 1;
    for (let index = this.length + digits - 1; index >= this.length; index -= 1) {
      const next = Math.floor(rest / 10);
      this.bytes[index] = 0x30 + (rest - next * 10);
      rest = next;
    }
    this.length += digits;
  }

  /** A string of JavaScript. */
  text(value: string): void {
    const encoded = Buffer.from(value, 'utf8');
    this.escaped(encoded, 0, encoded.length);
  }

  /** UTF-8 bytes. */
  escaped(source: Uint8Array, start: number, end: number): void {
    const sourceWords = this.#readFrom(source);
    for (let at = start; at < end;) {
      at = this.#clean(sourceWords, at, end);
      if (at < end) at = this.#escapedBlock(source, at, Math.min(end, at + BLOCK_BYTES));
    }
  }

  #readFrom(source: Uint8Array): DataView {
    if (source !== this.#source) {
      this.#source = source;
      this.#sourceWords = wordsOf(source);
    }
    return this.#sourceWords;
  }

  /** Copies whole words up to the first that holds something to escape; returns where in the source that is. */
  #clean(sourceWords: DataView, start: number, end: number): number {
    this.reserve(end - start);
    const words = this.#words;
    let target = this.length;
    let index = start;
    for (; index + 4 <= end; index += 4, target += 4) {
      const word = sourceWords.getInt32(index, true);
      if (needsEscape(word)) break;
      words.setInt32(target, word, true);
    }
    this.length += index - start;
    return index;
  }

  /** Byte by byte, until it has come by what needs an escape; returns where it ended. */
  #escapedBlock(source: Uint8Array, start: number, end: number): number {
    this.reserve((end - start) * 2);
    const { bytes } = this;
    let target = this.length;
    let index = start;
    let plain = 0;
    for (; index < end; index += 1) {
      const byte = source[index] ?? 0;
      const escape = escapes[byte] ?? 0;
      if (escape === 0 && byte !== 0) {
        bytes[target++] = byte;
        // Far from anything to escape, words are faster again.
        if ((plain += 1) === 32) {
          index += 1;
          break;
        }
        continue;
      }
      plain = 0;
      if (byte === 0) {
        if (this.zeroBytes === 'drop') continue;
        bytes[target++] = BACKSLASH;
        bytes[target++] = 0x30;
        continue;
      }
      bytes[target++] = BACKSLASH;
      bytes[target++] = escape;
    }
    this.length = target;
    return index;
  }

  #grow(count: number): void {
    const needed = this.length + count + SLACK_BYTES;
    const grown = this.#pool?.take(needed) ?? Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    if (this.#source === this.bytes) this.#source = grown;
    this.bytes = grown;
    this.#words = wordsOf(grown);
    if (this.#source === grown) this.#sourceWords = this.#words;
  }
}

const LOW_BITS = 0x7f7f7f7f;
const TOP_BITS = 0x80808080;

/** Whether one of the four bytes is below 0x20 or a backslash. */
function needsEscape(word: number): boolean {
  const notControl = (word & LOW_BITS) + 0x60606060;
  const notBackslash = ((word ^ 0x5c5c5c5c) & LOW_BITS) + LOW_BITS;
  return (~((notControl & notBackslash) | word) & TOP_BITS) !== 0;
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
