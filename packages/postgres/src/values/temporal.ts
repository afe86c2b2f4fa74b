// Dates and times in DateStyle ISO (PostgreSQL manual: "Date/Time Output") as RFC 3339. What RFC 3339 cannot say has a
// sentinel: infinity is the last day of 9999; -infinity, years before 1 and years after 9999 are the year 0000.

import type { JsonBuffer } from '@weir/json-bytes';
import { changedInPlace, TEXT_SLACK_BYTES } from './text-copy.ts';
import type { ValueWriter } from './value-writer.ts';

const DASH = 0x2d;
const PLUS = 0x2b;
const COLON = 0x3a;
const SPACE = 0x20;
const DIGIT_0 = 0x30;
const LETTER_C = 0x43;
const LETTER_I = 0x69;
const LETTER_T = 0x54;
const LETTER_Y = 0x79;
const LETTER_Z = 0x5a;
const QUOTE = 0x22;

/** Of these functions none writes quotes, so that ranges can use them too. */
type TextWriter = ValueWriter;

export function quoted(write: TextWriter): ValueWriter {
  return (out, bytes, start, end) => {
    out.byte(QUOTE);
    write(out, bytes, start, end);
    out.byte(QUOTE);
  };
}

/** `2024-01-15`, four digits of year, not BC. */
function hasPlainDate(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start + 4] === DASH && bytes[end - 1] !== LETTER_C;
}

function hasPlainTimestamp(bytes: Uint8Array, start: number, end: number): boolean {
  return hasPlainDate(bytes, start, end) && bytes[start + 10] === SPACE;
}

export function usualDate(document: Uint8Array, start: number, end: number): number {
  return end - start === 10 && hasPlainDate(document, start, end) ? end : -1;
}

export function usualTimestamp(document: Uint8Array, start: number, end: number): number {
  if (!hasPlainTimestamp(document, start, end)) return -1;
  document[start + 10] = LETTER_T;
  document[end] = LETTER_Z;
  return end + 1;
}

export function usualTimestampWithZone(document: Uint8Array, start: number, end: number): number {
  if (!hasPlainTimestamp(document, start, end)) return -1;
  document[start + 10] = LETTER_T;
  return usualZone(document, end);
}

/** `+00` is Z, `-08` is -08:00, `+05:30` stays. An offset with seconds is unusual. */
function usualZone(document: Uint8Array, end: number): number {
  if (isSign(document[end - 3])) {
    if (document[end - 2] === DIGIT_0 && document[end - 1] === DIGIT_0) {
      document[end - 3] = LETTER_Z;
      return end - 2;
    }
    document[end] = COLON;
    document[end + 1] = DIGIT_0;
    document[end + 2] = DIGIT_0;
    return end + 3;
  }
  return isSign(document[end - 6]) ? end : -1;
}

function isSign(byte: number | undefined): boolean {
  return byte === PLUS || byte === DASH;
}

function isPositiveInfinity(bytes: Buffer, start: number, end: number): boolean {
  return bytes[start] === LETTER_I && bytes[end - 1] === LETTER_Y;
}

export const date: TextWriter = changedInPlace(usualDate, (out, bytes, start, end) => {
  out.ascii(isPositiveInfinity(bytes, start, end) ? '9999-12-31' : '0000-01-01');
});

/** At midnight: how the bounds of a daterange are written. */
export function dateAsTimestamp(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  if (end - start === 10 && hasPlainDate(bytes, start, end)) {
    out.raw(bytes, start, end);
    out.ascii('T00:00:00Z');
  } else unwritable(out, bytes, start, end);
}

export const timestamp: TextWriter = changedInPlace(usualTimestamp, unwritable);

/** With the offset of the server's zone, as it prints it. */
export const timestampWithZone: TextWriter = changedInPlace(
  usualTimestampWithZone,
  (out, bytes, start, end) => {
    if (hasPlainTimestamp(bytes, start, end))
      out.ascii(withWholeMinutes(bytes.toString('latin1', start, end)));
    else unwritable(out, bytes, start, end);
  },
);

/** A time of day, with a Z although it has no zone; 24:00:00 is 00:00:00. */
export function clock(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  writeClock(out, bytes, start, end);
  out.byte(0x5a);
}

/** `14:30:00.5` as microseconds since midnight. */
export function clockAsMicros(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  const [hours = '', minutes = '', seconds = ''] = bytes.toString('latin1', start, end).split(':');
  const [whole = '', fraction = ''] = seconds.split('.');
  const wholeSeconds = Number(hours) * 3600 + Number(minutes) * 60 + Number(whole);
  out.ascii(String(wholeSeconds * 1_000_000 + Number(fraction.padEnd(6, '0'))));
}

export function clockWithZone(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  const zone = zoneStart(bytes, start + 8, end);
  if (end - zone > 6) {
    const moved = withWholeMinutes(`2000-01-02 ${bytes.toString('latin1', start, end).replace(/^24/, '00')}`);
    out.ascii(moved.slice(11));
    return;
  }
  writeClock(out, bytes, start, zone);
  out.reserve(end - zone + TEXT_SLACK_BYTES);
  out.raw(bytes, zone, end);
  out.length = usualZone(out.bytes, out.length);
}

function unwritable(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  out.ascii(isPositiveInfinity(bytes, start, end) ? '9999-12-31T23:59:59Z' : '0000-01-01T00:00:00Z');
}

function writeClock(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  if (bytes[start] === 0x32 && bytes[start + 1] === 0x34) out.ascii('00:00:00');
  else out.raw(bytes, start, end);
}

/** The offset follows the seconds and their fraction. */
function zoneStart(bytes: Buffer, start: number, end: number): number {
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index];
    if (byte === 0x2b || byte === DASH) return index;
  }
  return end;
}

export interface ZonedParts {
  /** Unix milliseconds of the local time read as UTC, without the fraction of its second. */
  readonly localMs: number;
  /** With its dot, or empty. */
  readonly fraction: string;
  readonly offsetSeconds: number;
}

/** Reads `1880-01-01 00:00:00.5-04:56:02`; the offset may be missing, whole hours, minutes or seconds. */
export function zonedParts(text: string): ZonedParts | undefined {
  const match =
    /^(\d+)-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, hours, minutes, seconds, era] = match;
  const local = new Date(0);
  // There is no year 0: 1 BC is followed by 1 AD.
  const fullYear = era === undefined ? Number(year) : 1 - Number(year);
  local.setUTCFullYear(fullYear, Number(month) - 1, Number(day));
  local.setUTCHours(Number(hour), Number(minute), Number(second));
  const size = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return { localMs: local.getTime(), fraction, offsetSeconds: sign === '-' ? -size : size };
}

/** RFC 3339 has no seconds in offsets: they go into the time, so that the instant stays. */
function withWholeMinutes(text: string): string {
  const parts = zonedParts(text);
  if (parts === undefined) return '0000-01-01T00:00:00Z';
  const rest = parts.offsetSeconds % 60;
  const offsetMinutes = (parts.offsetSeconds - rest) / 60;
  const local = new Date(parts.localMs - rest * 1000).toISOString().slice(0, 19);
  const size = Math.abs(offsetMinutes);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const zone =
    size === 0 ? 'Z' : `${offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
  return local + parts.fraction + zone;
}
