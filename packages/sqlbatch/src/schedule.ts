// When a binding is polled: at an interval after the last poll, or daily at a time of day in UTC.

import { errors } from './errors.ts';

export interface Schedule {
  /** When a poll is due after the one at `lastMs`; Unix milliseconds, both. */
  next(lastMs: number): number;
}

const DAY_MS = 86_400_000;

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** What a schema can say about a schedule; `parseSchedule` is a little stricter. */
export const schedulePattern = String.raw`^([-+]?([0-9]+([.][0-9]+)?(h|m|s|ms))+|daily at [0-9][0-9]?:[0-9]{2}Z)$`;

/** Reads `5m`, `1h30m`, `daily at 6:00Z`. Throws SQLBATCH_SCHEDULE_INVALID. */
export function parseSchedule(text: string): Schedule {
  const daily = /^daily at (\d{1,2}):(\d{2})Z$/.exec(text);
  if (daily !== null) {
    const [hour, minute] = [Number(daily[1]), Number(daily[2])];
    if (hour < 24 && minute < 60) return dailySchedule((hour * 60 + minute) * 60_000);
  }
  const periodMs = durationMs(text);
  if (periodMs === undefined || periodMs < 0) {
    throw errors.SQLBATCH_SCHEDULE_INVALID({
      message: `the polling schedule ${JSON.stringify(text)} is neither an interval nor a time of day in UTC`,
    });
  }
  return { next: (lastMs) => lastMs + periodMs };
}

function dailySchedule(timeOfDayMs: number): Schedule {
  return {
    next(lastMs) {
      const sameDay = Math.floor(lastMs / DAY_MS) * DAY_MS + timeOfDayMs;
      return sameDay > lastMs ? sameDay : sameDay + DAY_MS;
    },
  };
}

/** A sum of amounts with units, such as `1h30m` or `1.5s`; undefined for anything else. */
function durationMs(text: string): number | undefined {
  const match = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  let sum = 0;
  for (const [, amount, unit] of (match[2] ?? '').matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  return match[1] === '-' ? -sum : sum;
}
