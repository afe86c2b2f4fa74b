// Texts of every kind of character, and types that are made of them.

import type { SeededRandom } from '../seeded-random.ts';
import type { RandomValue } from './random-value.ts';

/** Inclusive ranges of code points. None has a zero, which no text of the server may hold, nor a surrogate. */
const alphabets: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x01, 0x1f],
  [0x7f, 0xff],
  [0x0300, 0x036f],
  [0x0590, 0x06ff],
  [0x2000, 0x206f],
  [0x4e00, 0x9fff],
  [0xd000, 0xd7ff],
  [0xe000, 0xffff],
  [0x1_f300, 0x1_f6ff],
  [0x10_fff0, 0x10_ffff],
];

/** What a format along the way may take for something else. */
const traps = [
  '',
  ' ',
  'NULL',
  'null',
  String.raw`\N`,
  String.raw`\.`,
  '{}',
  '{"a":1}',
  '"',
  "'",
  '\\',
  String.raw`\u0041`,
  'a,b;c',
  '(1,2)',
  '\u2028\u2029',
  '\ufeff',
  '</script>&amp;<>',
  'NaN',
  '-0',
  '\r\n\t\b\f\v',
];

function characters(random: SeededRandom, count: number): string {
  let text = '';
  while (text.length < count) {
    const [low, high] = random.chance(0.5) ? ([0x20, 0x7e] as const) : random.pick(alphabets);
    const run = random.between(1, 8);
    for (let index = 0; index < run; index += 1) text += String.fromCodePoint(random.between(low, high));
    if (random.chance(0.2)) text += random.pick(traps);
  }
  return Array.from(text).slice(0, count).join('');
}

/** Now and then beyond what fits a row, and beyond what is copied in one go. */
export const text: RandomValue = (random) => {
  if (random.chance(0.15)) return random.pick(traps);
  if (random.chance(0.01)) return characters(random, random.between(2000, 20_000));
  return characters(random, random.between(0, 40));
};

export function limitedText(most: number): RandomValue {
  return (random) => characters(random, random.between(0, most));
}

/** A name has 63 bytes, and the server cuts longer ones between characters. */
export const name: RandomValue = (random) => characters(random, random.between(0, 15));

/** "char": one byte, as its number. */
export const singleByte: RandomValue = (random) => {
  const byte = random.between(0, 127);
  return byte === 0 ? '' : String.fromCodePoint(byte);
};

export const bytea: RandomValue = (random) => {
  const length = random.chance(0.01) ? random.between(2000, 10_000) : random.between(0, 20);
  const bytes = Buffer.from(Array.from({ length }, () => random.between(0, 255)));
  return `\\x${bytes.toString('hex')}`;
};

export const uuid: RandomValue = (random) => {
  const hex = Array.from({ length: 32 }, () => random.between(0, 15).toString(16)).join('');
  return random.chance(0.5) ? hex.toUpperCase() : hex;
};

function oneOf(values: readonly string[]): RandomValue {
  return (random) => random.pick(values);
}

/** XML holds neither control characters but three, nor what Unicode has given to nobody for ever. */
function isXml(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return (code < 0x7f || code > 0x9f) && (code & 0xfffe) !== 0xfffe;
}

function xmlText(random: SeededRandom): string {
  return Array.from(characters(random, random.between(0, 20)))
    .filter(isXml)
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export const xml: RandomValue = (random) =>
  random.list(1, 3, () => `<a b="${xmlText(random)}">${xmlText(random)}</a>`).join('');

function quotedLexeme(random: SeededRandom): string {
  const word = characters(random, random.between(1, 10));
  return `'${word.replaceAll(/['\\]/g, (each) => each + each)}'`;
}

export const tsvector: RandomValue = (random) =>
  random
    .list(0, 4, () => {
      const places = random.list(
        0,
        3,
        () => `${random.between(1, 16_383)}${random.pick(['', 'A', 'B', 'C', 'D'])}`,
      );
      return quotedLexeme(random) + (places.length === 0 ? '' : `:${places.join(',')}`);
    })
    .join(' ');

export const tsquery: RandomValue = (random) => {
  const terms = random.list(1, 4, () => `${random.pick(['', '!'])}${quotedLexeme(random)}`);
  return terms.join(random.pick([' & ', ' | ', ' <-> ', ' <3> ']));
};

export const jsonpath = oneOf([
  '$',
  '$.a[*] ? (@ > 1)',
  'strict $."b c"[0 to last]',
  '$.** ? (@ like_regex "^x")',
  '$.a.size() + 1.50',
  String.raw`$."é\"\u0001"`,
]);
