// The zone in which a server without time zones in its columns is told times: a fixed offset, or a name whose offset
// changes over the year.

import { errors } from './errors.ts';

export interface TimeZone {
  /** As the configuration or the server has it. */
  readonly name: string;
  /** How far local time is ahead of UTC at an instant (milliseconds since 1970), in milliseconds. */
  offsetAtMs(instantMs: number): number;
}

const QUARTER_MS = 15 * 60_000;
const MAX_REMEMBERED = 50_000;

/** Throws MYSQL_TIME_ZONE. */
export function parseTimeZone(text: string): TimeZone {
  const name = text.trim();
  const fixed = /^([+-])(\d{1,2}):(\d{2})$/.exec(name);
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    const offsetMs = (fixed[1] === '-' ? -minutes : minutes) * 60_000;
    // The range that the server allows.
    if (
      minutes % 60 === Number(fixed[3]) &&
      offsetMs >= -13 * 3_600_000 - 59 * 60_000 &&
      minutes <= 14 * 60
    ) {
      return { name, offsetAtMs: () => offsetMs };
    }
    throw unknown(name);
  }
  if (/^(utc|z)$/i.test(name)) return { name, offsetAtMs: () => 0 };
  return namedZone(name);
}

function unknown(name: string): Error {
  return errors.MYSQL_TIME_ZONE({
    message: `${JSON.stringify(name)} is neither the name of a time zone nor an offset from UTC`,
  });
}

function namedZone(name: string): TimeZone {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    throw unknown(name);
  }
  // Offsets change at whole quarters of an hour. Looking one up takes far longer than everything else about a value.
  const remembered = new Map<number, number>();
  return {
    name,
    offsetAtMs(instantMs) {
      const quarter = Math.floor(instantMs / QUARTER_MS);
      const known = remembered.get(quarter);
      if (known !== undefined) return known;
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      const offsetMs = offsetOf(format, quarter * QUARTER_MS);
      remembered.set(quarter, offsetMs);
      return offsetMs;
    },
  };
}

function offsetOf(format: Intl.DateTimeFormat, instantMs: number): number {
  const part = format.formatToParts(instantMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(part);
  const [, sign, hours = 0, minutes = 0, seconds = 0] = match ?? [];
  const total = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -total : total;
}
