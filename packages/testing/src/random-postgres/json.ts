// JSON as people and programs write it: with space anywhere, properties twice, numbers in any spelling.

import type { SeededRandom } from '../seeded-random.ts';
import type { RandomValue } from './random-value.ts';
import { digits } from './numbers.ts';
import { text } from './texts.ts';

function space(random: SeededRandom): string {
  return random.chance(0.3) ? random.list(0, 3, () => random.pick([' ', '\t', '\n', '\r'])).join('') : '';
}

/** As jsonb keeps it; escapes that stand for no character are json's only. */
function string(random: SeededRandom, loneEscapes: boolean): string {
  const escapes = [
    String.raw`\u00e9`,
    String.raw`\ud83d\ude00`,
    String.raw`\uD83D\uDE00`,
    String.raw`\/`,
    String.raw`\\u0041`,
    String.raw`\b`,
    ...(loneEscapes
      ? [String.raw`\u0000`, String.raw`\ud800`, String.raw`\uDFFF`, String.raw`\uDBFF\\`]
      : []),
  ];
  const plain = JSON.stringify(text(random)).slice(1, -1);
  return `"${random.list(0, 2, () => random.pick(escapes)).join('')}${plain}${random.chance(0.2) ? random.pick(escapes) : ''}"`;
}

function number(random: SeededRandom): string {
  const whole = random.chance(0.3) ? '0' : `${random.between(1, 9)}${digits(random, random.between(0, 30))}`;
  const fraction = random.chance(0.5) ? `.${digits(random, random.between(1, 20))}` : '';
  const exponent = random.chance(0.3)
    ? `${random.pick(['e', 'E'])}${random.pick(['', '+', '-'])}${random.between(0, 40)}`
    : '';
  return `${random.pick(['', '-'])}${whole}${fraction}${exponent}`;
}

function value(random: SeededRandom, depth: number, loneEscapes: boolean): string {
  const kind = random.between(0, depth > 3 ? 4 : 8);
  const pad = (inner: string) => space(random) + inner + space(random);
  const next = () => pad(value(random, depth + 1, loneEscapes));
  if (kind < 2) return random.pick(['null', 'true', 'false']);
  if (kind < 3) return number(random);
  if (kind < 5) return string(random, loneEscapes);
  if (kind < 7) return `[${random.list(0, 4, next).join(',') || space(random)}]`;
  const names = random.list(1, 3, () => string(random, loneEscapes));
  const property = () => `${pad(random.pick(names))}:${next()}`;
  return `{${random.list(0, 5, property).join(',') || space(random)}}`;
}

export const json: RandomValue = (random) => space(random) + value(random, 0, true) + space(random);
export const jsonb: RandomValue = (random) => space(random) + value(random, 0, false);
