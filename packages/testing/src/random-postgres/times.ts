// Texts of dates and times, from the first to the last that the server knows, with both infinities.

import type { SeededRandom } from '../seeded-random.ts';
import type { RandomValue } from './random-value.ts';

/** Comparable as text would not be. */
export interface Moment {
  /** Astronomical: 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly micros: number;
}

const DAY_MICROS = 86_400_000_000;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Most are of our time; the others are anywhere between the server's first year and `lastYear`, or near a border. */
export function moment(random: SeededRandom, lastYear: number): Moment {
  const near = random.between(0, 9);
  let year = random.between(1960, 2040);
  if (near === 0) year = random.between(-4700, lastYear);
  else if (near === 1) year = random.pick([0, 1, 2, 9998, 9999, 10_000, 10_001, -4711, lastYear]);
  else if (near === 2) year = random.between(1840, 1960);
  const month = random.between(1, 12);
  const day = random.chance(0.2)
    ? random.pick([1, monthDays[month - 1] ?? 28])
    : random.between(1, monthDays[month - 1] ?? 28);
  const micros = random.chance(0.3)
    ? random.pick([0, DAY_MICROS - 1, DAY_MICROS - 1_000_000, 43_200_000_000])
    : Math.floor(random.next() * DAY_MICROS);
  return { year, month, day, micros: random.chance(0.3) ? micros - (micros % 1_000_000) : micros };
}

export function compareMoments(a: Moment, b: Moment): number {
  return a.year - b.year || a.month - b.month || a.day - b.day || a.micros - b.micros;
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}

export function dayText({ year, month, day }: Moment): string {
  const shown = year < 1 ? 1 - year : year;
  return `${pad(shown, 4)}-${pad(month)}-${pad(day)}${year < 1 ? ' BC' : ''}`;
}

function clockText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => pad(Math.floor(part)));
  const fraction = micros % 1_000_000;
  return clock.join(':') + (fraction === 0 ? '' : `.${pad(fraction, 6)}`);
}

export function momentText(at: Moment, zone: string): string {
  const day = dayText(at);
  const era = day.endsWith(' BC') ? ' BC' : '';
  return `${era === '' ? day : day.slice(0, -3)} ${clockText(at.micros)}${zone}${era}`;
}

export const lastDateYear = 5_874_897;
export const lastTimestampYear = 294_276;

function orInfinite(value: RandomValue): RandomValue {
  return (random) => (random.chance(0.05) ? random.pick(['infinity', '-infinity']) : value(random));
}

export const date: RandomValue = orInfinite((random) => dayText(moment(random, lastDateYear - 1)));
export const timestamp: RandomValue = orInfinite((random) =>
  momentText(moment(random, lastTimestampYear - 1), ''),
);

function zone(random: SeededRandom): string {
  const sign = random.pick(['+', '-']);
  const hours = random.between(0, 15);
  return `${sign}${pad(hours)}${random.pick(['', ':30', ':45', `:${pad(random.between(0, 59))}`])}`;
}

export const timestamptz: RandomValue = orInfinite((random) =>
  momentText(moment(random, lastTimestampYear - 1), zone(random)),
);

function clock(random: SeededRandom): string {
  if (random.chance(0.05)) return '24:00:00';
  return clockText(moment(random, 2040).micros);
}

export const time: RandomValue = clock;
/** Offsets of seconds too, as those of old zones. */
export const timetz: RandomValue = (random) => {
  const hasMinutes = random.chance(0.2);
  return `${clock(random)}${hasMinutes ? `${random.pick(['+', '-'])}${pad(random.between(0, 14))}:${pad(random.between(0, 59))}:${pad(random.between(0, 59))}` : zone(random)}`;
};

export const interval: RandomValue = (random) => {
  const signed = (most: number) => random.between(-most, most);
  const parts = [
    `${signed(random.pick([5, 178_000_000 / 2]))} years`,
    `${signed(random.pick([20, 1_000_000]))} mons`,
    `${signed(random.pick([40, 2_000_000_000]))} days`,
    `${signed(random.pick([30, 2_000_000]))} hours`,
    `${signed(90)} mins`,
    `${signed(90)}.${pad(random.between(0, 999_999), 6)} secs`,
  ];
  return parts.filter(() => random.chance(0.5)).join(' ') || '0';
};

/** Since PostgreSQL 17. */
export const intervalWithInfinity: RandomValue = orInfinite(interval);
