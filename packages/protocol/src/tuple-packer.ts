// Writes FoundationDB tuples: the encoding of packed keys and values, whose byte order is the order of the values.
//
// Grammar of one element (FoundationDB, "tuple layer" specification): 00 null; 01 bytes 00; 02 utf8 00 (a 00 inside is
// 00 FF); 05 elements 00 (a null inside is 00 FF); 0C..1C integers, 14 ± the number of big-endian bytes, negative ones
// as one's complement; 21 double, sign bit flipped when positive, every bit flipped when negative; 26 false, 27 true.

import { errors } from './errors.ts';

const LARGEST = 0xffff_ffff_ffff_ffffn;
const SMALLEST = -0x8000_0000_0000_0000n;

/** Bytes of the magnitude of a safe integer. */
function magnitudeBytes(value: number): number {
  if (value < 0x100) return 1;
  if (value < 0x1_0000) return 2;
  if (value < 0x100_0000) return 3;
  if (value < 0x1_0000_0000) return 4;
  if (value < 0x100_0000_0000) return 5;
  if (value < 0x1_0000_0000_0000) return 6;
  return 7;
}

/** Packs element after element into one buffer that is reused by the next `reset()`. */
export class TuplePacker {
  #bytes: Buffer;
  #length = 0;

  constructor(initialBytes = 256) {
    this.#bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Bytes packed since the last reset. */
  get length(): number {
    return this.#length;
  }

  reset(): this {
    this.#length = 0;
    return this;
  }

  /** Begins with the packed bytes; valid until the next call that writes. */
  get buffer(): Buffer {
    return this.#bytes;
  }

  /** The packed bytes; valid until the next call that writes. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  copy(): Buffer {
    return Buffer.from(this.view());
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  null(): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = 0x00;
    return this;
  }

  boolean(value: boolean): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value ? 0x27 : 0x26;
    return this;
  }

  /** A safe integer, or a bigint in [-2^63, 2^64). */
  integer(value: number | bigint): this {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return this.#safeInteger(value);
    const big = BigInt(value);
    if (big > LARGEST || big < SMALLEST) {
      throw errors.TUPLE_OUT_OF_RANGE({ message: `The integer ${big} does not fit into 64 bits.` });
    }
    if (BigInt(Number(big)) === big && Number.isSafeInteger(Number(big)))
      return this.#safeInteger(Number(big));
    // Magnitudes past 2^53: seven or eight bytes.
    const magnitude = big < 0n ? -big : big;
    const size = magnitude < 0x100_0000_0000_0000n ? 7 : 8;
    const stored = BigInt.asUintN(8 * size, big < 0n ? big - 1n : big);
    this.#reserve(9);
    this.#bytes[this.#length++] = big < 0n ? 0x14 - size : 0x14 + size;
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      this.#bytes[this.#length++] = Number((stored >> BigInt(shift)) & 0xffn);
    }
    return this;
  }

  #safeInteger(value: number): this {
    this.#reserve(9);
    if (value === 0) {
      this.#bytes[this.#length++] = 0x14;
      return this;
    }
    const negative = value < 0;
    const magnitude = negative ? -value : value;
    const size = magnitudeBytes(magnitude);
    this.#bytes[this.#length++] = negative ? 0x14 - size : 0x14 + size;
    const flip = negative ? 0xff : 0;
    const high = size > 4 ? Math.floor(magnitude / 0x1_0000_0000) : 0;
    for (let byte = size - 1; byte >= 0; byte--) {
      const part = byte >= 4 ? high >>> (8 * (byte - 4)) : magnitude >>> (8 * byte);
      this.#bytes[this.#length++] = (part & 0xff) ^ flip;
    }
    return this;
  }

  double(value: number): this {
    this.#reserve(9);
    const bytes = this.#bytes;
    bytes[this.#length++] = 0x21;
    const at = this.#length;
    this.#length = bytes.writeDoubleBE(value, at);
    const first = bytes[at] as number;
    if ((first & 0x80) === 0) {
      bytes[at] = first | 0x80;
    } else {
      for (let index = at; index < at + 8; index++) bytes[index] = ~(bytes[index] as number) & 0xff;
    }
    return this;
  }

  string(value: string): this {
    this.#reserve(value.length * 3 + 2);
    this.#bytes[this.#length++] = 0x02;
    const start = this.#length;
    this.#length += this.#bytes.write(value, start);
    if (value.includes('\0')) {
      const text = Buffer.from(this.#bytes.subarray(start, this.#length));
      this.#length = start;
      return this.#escaped(text, 0, text.length);
    }
    this.#bytes[this.#length++] = 0x00;
    return this;
  }

  /** The string whose UTF-8 bytes are `source[start, end)`. */
  utf8(source: Uint8Array, start: number, end: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = 0x02;
    return this.#escaped(source, start, end);
  }

  /** As `utf8`, of bytes none of which is zero. */
  text(source: Buffer, start: number, end: number): this {
    const length = end - start;
    this.#reserve(length + 2);
    const target = this.#bytes;
    let at = this.#length;
    target[at++] = 0x02;
    // Calling the native copy takes longer than a few bytes do.
    if (length > 40) at += source.copy(target, at, start, end);
    else for (let index = start; index < end; index++) target[at++] = source[index] as number;
    target[at++] = 0x00;
    this.#length = at;
    return this;
  }

  bytes(value: Uint8Array, start = 0, end: number = value.length): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = 0x01;
    return this.#escaped(value, start, end);
  }

  #escaped(source: Uint8Array, start: number, end: number): this {
    this.#reserve(2 * (end - start) + 1);
    const target = this.#bytes;
    let length = this.#length;
    for (let at = start; at < end; at++) {
      const byte = source[at] as number;
      target[length++] = byte;
      if (byte === 0) target[length++] = 0xff;
    }
    target[length++] = 0x00;
    this.#length = length;
    return this;
  }

  /** Packs a nested tuple; inside it `null` takes two bytes, so that it is told from the end. */
  nested(pack: (element: TuplePacker) => void): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = 0x05;
    pack(this);
    this.#reserve(1);
    this.#bytes[this.#length++] = 0x00;
    return this;
  }

  nestedNull(): this {
    this.#reserve(2);
    this.#bytes[this.#length++] = 0x00;
    this.#bytes[this.#length++] = 0xff;
    return this;
  }
}
