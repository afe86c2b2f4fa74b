// Texts of numbers, as PostgreSQL reads them.

import type { RandomValue } from './random-value.ts';

export function integer(low: bigint, high: bigint): RandomValue {
  return (random) => String(random.bigint(low, high));
}

export const int2 = integer(-(2n ** 15n), 2n ** 15n - 1n);
export const int4 = integer(-(2n ** 31n), 2n ** 31n - 1n);
export const int8 = integer(-(2n ** 63n), 2n ** 63n - 1n);
/** Also of `xid` and `cid`. */
export const oid = integer(0n, 2n ** 32n - 1n);
export const xid8 = integer(0n, 2n ** 64n - 1n);

/** Of any bits, subnormal numbers and the words for those that are none included. */
export const float8: RandomValue = (random) => {
  if (random.chance(0.15)) return random.pick(['NaN', 'Infinity', '-Infinity', '-0', '0', '5e-324', '1e15']);
  if (random.chance(0.4)) return String(random.between(-1e9, 1e9) / 10 ** random.between(0, 9));
  const bits = Buffer.alloc(8);
  for (let index = 0; index < 8; index += 1) bits[index] = random.between(0, 255);
  const value = bits.readDoubleBE();
  return Number.isFinite(value) ? String(value) : 'NaN';
};

export const float4: RandomValue = (random) => {
  if (random.chance(0.15))
    return random.pick(['NaN', 'Infinity', '-Infinity', '-0', '0', '1e-45', '123.456']);
  if (random.chance(0.4)) return String(random.between(-1e6, 1e6) / 10 ** random.between(0, 6));
  const bits = Buffer.alloc(4);
  for (let index = 0; index < 4; index += 1) bits[index] = random.between(0, 255);
  const value = bits.readFloatBE();
  return Number.isFinite(value) ? String(value) : 'Infinity';
};

export function digits(random: Parameters<RandomValue>[0], count: number): string {
  let text = '';
  while (text.length < count) text += String(random.between(0, 999_999)).padStart(6, '0');
  return text.slice(0, count);
}

/** Of any precision and scale, with zeros at both ends, and NaN. */
export const numeric: RandomValue = (random) => {
  if (random.chance(0.05)) return 'NaN';
  if (random.chance(0.05)) return `${random.pick(['', '-'])}0.${'0'.repeat(random.between(1, 30))}`;
  if (random.chance(0.1)) return `${random.between(-99, 99)}e${random.between(-400, 400)}`;
  const longest = random.chance(0.02) ? 3000 : 40;
  const whole = digits(random, random.between(1, longest));
  const fraction = digits(random, random.between(0, longest));
  const padded = fraction + '0'.repeat(random.chance(0.3) ? random.between(1, 9) : 0);
  return `${random.pick(['', '-'])}${whole}${padded === '' ? '' : `.${padded}`}`;
};

/** What fits `numeric(precision, scale)`, for scales of either sign. */
export function limitedNumeric(precision: number, scale: number): RandomValue {
  return (random) => {
    if (random.chance(0.05)) return 'NaN';
    const unscaled = digits(random, random.between(1, precision - 1));
    return `${random.pick(['', '-'])}${unscaled}e${-scale}`;
  };
}

/** Infinite numerics are younger than some servers. */
export const numericWithInfinity: RandomValue = (random) =>
  random.chance(0.05) ? random.pick(['Infinity', '-Infinity']) : numeric(random);

export const money: RandomValue = (random) => {
  const cents = random.bigint(-(2n ** 63n), 2n ** 63n - 1n);
  const text = String(cents < 0n ? -cents : cents).padStart(3, '0');
  return `${cents < 0n ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`;
};

export const bool: RandomValue = (random) => random.pick(['t', 'f']);

export function bits(fewest: number, most: number): RandomValue {
  return (random) => random.list(fewest, most, () => random.pick(['0', '1'])).join('');
}

export const pgLsn: RandomValue = (random) =>
  [0, 0]
    .map(() =>
      random
        .bigint(0n, 2n ** 32n - 1n)
        .toString(16)
        .toUpperCase(),
    )
    .join('/');
