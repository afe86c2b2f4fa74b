// Durations as catalogs write them: one or more numbers with a unit, "5m", "1h 30m", "250ms".

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  nsec: 1e-6,
  us: 1e-3,
  usec: 1e-3,
  ms: 1,
  msec: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  weeks: 604_800_000,
};

/** Milliseconds, or undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^\s*(\d+\s*[a-z]+\s*)+$/.test(text)) return text.trim() === '0' ? 0 : undefined;
  let total = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)\s*([a-z]+)/g)) {
    const length = units[unit];
    if (length === undefined) return undefined;
    total += Number(count) * length;
  }
  return total;
}
