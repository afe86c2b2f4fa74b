// Floats arrive as the shortest text that reads back to the same float, which is a JSON number but for NaN, Infinity
// and -Infinity; those are strings.

import type { JsonBuffer } from '@weir/json-bytes';

const LETTER_E = 0x65;
const DIGIT_9 = 0x39;

function isNumeral(bytes: Uint8Array, end: number): boolean {
  return (bytes[end - 1] ?? 0) <= DIGIT_9;
}

export function usualFloat(document: Uint8Array, _start: number, end: number): number {
  return isNumeral(document, end) ? end : -1;
}

export function writeFloat(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  if (isNumeral(bytes, end)) out.raw(bytes, start, end);
  else out.string(bytes, start, end);
}

/** As a string of plain decimals: `1e+20` becomes `"100000000000000000000"`. */
export function writeFloatKey(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  const exponentAt = isNumeral(bytes, end) ? bytes.subarray(start, end).indexOf(LETTER_E) : -1;
  if (exponentAt < 0) out.string(bytes, start, end);
  else out.ascii(`"${plainDecimal(bytes.toString('latin1', start, end))}"`);
}

/** `-1.5e-07` is `-0.00000015`. */
export function plainDecimal(numeral: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]?\d+)$/.exec(numeral);
  if (match === null) return numeral;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponentText);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
