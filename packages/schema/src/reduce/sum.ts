// The sum of two values. Integers stay integers within 64 bits, decimals that no double holds stay exact, numeric
// strings are summed with arbitrary precision into a string.

import { exactNumber, ExactNumber, isJsonNumber, type JsonValue } from '../json/index.ts';
import { addDecimals, type Decimal, formatDecimal, parseDecimal } from './decimal.ts';

const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;

export type SumResult = { readonly value: JsonValue } | { readonly failure: 'not a number' | 'overflow' };

/** An absent left side is zero. Integers overflow below −2^63 and above 2^64 − 1, doubles at infinity. */
export function sum(left: JsonValue | undefined, right: JsonValue): SumResult {
  if (left === undefined) return sum(0, right);
  if (typeof left === 'string' || typeof right === 'string') return sumExact(left, right, formatDecimal);
  if (!isJsonNumber(left) || !isJsonNumber(right)) return { failure: 'not a number' };
  if (left instanceof ExactNumber || right instanceof ExactNumber) {
    return sumExact(left, right, (total) => exactNumber(formatDecimal(total)));
  }
  if (isInteger(left) && isInteger(right)) return sumIntegers(left, right);
  const total = Number(left) + Number(right);
  return Number.isFinite(total) ? { value: total } : { failure: 'overflow' };
}

function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function sumIntegers(left: number | bigint, right: number | bigint): SumResult {
  if (typeof left === 'number' && typeof right === 'number' && Number.isSafeInteger(left + right)) {
    return { value: left + right };
  }
  const total = BigInt(left) + BigInt(right);
  if (total < LEAST || total > MOST) return { failure: 'overflow' };
  const short = Number(total);
  return { value: Number.isSafeInteger(short) ? short : total };
}

function sumExact(left: JsonValue, right: JsonValue, print: (total: Decimal) => JsonValue): SumResult {
  const leftDecimal = decimalOf(left);
  const rightDecimal = decimalOf(right);
  if (leftDecimal === undefined || rightDecimal === undefined) return { failure: 'not a number' };
  return { value: print(addDecimals(leftDecimal, rightDecimal)) };
}

function decimalOf(value: JsonValue): Decimal | undefined {
  if (typeof value === 'string') return parseDecimal(value);
  return isJsonNumber(value) ? parseDecimal(String(value)) : undefined;
}
