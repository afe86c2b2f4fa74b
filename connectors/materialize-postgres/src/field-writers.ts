// Values of the types that are PostgreSQL's own, as the text that COPY takes.

import { base64Bytes, changedText, type FieldWriter, jsonField, textField } from '@weir/materialize-sql';

const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;
const COLON = 0x3a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const LETTER_z = 0x7a;

/** The server has no year 0. */
function isOfYearZero(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4) return false;
  for (let at = start; at < start + 4; at += 1) if (bytes[at] !== DIGIT_ZERO) return false;
  return true;
}

export const dateField: FieldWriter = (element, rows) => {
  if (element.kind === 'text' && isOfYearZero(element.packed, element.start, element.end))
    rows.ascii('0001-01-01');
  else textField(element, rows);
};

/** Whether bytes [start, end) end in `Z` or in `±HH:MM`. */
function hasOffset(bytes: Uint8Array, start: number, end: number): boolean {
  const last = end > start ? (bytes[end - 1] as number) : 0;
  if ((last | 0x20) === LETTER_z) return true;
  if (end - start < 6) return false;
  const sign = bytes[end - 6];
  return (
    (sign === PLUS || sign === MINUS) &&
    isDigit(bytes[end - 5]) &&
    isDigit(bytes[end - 4]) &&
    bytes[end - 3] === COLON &&
    isDigit(bytes[end - 2]) &&
    isDigit(last)
  );
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_ZERO && byte <= DIGIT_NINE;
}

/** RFC 3339, with a space for the T if need be. Without an offset it would be taken for the time of the session. */
export const dateTimeField: FieldWriter = (element, rows) => {
  if (element.kind !== 'text') return textField(element, rows);
  const { packed, start, end } = element;
  if (isOfYearZero(packed, start, end)) return rows.ascii('0001-01-01T00:00:00Z');
  if (!hasOffset(packed, start, end)) {
    throw new RangeError(
      `${JSON.stringify(packed.toString('utf8', start, Math.min(end, start + 40)))} has no offset from UTC`,
    );
  }
  rows.escaped(packed, start, end);
};

const DAY_SECONDS = 86_400;

/** A time of day with an offset, as that of UTC: the column has no offset. */
export const timeField: FieldWriter = changedText((text) => {
  const match = /^(\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text);
  if (match === null) return text;
  const [, hours, minutes, seconds, fraction = '', sign, offsetHours, offsetMinutes] = match;
  if (sign === undefined) return `${hours}:${minutes}:${seconds}${fraction}`;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60 * (sign === '-' ? -1 : 1);
  const local = (Number(hours) * 60 + Number(minutes)) * 60 + Math.min(Number(seconds), 59);
  const utc = (((local - offset) % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(utc / 3600))}:${two(Math.floor(utc / 60) % 60)}:${two(utc % 60)}${fraction}`;
});

/** Base64 as the hexadecimal form of bytea. */
export const byteaField: FieldWriter = (element, rows) => {
  if (element.kind !== 'text') return textField(element, rows);
  const bytes = base64Bytes(element.payload().toString('latin1'));
  rows.text('\\x');
  rows.ascii(bytes.toString('hex'));
};

const escapes = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\./g;

/** What jsonb refuses in a text: a NUL, which is left out, and half of a surrogate pair, which becomes U+FFFD. */
export function storableJson(json: string): string {
  return json.replaceAll(escapes, (escape, code: string | undefined) => {
    if (code === '0000') return '';
    return code !== undefined && /^[dD][89a-fA-F]/.test(code) ? String.raw`\ufffd` : escape;
  });
}

/** jsonb, which holds values and not texts. */
export const jsonbField: FieldWriter = (element, rows) => {
  const { packed, start, end } = element;
  const isSuspect =
    element.kind === 'bytes' ? packed.subarray(start, end).includes(String.raw`\u`) : element.hasZeros;
  if (!isSuspect) return jsonField(element, rows);
  const text = element.payload().toString('utf8');
  rows.text(storableJson(element.kind === 'text' ? JSON.stringify(text) : text));
};
