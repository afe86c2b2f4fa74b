// How the fake's lists page, and what it reads of requests.

import type { FakeList, FakePage, TableRow } from '@weir/cdk/testing';
import { isJsonObject, type JsonObject, parseJson, type JsonValue } from '@weir/schema/json';

/** Rows on a page. */
export const PAGE = 4;

export function pageOf(results: readonly JsonObject[], after?: string): FakePage {
  return { body: { results: [...results], ...(after === undefined ? {} : { paging: { next: { after } } }) } };
}

export function bodyOf(body: string | undefined): JsonObject {
  const value = parseJson(body ?? 'null');
  return isJsonObject(value) ? value : {};
}

/** A list of all rows in the order of their ids; `after`: the last id of the page before. */
export function listOf(document: (row: JsonObject) => JsonObject, size = PAGE): FakeList {
  return (rows, { searchParams }) => byIds(rows, searchParams.get('after'), document, size);
}

export function byIds(
  rows: readonly TableRow[],
  after: string | null,
  document: (row: JsonObject) => JsonObject,
  size = PAGE,
): FakePage {
  const behind = rows.filter(({ id }) => id > Number(after ?? 0));
  const shown = behind.slice(0, size);
  return pageOf(
    shown.map(({ row }) => document(row)),
    behind.length > size ? String(shown.at(-1)?.id) : undefined,
  );
}

export interface TimedRow {
  readonly row: JsonObject;
  readonly at: number;
}

/** Of rows that have no time in common; `after`: the time of the last row of the page before. */
export function newestFirst(rows: readonly TimedRow[], after: string | null): FakePage {
  const below = rows.filter(({ at }) => at < Number(after ?? Infinity));
  return pageOfTimed(below.toSorted((left, right) => right.at - left.at));
}

export function oldestFirst(rows: readonly TimedRow[], after: string | null): FakePage {
  const above = rows.filter(({ at }) => at > Number(after ?? -Infinity));
  return pageOfTimed(above.toSorted((left, right) => left.at - right.at));
}

function pageOfTimed(left: readonly TimedRow[]): FakePage {
  const shown = left.slice(0, PAGE);
  return pageOf(
    shown.map(({ row }) => row),
    left.length > PAGE ? String(shown.at(-1)?.at) : undefined,
  );
}

export const msOf = (time: JsonValue | undefined): number =>
  typeof time === 'string' ? Date.parse(time) : NaN;
