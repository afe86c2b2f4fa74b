// Sets of JSON types as bits. Numbers are two types, those that are integers and those that are not, so that the union
// of `integer` and `number` is simply `number`.

import type { InferenceType } from '@weir/protocol';
import { ExactNumber, type JsonValue } from '../json/value.ts';

export const NULL = 1;
export const BOOLEAN = 2;
export const INTEGER = 4;
export const FRACTIONAL = 8;
export const STRING = 16;
export const ARRAY = 32;
export const OBJECT = 64;
export const NUMBER = INTEGER | FRACTIONAL;
export const ALL_TYPES = 127;

/** Names in alphabetical order, as projections and schemas list them. */
const names: readonly (readonly [name: InferenceType, bits: number])[] = [
  ['array', ARRAY],
  ['boolean', BOOLEAN],
  ['fractional', FRACTIONAL],
  ['integer', INTEGER],
  ['null', NULL],
  ['number', NUMBER],
  ['object', OBJECT],
  ['string', STRING],
];

const bitsByName = new Map<string, number>(names);

/** The bits of a name as `type` lists it; undefined for what is no type. */
export function typeBits(name: string): number | undefined {
  return bitsByName.get(name);
}

/** Sorted names; both kinds of numbers together are `number`. */
export function typeNames(types: number): InferenceType[] {
  const isAnyNumber = (types & NUMBER) === NUMBER;
  return names
    .filter(([, bits]) => {
      if (bits === NUMBER) return isAnyNumber;
      if ((bits & NUMBER) !== 0 && isAnyNumber) return false;
      return (types & bits) !== 0;
    })
    .map(([name]) => name);
}

/**
 * Whether a number belongs to the integers. A `number` past 2^53 came from a numeral with a fraction or an exponent,
 * because integer numerals of that size are bigints, and counts as fractional.
 */
export function isIntegerValue(value: number): boolean {
  return Number.isSafeInteger(value);
}

export function typeOf(value: JsonValue): number {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'number':
      return isIntegerValue(value) ? INTEGER : FRACTIONAL;
    case 'bigint':
      return INTEGER;
    case 'boolean':
      return BOOLEAN;
    default:
      if (value === null) return NULL;
      if (Array.isArray(value)) return ARRAY;
      return value instanceof ExactNumber ? FRACTIONAL : OBJECT;
  }
}
