// The total order of JSON values that reductions and shapes use:
// null < booleans < numbers < strings < arrays < objects.

import { compareNumerals, normalizeNumeral } from './numeral.ts';
import { ExactNumber, type JsonObject, type JsonValue } from './value.ts';

/** Negative, zero or positive. Numbers compare by exact value, strings by code point, objects by sorted properties. */
export function compareJson(left: JsonValue, right: JsonValue): number {
  const leftRank = rankOf(left);
  const rightRank = rankOf(right);
  if (leftRank !== rightRank) return leftRank - rightRank;
  if (left === null || right === null) return 0;
  if (typeof left === 'boolean') return Number(left) - Number(right);
  if (typeof left === 'string') return compareStrings(left, right as string);
  if (typeof left === 'number' || typeof left === 'bigint' || left instanceof ExactNumber) {
    return compareNumbers(left, right as number | bigint | ExactNumber);
  }
  if (Array.isArray(left)) return compareArrays(left, right as JsonValue[]);
  return compareObjects(left, right as JsonObject);
}

export function equalJson(left: JsonValue, right: JsonValue): boolean {
  return left === right || compareJson(left, right) === 0;
}

/** By exact value: 1, 1n and 1.0 are equal; 2^53 and 2^53 + 1 are not. */
export function compareNumbers(
  left: number | bigint | ExactNumber,
  right: number | bigint | ExactNumber,
): number {
  if (left instanceof ExactNumber || right instanceof ExactNumber) {
    return compareNumerals(normalizeNumeral(String(left)), normalizeNumeral(String(right)));
  }
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/**
 * By code point, which is also the order of the UTF-8 bytes. JavaScript's own order differs where one string has a
 * surrogate pair and the other a character from U+E000 to U+FFFF.
 */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rotateSurrogates(a) - rotateSurrogates(b);
  }
  return left.length - right.length;
}

/** Moves surrogates (U+D800–DFFF) above every other code unit. */
function rotateSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The names of an object's own properties in canonical order. */
export function sortedProperties(object: object): string[] {
  return Object.keys(object).sort(compareStrings);
}

function rankOf(value: JsonValue): number {
  switch (typeof value) {
    case 'boolean':
      return 1;
    case 'number':
    case 'bigint':
      return 2;
    case 'string':
      return 3;
    default:
      if (value === null) return 0;
      if (value instanceof ExactNumber) return 2;
      return Array.isArray(value) ? 4 : 5;
  }
}

function compareArrays(left: readonly JsonValue[], right: readonly JsonValue[]): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const order = compareJson(left[index] as JsonValue, right[index] as JsonValue);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareObjects(left: JsonObject, right: JsonObject): number {
  const leftNames = sortedProperties(left);
  const rightNames = sortedProperties(right);
  const length = Math.min(leftNames.length, rightNames.length);
  for (let index = 0; index < length; index++) {
    const leftName = leftNames[index] as string;
    const rightName = rightNames[index] as string;
    const order =
      compareStrings(leftName, rightName) ||
      compareJson(left[leftName] as JsonValue, right[rightName] as JsonValue);
    if (order !== 0) return order;
  }
  return leftNames.length - rightNames.length;
}
