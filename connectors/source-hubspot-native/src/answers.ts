// What HubSpot's answers have in common.

import { errors, Instant } from '@weir/cdk';
import { resolvePointer } from '@weir/schema';
import { isJsonObject, type JsonObject, type JsonValue, parseJson, stringifyJson } from '@weir/schema/json';

/** The rows in an answer. One without them is no empty answer. */
export function resultsOf(answer: JsonValue, member = 'results'): JsonObject[] {
  const results = resolvePointer(answer, [member]);
  if (Array.isArray(results)) return results.filter(isJsonObject);
  throw errors.CDK_RECORDS_MISSING({ message: `An answer of HubSpot has no ${member}.` });
}

/** Where the next page is: of an answer, or of what one object is associated with. */
export function nextAfter(answer: JsonValue): string | undefined {
  const after = resolvePointer(answer, ['paging', 'next', 'after']) ?? '';
  return after === '' ? undefined : textOf(after);
}

/** Ids are texts in some answers and numbers in others. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : stringifyJson(value ?? null);
}

/** The number that an id is in documents, however large. */
export function numberOf(id: JsonValue | undefined): JsonValue {
  return /^\d+$/.test(textOf(id)) ? parseJson(textOf(id)) : (id ?? null);
}

/** Of a time that is a text, or a number of milliseconds. */
export function instantOf(time: JsonValue | undefined): Instant | undefined {
  if (typeof time === 'number') return Instant.ofMs(time);
  return typeof time === 'string' ? Instant.parse(time) : undefined;
}

/** With these times as texts, which older paths give in milliseconds. */
export function withTexts(row: JsonObject, ...times: readonly string[]): JsonObject {
  const texts: JsonObject = {};
  for (const name of times) texts[name] = instantOf(row[name])?.toString() ?? null;
  return { ...row, ...texts };
}
