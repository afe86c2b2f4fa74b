// Dates and times as RFC 3339 writes them, by plain loops over character codes: these run on every such string of every
// document.

const MINUS = 45;
const PLUS = 43;
const DOT = 46;
const COLON = 58;

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** The offset after the digits that start at `at`. */
export function skipDigits(text: string, at: number): number {
  let end = at;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

/** Two digits at an offset as a number, or NaN, which fails every comparison. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at);
  const ones = text.charCodeAt(at + 1);
  return isDigit(tens) && isDigit(ones) ? tens * 10 + ones - 528 : Number.NaN;
}

const daysInMonth: readonly number[] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `YYYY-MM-DD` in the first ten of a text of the length given. */
export function isDate(text: string, length: number): boolean {
  if (length !== 10 || text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS) return false;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return false;
  if (month === 2 && day === 29) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (daysInMonth[month - 1] ?? 0);
}

/** RFC 3339 `full-time` from an offset to the end: `HH:MM:SS[.fraction](Z|±HH:MM)`, without leap seconds. */
export function isTime(text: string, start: number): boolean {
  if (text.charCodeAt(start + 2) !== COLON || text.charCodeAt(start + 5) !== COLON) return false;
  if (!(twoDigits(text, start) <= 23 && twoDigits(text, start + 3) <= 59)) return false;
  if (!(twoDigits(text, start + 6) <= 59)) return false;
  let at = start + 8;
  if (text.charCodeAt(at) === DOT) {
    const end = skipDigits(text, at + 1);
    if (end === at + 1) return false;
    at = end;
  }
  const zone = text.charCodeAt(at);
  if (zone === 90) return at + 1 === text.length;
  if ((zone !== PLUS && zone !== MINUS) || at + 6 !== text.length || text.charCodeAt(at + 3) !== COLON)
    return false;
  return twoDigits(text, at + 1) <= 23 && twoDigits(text, at + 4) <= 59;
}

export function isDateTime(text: string): boolean {
  return text.length >= 20 && text.charCodeAt(10) === 84 && isDate(text, 10) && isTime(text, 11);
}
