// JSON text without the space between its tokens. Everything else stays as it was written: the order of properties,
// duplicates, the spelling of numbers and escapes. The one exception: an escaped surrogate without its partner, which
// is not a character and which other readers of JSON refuse, becomes \ufffd.

import type { JsonBuffer } from './json-buffer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const replacement = Buffer.from('\\ufffd');

/** `source` must be valid JSON text; it is not checked. */
export function compactJson(out: JsonBuffer, source: Uint8Array, start: number, end: number): void {
  out.reserve(end - start);
  let inString = false;
  const { bytes } = out;
  let target = out.length;
  for (let index = start; index < end; index += 1) {
    const byte = source[index] ?? 0;
    if (!inString) {
      if (byte <= 0x20) continue;
      if (byte === QUOTE) inString = true;
      bytes[target++] = byte;
      continue;
    }
    if (byte === QUOTE) inString = false;
    if (byte !== BACKSLASH) {
      bytes[target++] = byte;
      continue;
    }
    if (source[index + 1] !== LETTER_U) {
      bytes[target++] = byte;
      bytes[target++] = source[index + 1] ?? 0;
      index += 1;
      continue;
    }
    const unit = hexUnit(source, index + 2);
    const isPair = unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(source, index + 6, end);
    const length = isPair ? 12 : 6;
    if (!isPair && unit >= 0xd800 && unit < 0xe000) bytes.set(replacement, target);
    else bytes.set(source.subarray(index, index + length), target);
    target += length;
    index += length - 1;
  }
  out.length = target;
}

function isLowSurrogate(source: Uint8Array, at: number, end: number): boolean {
  if (at + 6 > end || source[at] !== BACKSLASH || source[at + 1] !== LETTER_U) return false;
  const unit = hexUnit(source, at + 2);
  return unit >= 0xdc00 && unit < 0xe000;
}

function hexUnit(source: Uint8Array, at: number): number {
  let unit = 0;
  for (let index = at; index < at + 4; index += 1) {
    const byte = source[index] ?? 0;
    unit = unit * 16 + (byte <= 0x39 ? byte - 0x30 : (byte & 0x5f) - 0x37);
  }
  return unit;
}
