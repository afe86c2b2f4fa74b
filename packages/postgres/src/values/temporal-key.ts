// Dates and timestamps as texts whose byte order is their order in time: RFC 3339 with nine digits of fraction, in UTC
// where there is a zone. What has no such text is marked by its first byte: `-infinity` and `infinity` as they are,
// `/` and the complement of the year for years BC, `:` and seven digits for years after 9999.

import { zonedParts } from './temporal.ts';

/** Dates end in 5874897. */
const LARGEST_YEAR = 9_999_999;
/** The calendar repeats after as many years. */
const CYCLE_YEARS = 400;
/** The first year of a cycle, for reckoning: not all years of the server are in reach of a JavaScript date. */
const NEAR_YEAR = 2000;

/** From the server's text of a date, timestamp or timestamptz; of a key, what it stands for in UTC. */
export function temporalKey(text: string): string {
  const match = /^(\d+)(-\d\d-\d\d)([ T]\d.*?)?( BC)?$/.exec(text.replace(/Z$/, ''));
  if (match === null) return text;
  const [, shownYear, day = '', clock = ' 00:00:00', era] = match;
  const localYear = era === undefined ? Number(shownYear) : 1 - Number(shownYear);
  const cycleStart = Math.floor(localYear / CYCLE_YEARS) * CYCLE_YEARS;
  const parts = zonedParts(`${NEAR_YEAR + localYear - cycleStart}${day}${clock}`);
  if (parts === undefined) return text;
  const instant = new Date(parts.localMs - parts.offsetSeconds * 1000);
  const year = instant.getUTCFullYear() - NEAR_YEAR + cycleStart;
  const rest = `${instant.toISOString().slice(-20, -5)}.${parts.fraction.slice(1).padEnd(9, '0')}Z`;
  if (year < 1) return `/${String(LARGEST_YEAR - (1 - year)).padStart(7, '0')}${rest}`;
  if (year > 9999) return `:${String(year).padStart(7, '0')}${rest}`;
  return String(year).padStart(4, '0') + rest;
}

/** A text that the server reads as the same date or timestamp. */
export function temporalFromKey(key: string): string {
  const marked = /^([/:])(\d{7})(-\d\d-\d\d)T(.*)Z$/.exec(key);
  if (marked === null) return key;
  const [, mark, yearText, day = '', time = ''] = marked;
  const year = Number(yearText);
  if (mark === ':') return `${year}${day} ${time}+00`;
  return `${String(LARGEST_YEAR - year).padStart(4, '0')}${day} ${time}+00 BC`;
}
