// JSON values that keep every number a document may carry. JSON.parse rounds integers past 2^53 and long decimals;
// a source's int8 or numeric column must come out as it went in, so those numerals travel as bigint or ExactNumber.

import { normalizeNumeral } from './numeral.ts';

/**
 * number: a numeral that JavaScript prints back to an equal value. bigint: an integer numeral outside ±(2^53 − 1).
 * ExactNumber: every other numeral. `1.0` and `1e3` are plain numbers: equal in value, not in text.
 */
export type JsonValue = null | boolean | number | bigint | ExactNumber | string | JsonValue[] | JsonObject;

export interface JsonObject {
  [property: string]: JsonValue;
}

/** A decimal numeral that no JavaScript number equals. Its text is a valid JSON number and is printed unchanged. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The nearest double; ±Infinity when out of range. */
  valueOf(): number {
    return Number(this.text);
  }

  toString(): string {
    return this.text;
  }
}

/** A JSON integer numeral of any size, or any other numeral, as the narrowest exact value. `text` must be a JSON number. */
export function exactNumber(text: string): number | bigint | ExactNumber {
  const value = Number(text);
  if (text.length < 16 && !/[eE]/.test(text)) return value;
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(value) ? value : BigInt(text);
  if (!Number.isFinite(value)) return new ExactNumber(text);
  const printed = String(value);
  if (printed === text) return value;
  const left = normalizeNumeral(printed);
  const right = normalizeNumeral(text);
  const equal =
    left.digits === right.digits &&
    left.exponent === right.exponent &&
    (left.negative === right.negative || left.digits === '');
  return equal ? value : new ExactNumber(text);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}

export function isJsonNumber(value: JsonValue | undefined): value is number | bigint | ExactNumber {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactNumber;
}

/** Sets an own property, also when it is called `__proto__`. */
export function setProperty<T>(object: { [property: string]: T }, property: string, value: T): void {
  if (property === '__proto__') {
    Object.defineProperty(object, property, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[property] = value;
  }
}

/** An own property, or undefined; never something inherited. */
export function getProperty<T>(object: { readonly [property: string]: T }, property: string): T | undefined {
  return Object.hasOwn(object, property) ? object[property] : undefined;
}
