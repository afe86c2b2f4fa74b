// Dates and timestamps as texts whose byte order is their order in time: RFC 3339 with nine digits of fraction, in UTC
// where there is a zone. What has no such text is marked by its first byte: `-infinity` and `infinity` as they are,
// `/` and the complement of the year for years BC, `:` and six digits for years after 9999.

import { zonedParts } from './temporal.ts';

const LARGEST_YEAR = 999_999;

/** From the server's text of a date, timestamp or timestamptz. */
export function temporalKey(text: string): string {
  if (text.endsWith('infinity')) return text;
  const withTime = /^\d+-\d\d-\d\d( BC)?$/.test(text) ? text.replace(/( BC)?$/, ' 00:00:00$1') : text;
  const parts = zonedParts(withTime);
  if (parts === undefined) return text;
  const instant = new Date(parts.localMs - parts.offsetSeconds * 1000);
  const year = instant.getUTCFullYear();
  const rest = `${instant.toISOString().slice(-20, -5)}.${parts.fraction.slice(1).padEnd(9, '0')}Z`;
  if (year < 1) return `/${String(LARGEST_YEAR - (1 - year)).padStart(6, '0')}${rest}`;
  if (year > 9999) return `:${String(year).padStart(6, '0')}${rest}`;
  return String(year).padStart(4, '0') + rest;
}

/** A text that the server reads as the same date or timestamp. */
export function temporalFromKey(key: string): string {
  const marked = /^([/:])(\d{6})(-\d\d-\d\d)T(.*)Z$/.exec(key);
  if (marked === null) return key;
  const [, mark, yearText, day = '', time = ''] = marked;
  const year = Number(yearText);
  if (mark === ':') return `${year}${day} ${time}+00`;
  return `${String(LARGEST_YEAR - year).padStart(4, '0')}${day} ${time}+00 BC`;
}
