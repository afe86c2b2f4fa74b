// JSON under construction, as bytes. One buffer that grows and is reused: writing a document allocates nothing.
// Growing replaces `bytes` and `words`, so nobody keeps them across a write. Text moves in words of four or eight bytes, the
// last of which may reach past the end of what is written: `reserve` keeps room for that.

import type { Literal } from './literal.ts';
import { escapeMask, firstInMask } from './word.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Text is escaped in blocks of this size, so that the room reserved for the worst case stays small. */
const BLOCK_BYTES = 1 << 15;
/** The longest escape is six bytes: \u001f. */
const MAX_ESCAPE_BYTES = 6;
/** Room behind what was reserved, for the rest of a last word. */
const SLACK_BYTES = 8;
/** Longer copies are left to the runtime's own. */
const LONG_COPY_BYTES = 192;

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
/** The texts of 0000 to 9999, as words. */
const fourDigits = Int32Array.from({ length: 10_000 }, (_, number) =>
  Buffer.from(String(number).padStart(4, '0')).readInt32LE(),
);
const hexDigits = Buffer.from('0123456789abcdef');

export class JsonBuffer {
  bytes: Buffer;
  /** The memory of `bytes`. */
  words: DataView;
  length = 0;
  #source: Uint8Array;
  #sourceWords: DataView;

  constructor(initialBytes = 1 << 16) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes + SLACK_BYTES);
    this.words = wordsOf(this.bytes);
    this.#source = this.bytes;
    this.#sourceWords = this.words;
  }

  /** Says where most of what follows is copied from, since `raw` and `string` are faster then; returns its words. */
  readFrom(source: Uint8Array): DataView {
    if (source !== this.#source) {
      this.#source = source;
      this.#sourceWords = wordsOf(source);
    }
    return this.#sourceWords;
  }

  /** Makes room for `count` more bytes, which the caller may then write behind `length`; the last as part of a word. */
  reserve(count: number): void {
    if (this.length + count + SLACK_BYTES > this.bytes.length) this.#grow(count);
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

  literal(literal: Literal): void {
    this.reserve(literal.byteLength);
    literal.writeTo(this.words, this.length);
    this.length += literal.byteLength;
  }

  /** Bytes that are JSON already. */
  raw(source: Uint8Array, start = 0, end: number = source.length): void {
    const count = end - start;
    this.reserve(count);
    if (count > LONG_COPY_BYTES) this.bytes.set(source.subarray(start, end), this.length);
    else if (count < 4 || source !== this.#source) {
      const { bytes, length } = this;
      for (let index = 0; index < count; index += 1) bytes[length + index] = source[start + index] ?? 0;
    } else {
      const { words, length } = this;
      const sourceWords = this.#sourceWords;
      // The last word overlaps the one before it.
      const last = count - 4;
      for (let index = 0; index < last; index += 4) {
        words.setInt32(length + index, sourceWords.getInt32(start + index, true), true);
      }
      words.setInt32(length + last, sourceWords.getInt32(start + last, true), true);
    }
    this.length += count;
  }

  /** ASCII text that is JSON already. */
  ascii(text: string): void {
    this.reserve(text.length);
    this.length += this.bytes.write(text, this.length, 'latin1');
  }

  /** A safe integer that is not negative. */
  integer(value: number): void {
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits += 1;
    this.reserve(digits);
    const { bytes, words } = this;
    let at = this.length + digits;
    let rest = value;
    while (at - this.length >= 4) {
      const next = Math.floor(rest / 10_000);
      at -= 4;
      words.setInt32(at, fourDigits[rest - next * 10_000] as number, true);
      rest = next;
    }
    for (let few = rest | 0; at > this.length; few = (few / 10) | 0) bytes[--at] = 0x30 + (few % 10);
    this.length += digits;
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
    const first = source === this.#source ? this.#clean(start, end) : start;
    for (let index = first; index < end; index += BLOCK_BYTES) {
      this.#escapedBlock(source, index, Math.min(end, index + BLOCK_BYTES));
    }
  }

  /** Copies whole words up to the first that holds something to escape, and returns where in the source that is. */
  #clean(start: number, end: number): number {
    this.reserve(end - start);
    const { words } = this;
    const sourceWords = this.#sourceWords;
    let target = this.length;
    let index = start;
    for (; index + 4 <= end; index += 4, target += 4) {
      const word = sourceWords.getInt32(index, true);
      words.setInt32(target, word, true);
      const mask = escapeMask(word);
      if (mask === 0) continue;
      index += firstInMask(mask);
      break;
    }
    this.length += index - start;
    return index;
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
    const needed = this.length + count + SLACK_BYTES;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.words = wordsOf(grown);
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
