// Times of a spreadsheet (Google Sheets, Excel, Lotus 1-2-3) are days since 1899-12-30, as the clocks of its zone show them.

import { Instant } from './instant.ts';
import { ofShown, zoneOffsetMs } from './zone.ts';

const DAY_MS = 86_400_000;
const DAY_ZERO_MS = Date.UTC(1899, 11, 30);

/** As the clocks show it, as if it were UTC; to the second. */
function shown(days: number): Instant {
  return Instant.ofMs(DAY_ZERO_MS + Math.round((days * DAY_MS) / 1000) * 1000);
}

/** `2015-11-15` */
export function serialDate(days: number): string {
  return shown(days).toText(0).slice(0, 10);
}

/** With the offset of the zone at that time: `2015-11-15T14:45:28-05:00`. */
export function serialTime(days: number, timeZone: string): string {
  const local = shown(days);
  const minutes = zoneOffsetMs(timeZone, ofShown(timeZone, local)) / 60_000;
  const two = (value: number): string => String(Math.floor(Math.abs(value))).padStart(2, '0');
  return `${local.toText(0).slice(0, -1)}${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
