// Exact JSON printing, the counterpart of parseJson.

import { sortedProperties } from './compare.ts';
import { ExactNumber, type JsonObject, type JsonValue } from './value.ts';

/** Compact JSON text; properties in insertion order, exact numerals as they were written. */
export function stringifyJson(value: JsonValue): string {
  return isPlain(value) ? JSON.stringify(value) : print(value, Object.keys);
}

/** Compact JSON text with the properties of every object sorted by code point. */
export function canonicalJson(value: JsonValue): string {
  return print(value, sortedProperties);
}

/** Whether JSON.stringify prints this value exactly. */
function isPlain(value: JsonValue): boolean {
  if (typeof value === 'bigint' || value instanceof ExactNumber) return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isPlain);
  for (const property in value) {
    if (!isPlain(value[property] as JsonValue)) return false;
  }
  return true;
}

function print(value: JsonValue, propertiesOf: (object: JsonObject) => string[]): string {
  if (typeof value === 'bigint' || value instanceof ExactNumber) return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => print(item, propertiesOf)).join(',')}]`;
  const parts = propertiesOf(value).map(
    (property) => `${JSON.stringify(property)}:${print(value[property] as JsonValue, propertiesOf)}`,
  );
  return `{${parts.join(',')}}`;
}
