// Arrays, ranges, rows and maps of other values.

import type { SeededRandom } from '../seeded-random.ts';
import type { RandomValue } from './random-value.ts';
import { digits } from './numbers.ts';
import { compareMoments, dayText, type Moment, moment, momentText } from './times.ts';
import { text } from './texts.ts';

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** Of up to three dimensions, with bounds that do not begin at 1, and nulls. `delimiter` of its elements' type. */
export function arrayOf(element: RandomValue, delimiter = ','): RandomValue {
  return (random) => {
    const lengths = random.list(1, random.chance(0.7) ? 1 : 3, () => random.between(1, 4));
    if (random.chance(0.1)) return '{}';
    const build = (depth: number): string => {
      if (depth === lengths.length) return random.chance(0.1) ? 'NULL' : quoted(element(random));
      return `{${Array.from({ length: lengths[depth] ?? 1 }, () => build(depth + 1)).join(delimiter)}}`;
    };
    const bounds = lengths.map((length) => {
      const low = random.between(-3, 3);
      return `[${low}:${low + length - 1}]`;
    });
    return (random.chance(0.2) ? `${bounds.join('')}=` : '') + build(0);
  };
}

/** `draw` makes a bound, `show` its text. */
function rangeOf<Bound>(
  draw: (random: SeededRandom) => Bound,
  compare: (a: Bound, b: Bound) => number,
  show: (bound: Bound) => string,
  infinities: readonly [string, string] | undefined,
): RandomValue {
  return (random) => {
    if (random.chance(0.05)) return 'empty';
    const [low, high] = [draw(random), draw(random)].toSorted(compare);
    if (low === undefined || high === undefined) throw new Error('a range has two bounds');
    const side = (bound: Bound, infinity: string | undefined) => {
      const dice = random.next();
      if (dice < 0.1) return '';
      return quoted(dice < 0.15 && infinity !== undefined ? infinity : show(bound));
    };
    return `${random.pick(['[', '('])}${side(low, infinities?.[0])},${side(high, infinities?.[1])}${random.pick([']', ')'])}`;
  };
}

const compareNumbers = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
const infinities = ['-infinity', 'infinity'] as const;

/** The largest value has no successor, which a canonical range may need. */
export function integerRange(low: bigint, high: bigint): RandomValue {
  return rangeOf((random) => random.bigint(low, high - 1n), compareNumbers, String, undefined);
}

export const numericRange: RandomValue = rangeOf(
  (random) => BigInt(digits(random, random.between(1, 30))) * (random.chance(0.5) ? 1n : -1n),
  compareNumbers,
  (bound) => `${bound}e-10`,
  undefined,
);

export const floatRange: RandomValue = rangeOf(
  (random) => random.between(-1e9, 1e9) / 1000,
  (a, b) => a - b,
  String,
  ['-Infinity', 'Infinity'],
);

function momentRange(show: (at: Moment) => string): RandomValue {
  return rangeOf((random) => moment(random, 12_000), compareMoments, show, infinities);
}

export const dateRange = momentRange(dayText);
export const timestampRange = momentRange((at) => momentText(at, ''));
export const timestamptzRange = momentRange((at) => momentText(at, '+00'));

export function multirangeOf(range: RandomValue): RandomValue {
  return (random) => `{${random.list(0, 3, () => range(random)).join(',')}}`;
}

export function rowOf(...fields: readonly RandomValue[]): RandomValue {
  return (random) =>
    `(${fields.map((field) => (random.chance(0.1) ? '' : quoted(field(random)))).join(',')})`;
}

export const hstore: RandomValue = (random) =>
  random
    .list(0, 3, () => `${quoted(text(random))}=>${random.chance(0.2) ? 'NULL' : quoted(text(random))}`)
    .join(', ');
