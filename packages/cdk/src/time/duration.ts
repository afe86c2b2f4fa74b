// Lengths of time, as people write them in code (`5m`) and as configurations hold them (ISO 8601, `PT5M`).

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `250ms`, `30s`, `5m`, `12h`, `7d`. */
export type Span = `${number}${keyof typeof unitMs}`;

export function spanMs(span: Span): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(span) ?? [];
  if (count === undefined) throw new TypeError(`${span} is no length of time`);
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}

const iso =
  /^P(?:(\d+(?:\.\d+)?)W|(?:(\d+(?:\.\d+)?)D)?(?:T(?=\d)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?)$/;

/** Milliseconds of an ISO 8601 duration without years and months, whose length depends; undefined for other text. */
export function isoDurationMs(text: string): number | undefined {
  const match = iso.exec(text);
  if (match === null || text === 'P') return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return (weeks * 7 + days) * unitMs.d + hours * unitMs.h + minutes * unitMs.m + seconds * unitMs.s;
}

/** In days and hours, where an ISO 8601 duration has years (365 days), months (30 days) or weeks; other texts as they are. */
export function withoutCalendar(text: string): string {
  const match = /^P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(T.+)?$/.exec(text);
  if (match === null) return text;
  const [years = 0, months = 0, weeks = 0, days = 0] = match.slice(1, 5).map((part) => Number(part ?? 0));
  return `P${years * 365 + months * 30 + weeks * 7 + days}D${match[5] ?? ''}`;
}

/** The shortest ISO 8601 duration of whole days, hours, minutes and seconds: `PT5M`, `P1DT12H`, `PT0S`. */
export function isoDuration(milliseconds: number): string {
  const days = Math.floor(milliseconds / unitMs.d);
  const rest = milliseconds - days * unitMs.d;
  const hours = Math.floor(rest / unitMs.h);
  const minutes = Math.floor((rest % unitMs.h) / unitMs.m);
  const seconds = (rest % unitMs.m) / unitMs.s;
  const date = days === 0 ? '' : `${days}D`;
  const time = [
    hours === 0 ? '' : `${hours}H`,
    minutes === 0 ? '' : `${minutes}M`,
    seconds === 0 ? '' : `${seconds}S`,
  ].join('');
  if (time !== '') return `P${date}T${time}`;
  return date === '' ? 'PT0S' : `P${date}`;
}
