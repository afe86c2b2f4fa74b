// Five fields of cron, in UTC: minute, hour, day of month, month, day of week (0 is Sunday, and so is 7). As cron has
// it, a day matches when either of its two fields does if both are given.

interface Range {
  readonly low: number;
  readonly high: number;
}

const ranges: readonly Range[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12 },
  { low: 0, high: 7 },
];

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface Cron {
  /** The first minute after `after` that matches and is not past `until`, in Unix milliseconds. */
  next(afterMs: number, untilMs: number): number | undefined;
}

/** undefined when the text is not five fields of cron. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const sets = fields.map((field, index) => parseField(field, ranges[index] as Range));
  const [minutes, hours, days, months, weekdays] = sets;
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  if (weekdays.has(7)) weekdays.add(0);
  const eitherDay = fields[2] !== '*' && fields[4] !== '*';
  const matchesDay = (time: Date): boolean => {
    if (!months.has(time.getUTCMonth() + 1)) return false;
    const [byDate, byWeekday] = [days.has(time.getUTCDate()), weekdays.has(time.getUTCDay())];
    return eitherDay ? byDate || byWeekday : byDate && byWeekday;
  };
  return {
    next: (afterMs, untilMs) => {
      let at = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
      while (at <= untilMs) {
        const time = new Date(at);
        if (!matchesDay(time)) at = (Math.floor(at / DAY_MS) + 1) * DAY_MS;
        else if (hours.has(time.getUTCHours()) && minutes.has(time.getUTCMinutes())) return at;
        else at += MINUTE_MS;
      }
      return undefined;
    },
  };
}

function parseField(field: string, { low, high }: Range): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const [, first, last, step] = match;
    const from = first === undefined ? low : Number(first);
    const to = last === undefined ? (first === undefined || step !== undefined ? high : from) : Number(last);
    const by = step === undefined ? 1 : Number(step);
    if (from < low || to > high || from > to || by === 0) return undefined;
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return values;
}
