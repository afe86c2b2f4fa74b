// Formats of strings, checked on the bytes of a document. Each check says yes to the common spellings only, and never to
// a text that inference or validation would not take for the format; what it refuses is looked at as a string.

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const MINUS = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

/** Whether bytes [start, end), all of them ASCII, are certainly of the format. */
export type BytesFormat = (bytes: Uint8Array, start: number, end: number) => boolean;

/** The end of the digits from an offset on. */
function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte < DIGIT_0 || byte > DIGIT_9) break;
    at++;
  }
  return at;
}

/** The end of an integer without leading zeros, or -1. */
function integerEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = start < end && bytes[start] === MINUS ? start + 1 : start;
  const at = digitsEnd(bytes, first, end);
  return at === first || (bytes[first] === DIGIT_0 && at > first + 1) ? -1 : at;
}

function isInteger(bytes: Uint8Array, start: number, end: number): boolean {
  return integerEnd(bytes, start, end) === end;
}

function isNumber(bytes: Uint8Array, start: number, end: number): boolean {
  const at = integerEnd(bytes, start, end);
  if (at === -1 || at === end) return at === end;
  if (bytes[at] !== DOT) return false;
  return at + 1 < end && digitsEnd(bytes, at + 1, end) === end;
}

/** Two digits at an offset as a number, or 100. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - DIGIT_0;
  const ones = (bytes[at + 1] as number) - DIGIT_0;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
}

/** `YYYY-MM-DD`, days up to the 28th of any month and to the 30th of most. */
function isDateAt(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS) return false;
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  if (twoDigits(bytes, at) === 100 || twoDigits(bytes, at + 2) === 100) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= (month === 2 ? 28 : 30);
}

function isDate(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 10 && isDateAt(bytes, start);
}

/** `YYYY-MM-DDTHH:MM:SS[.fraction]Z`. */
function isDateTime(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 20 || bytes[start + 10] !== UPPER_T || !isDateAt(bytes, start)) return false;
  if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON || bytes[end - 1] !== UPPER_Z) return false;
  if (twoDigits(bytes, start + 11) > 23 || twoDigits(bytes, start + 14) > 59) return false;
  if (twoDigits(bytes, start + 17) > 59) return false;
  const fraction = start + 19;
  if (fraction === end - 1) return true;
  return bytes[fraction] === DOT && fraction + 2 < end && digitsEnd(bytes, fraction + 1, end - 1) === end - 1;
}

function isUuid(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 36) return false;
  for (let index = 0; index < 36; index++) {
    const byte = bytes[start + index] as number;
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (byte !== MINUS) return false;
    } else if (!((byte >= DIGIT_0 && byte <= DIGIT_9) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66))) {
      return false;
    }
  }
  return true;
}

export const bytesFormats: ReadonlyMap<string, BytesFormat> = new Map([
  ['integer', isInteger],
  ['number', isNumber],
  ['date', isDate],
  ['date-time', isDateTime],
  ['uuid', isUuid],
]);
