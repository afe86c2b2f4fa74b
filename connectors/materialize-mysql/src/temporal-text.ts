// Dates and times of documents (RFC 3339) as the server's columns take them, which know no zone; and back.

import type { TimeZone } from './time-zone.ts';

const dateTime =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:([Zz])|([+-])(\d{2}):?(\d{2}))$/;
const time = /^(\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:([Zz])|([+-])(\d{2}):?(\d{2}))$/;
const date = /^(\d{4})-\d{2}-\d{2}$/;

const DAY_MS = 86_400_000;

/**
 * A date-time for a column DATETIME(6), in the zone. Years that the column does not have become its least or greatest; a
 * leap second becomes the end of its minute.
 */
export function dateTimeText(text: string, zone: TimeZone): string {
  const match = dateTime.exec(text);
  if (match === null) throw new TypeError(`${JSON.stringify(text)} is no date and time with an offset`);
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const isLeap = second === '60';
  // Years before 100 mean others to Date.UTC; and a day or hour out of range would silently become another one.
  const moment = new Date(Date.UTC(2000, 0, 1, Number(hour), Number(minute), isLeap ? 59 : Number(second)));
  moment.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isReal =
    moment.getUTCMonth() === Number(month) - 1 &&
    moment.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) <= 60;
  if (!isReal) throw new TypeError(`${JSON.stringify(text)} is no date and time`);
  const instantMs = moment.getTime() - offsetMs(match, 9);
  const shown = new Date(instantMs + zone.offsetAtMs(instantMs));
  const shownYear = shown.getUTCFullYear();
  if (shownYear < 1) return '0001-01-01 00:00:00';
  if (shownYear > 9999) return '9999-12-31 23:59:59.999999';
  const shownDate = `${String(shownYear).padStart(4, '0')}-${two(shown.getUTCMonth() + 1)}-${two(shown.getUTCDate())}`;
  const shownTime = `${two(shown.getUTCHours())}:${two(shown.getUTCMinutes())}:${two(shown.getUTCSeconds())}`;
  return `${shownDate} ${shownTime}${isLeap ? '.999999' : micros(fraction)}`;
}

/** A time of day for a column TIME(6), in the zone's offset of 1970. */
export function timeText(text: string, zone: TimeZone): string {
  const match = time.exec(text);
  if (match === null) throw new TypeError(`${JSON.stringify(text)} is no time of day with an offset`);
  const [, hour, minute, second, fraction = ''] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) {
    throw new TypeError(`${JSON.stringify(text)} is no time of day`);
  }
  const utc = Number(hour) * 3_600_000 + Number(minute) * 60_000 - offsetMs(match, 6);
  const local = (((utc + zone.offsetAtMs(0)) % DAY_MS) + DAY_MS) % DAY_MS;
  const minutes = Math.floor(local / 60_000);
  const seconds = Number(second) === 60 ? '59.999999' : `${second}${micros(fraction)}`;
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${seconds}`;
}

/** A date for a column DATE, which has no year 0. */
export function dateText(text: string): string {
  const match = date.exec(text);
  if (match === null) throw new TypeError(`${JSON.stringify(text)} is no date`);
  return match[1] === '0000' ? '0001-01-01' : text;
}

const columnDateTime = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(\.\d+)?$/;
const columnTime = /^(\d{2}):(\d{2}):(\d{2})(\.\d+)?$/;

/** What a column of date and time has in the zone, as RFC 3339 in UTC; other text, as of a column of texts, as it is. */
export function dateTimeOf(text: string, zone: TimeZone): string {
  const match = columnDateTime.exec(text);
  if (match === null) return text;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const local = new Date(Date.UTC(2000, 0, 1, Number(hour), Number(minute), Number(second)));
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const localMs = local.getTime();
  // The offset is that of the instant, which the offset leads to; of an hour that comes twice the later one.
  const nearMs = localMs - zone.offsetAtMs(localMs);
  const utc = new Date(localMs - zone.offsetAtMs(nearMs));
  const years = String(Math.max(0, utc.getUTCFullYear())).padStart(4, '0');
  return `${years}-${two(utc.getUTCMonth() + 1)}-${two(utc.getUTCDate())}T${two(utc.getUTCHours())}:${two(utc.getUTCMinutes())}:${two(utc.getUTCSeconds())}${fraction}Z`;
}

/** What a column of times of day has, as RFC 3339 in UTC; other text as it is. */
export function timeOf(text: string, zone: TimeZone): string {
  const match = columnTime.exec(text);
  if (match === null) return text;
  const [, hour, minute, second, fraction = ''] = match;
  const local = Number(hour) * 3_600_000 + Number(minute) * 60_000;
  const minutes = Math.floor(((((local - zone.offsetAtMs(0)) % DAY_MS) + DAY_MS) % DAY_MS) / 60_000);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${second}${fraction}Z`;
}

/** Microseconds, cut: rounding up could reach a year that the column does not have. */
function micros(fraction: string): string {
  return fraction.slice(0, 7);
}

/** Of the sign at `index` of the match, and the hours and minutes behind it. */
function offsetMs(match: RegExpExecArray, index: number): number {
  const [sign, hours, minutes] = match.slice(index, index + 3);
  if (sign === undefined) return 0;
  const size = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? -size : size;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
