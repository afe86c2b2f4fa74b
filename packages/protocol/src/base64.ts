// Standard base64 between buffers, without strings in between: packed keys and values are short and many.

import { errors } from './errors.ts';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const PADDING = 0x3d;
const INVALID = 0xff;

/** By character; both alphabets are read, only the standard one is written. */
const VALUES = new Uint8Array(256).fill(INVALID);
for (const [value, character] of ALPHABET.entries()) VALUES[character] = value;
VALUES[0x2d] = 62;
VALUES[0x5f] = 63;

/** Characters, padding included. */
export function base64Length(byteLength: number): number {
  return Math.ceil(byteLength / 3) * 4;
}

/** Writes base64Length(source.length) characters at `offset` and returns the offset behind them. */
export function writeBase64(target: Uint8Array, offset: number, source: Uint8Array): number {
  let at = offset;
  const whole = source.length - (source.length % 3);
  for (let from = 0; from < whole; from += 3) {
    const bits =
      ((source[from] as number) << 16) | ((source[from + 1] as number) << 8) | (source[from + 2] as number);
    target[at++] = ALPHABET[bits >>> 18] as number;
    target[at++] = ALPHABET[(bits >>> 12) & 63] as number;
    target[at++] = ALPHABET[(bits >>> 6) & 63] as number;
    target[at++] = ALPHABET[bits & 63] as number;
  }
  if (whole === source.length) return at;
  const second = source[whole + 1];
  const bits = ((source[whole] as number) << 16) | ((second ?? 0) << 8);
  target[at++] = ALPHABET[bits >>> 18] as number;
  target[at++] = ALPHABET[(bits >>> 12) & 63] as number;
  target[at++] = second === undefined ? PADDING : (ALPHABET[(bits >>> 6) & 63] as number);
  target[at++] = PADDING;
  return at;
}

/** Reads the characters `source[start, end)`; padding may be missing. Throws PROTOCOL_MALFORMED. */
export function readBase64(source: Uint8Array, start: number, end: number): Buffer {
  let last = end;
  while (last > start && end - last < 2 && source[last - 1] === PADDING) last--;
  const characters = last - start;
  const bytes = Buffer.allocUnsafe((characters * 3) >>> 2);
  let to = 0;
  let bits = 0;
  let seen = 0;
  for (let at = start; at < last; at++) {
    const value = VALUES[source[at] as number] as number;
    if (value === INVALID) throw malformed(source, start, end);
    bits = (bits << 6) | value;
    seen = (seen + 1) & 3;
    if (seen === 1) continue;
    bytes[to++] = bits >>> (seen === 0 ? 0 : 8 - 2 * seen);
  }
  if ((characters & 3) === 1) throw malformed(source, start, end);
  return bytes;
}

function malformed(source: Uint8Array, start: number, end: number): Error {
  const shown = Buffer.from(source.subarray(start, Math.min(end, start + 60))).toString('latin1');
  return errors.PROTOCOL_MALFORMED({ message: `Expected base64, found "${shown}".` });
}
