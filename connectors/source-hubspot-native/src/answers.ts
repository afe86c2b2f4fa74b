// What HubSpot's answers about CRM objects have in common.

import { errors } from '@weir/cdk';
import { getProperty, isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '@weir/schema/json';

export interface CrmObject {
  /** In paths: `contacts`. */
  readonly path: string;
  /** The property that the search filters by. */
  readonly modified: string;
  /** Kinds of objects whose ids belong into the documents. */
  readonly associated: readonly string[];
}

/** The objects in an answer. One without them is no empty answer. */
export function resultsOf(answer: JsonValue, member = 'results'): JsonObject[] {
  const results = isJsonObject(answer) ? getProperty(answer, member) : undefined;
  if (Array.isArray(results)) return results.filter(isJsonObject);
  throw errors.CDK_RECORDS_MISSING({ message: `An answer of HubSpot has no ${member}.` });
}

export function nextAfter(answer: JsonValue): string | undefined {
  const paging = isJsonObject(answer) ? getProperty(answer, 'paging') : undefined;
  const next = isJsonObject(paging) ? getProperty(paging, 'next') : undefined;
  const after = isJsonObject(next) ? getProperty(next, 'after') : undefined;
  return typeof after === 'string' && after !== '' ? after : undefined;
}

export function idOf(row: JsonObject): string {
  return textOf(row['id']);
}

/** Ids are texts in some answers and numbers in others. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : stringifyJson(value ?? null);
}
