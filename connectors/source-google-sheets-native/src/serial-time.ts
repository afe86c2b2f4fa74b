// Times of a spreadsheet are days since 1899-12-30, as the clocks of its zone show them.

const DAY_MS = 86_400_000;
const DAY_ZERO_MS = Date.UTC(1899, 11, 30);

/** As the clocks show it, as if it were UTC; to the second. */
function shown(days: number): string {
  return new Date(DAY_ZERO_MS + Math.round((days * DAY_MS) / 1000) * 1000).toISOString().slice(0, 19);
}

export function serialDate(days: number): string {
  return shown(days).slice(0, 10);
}

/** With the offset of the zone at that time: `2015-11-15T14:45:28-05:00`. */
export function serialTime(days: number, timeZone: string): string {
  const text = shown(days);
  const shownMs = Date.parse(`${text}Z`);
  // The offset before a change of the clocks is that of a day earlier, the one after it that of a day later.
  const offsets = [-DAY_MS, DAY_MS].map((far) => offsetMs(timeZone, shownMs + far));
  const right = offsets.find((offset) => offsetMs(timeZone, shownMs - offset) === offset) ?? offsets[0] ?? 0;
  return `${text}${offsetText(right)}`;
}

function offsetMs(timeZone: string, instantMs: number): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(instantMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
