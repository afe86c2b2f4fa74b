// Texts of networks and of geometry.

import type { SeededRandom } from '../seeded-random.ts';
import type { RandomValue } from './random-value.ts';
import { float8 } from './numbers.ts';

function bytes(random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, () => random.between(0, 255));
}

function hexPairs(random: SeededRandom, count: number): string {
  return bytes(random, count)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(random.pick([':', '-']));
}

export const macaddr: RandomValue = (random) => hexPairs(random, 6);
export const macaddr8: RandomValue = (random) => hexPairs(random, 8);

function v6(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function groups(random: SeededRandom): number[] {
  return Array.from({ length: 8 }, () => (random.chance(0.5) ? 0 : random.between(0, 0xffff)));
}

export const inet: RandomValue = (random) => {
  const isV6 = random.chance(0.5);
  const host = isV6 ? v6(groups(random)) : bytes(random, 4).join('.');
  return random.chance(0.5) ? host : `${host}/${random.between(0, isV6 ? 128 : 32)}`;
};

/** Its bits right of the prefix are zero. */
export const cidr: RandomValue = (random) => {
  const isV6 = random.chance(0.5);
  const [size, width] = isV6 ? [16, 8] : [8, 4];
  const parts = isV6 ? groups(random) : bytes(random, 4);
  const prefix = random.between(0, size * width);
  const masked = parts.map((part, index) => {
    const kept = Math.min(size, Math.max(0, prefix - index * size));
    return part & (0xffff << (size - kept)) & (2 ** size - 1);
  });
  return `${isV6 ? v6(masked) : masked.join('.')}/${prefix}`;
};

function coordinate(random: SeededRandom): string {
  return random.chance(0.7) ? String(random.between(-1000, 1000) / 8) : float8(random);
}

export const point: RandomValue = (random) => `(${coordinate(random)},${coordinate(random)})`;

function points(random: SeededRandom, fewest: number, most: number): string {
  return random.list(fewest, most, () => point(random)).join(',');
}

function finite(random: SeededRandom): number {
  return random.between(-1e6, 1e6) / 64;
}

export const line: RandomValue = (random) => `{${finite(random)},${finite(random) || 1},${finite(random)}}`;
export const lseg: RandomValue = (random) => `[${points(random, 2, 2)}]`;
export const box: RandomValue = (random) => points(random, 2, 2);
export const path: RandomValue = (random) => {
  const all = points(random, 1, 5);
  return random.chance(0.5) ? `[${all}]` : `(${all})`;
};
export const polygon: RandomValue = (random) => `(${points(random, 1, 5)})`;
export const circle: RandomValue = (random) => `<${point(random)},${Math.abs(finite(random))}>`;
