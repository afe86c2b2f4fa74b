// CRM objects as the connector relies on them. From HubSpot's API reference and its own package @hubspot/api-client: the search with
// its filters, one sort, at most 200 objects and `paging.next.after`, which is refused past 10,000 objects (here far fewer); lists by
// `after`; reads by batches of at most 100, 50 with the history of properties, which leave out what is gone; ids as texts; properties
// without a value as empty texts; associations by batches, version 4, which say `paging.next.after` of an object with many. From
// upstream's connector: custom objects are `p_…` in paths; the search shows objects in another order than that of their times;
// engagements that changed are listed by a path of their own, without an order, by `after`, a time at first and then a position.

import type { FakeList, FakePage, TableRow } from '@weir/cdk/testing';
import { type JsonObject, stringifyJson } from '@weir/schema/json';
import { textOf } from '../src/answers.ts';
import { bodyOf, byIds, PAGE, pageOf } from './fake-pages.ts';

interface Kind {
  readonly path: string;
  readonly modified: string;
  readonly associated: readonly string[];
  /** Rows on a page. Where each page is followed by many requests, few would not be read in the time of a test. */
  readonly page: number;
}

/** The search has no position from here on. */
const SEARCHED = 2 * PAGE;
const MOST_LINKS = 2;

export const kinds = {
  contacts: { path: 'contacts', modified: 'lastmodifieddate', associated: ['companies'], page: PAGE },
  cars: {
    path: 'p_cars',
    modified: 'hs_lastmodifieddate',
    associated: ['contacts', 'companies', 'deals', 'tickets'],
    page: 5 * PAGE,
  },
  engagements: {
    path: 'engagements',
    modified: 'hs_lastmodifieddate',
    associated: (
      'contacts companies deals tickets quotes orders emails meetings notes tasks content carts partner_clients ' +
      'marketing_events'
    ).split(' '),
    page: 5 * PAGE,
  },
} satisfies Record<string, Kind>;

/** The document of a row; what it is associated with depends on its version, so that it changes too. */
export function documentOf({ associated, ...kind }: Kind, row: JsonObject): JsonObject {
  const { id: _id, properties, ...rest } = objectOf(kind, row);
  return {
    id: row['id'] ?? null,
    ...rest,
    properties: { ...(properties as JsonObject), nothing: null },
    ...Object.fromEntries(associated.map((other) => [other, linkedTo(other, row).toSorted((a, b) => a - b)])),
  };
}

/** From none to three. */
function linkedTo(other: string, { version }: JsonObject): number[] {
  const first = (Number(version) % 7) * 100 + other.length;
  return [first + 2, first, first + 1].slice(0, Number(version) % 4);
}

function objectOf({ modified }: Pick<Kind, 'modified'>, row: JsonObject): JsonObject {
  const { id = null, version = null, updated_at: updated = null, created_at: created = null } = row;
  const known = { hs_object_id: stringifyJson(id), [modified]: updated, version: stringifyJson(version) };
  const properties = { ...known, nothing: '' };
  return { id: stringifyJson(id), properties, createdAt: created, updatedAt: updated, archived: false };
}

/** Of its version alone, and of the last two: what a row of the table was before is no longer known. */
const historyOf = ({ version, updated_at: timestamp = null }: JsonObject): JsonObject => ({
  version: [
    { timestamp, value: textOf(version), sourceType: 'API' },
    { timestamp: null, value: `before ${textOf(version)}`, sourceType: 'API' },
  ],
});

export function withHistory(document: JsonObject, row: JsonObject): JsonObject {
  return { ...document, propertiesWithHistory: historyOf(row) };
}

interface Filter {
  readonly propertyName: string;
  readonly operator: 'BETWEEN' | 'EQ' | 'GT';
  readonly value: string;
  readonly highValue?: string;
}

function passes({ id, updatedAt }: TableRow, { propertyName, operator, value, highValue }: Filter): boolean {
  const own = propertyName === 'hs_object_id' ? id : updatedAt.ms;
  switch (operator) {
    case 'BETWEEN':
      return own >= Number(value) && own <= Number(highValue);
    case 'EQ':
      return own === Number(value);
    case 'GT':
      return own > Number(value);
  }
}

export interface Search {
  readonly filterGroups: readonly { readonly filters: readonly Filter[] }[];
  readonly sorts: readonly { readonly propertyName: string }[];
  readonly limit: number;
  readonly after?: string;
}

/** `most`: objects that one query has positions for. */
export function search(
  rows: readonly TableRow[],
  { filterGroups, sorts, limit, after }: Search,
  document: (row: JsonObject) => JsonObject,
  most: number,
): FakePage | { status: number; text: string } {
  const from = Number(after ?? 0);
  if (from + limit > Math.max(most, limit))
    return { status: 400, text: 'there are no objects past the limit' };
  const filters = filterGroups[0]?.filters ?? [];
  const isById = sorts[0]?.propertyName === 'hs_object_id';
  const found = rows
    .filter((row) => filters.every((filter) => passes(row, filter)))
    // The order of times is not to be relied on.
    .toSorted((left, right) => (isById ? left.id - right.id : (left.id % 5) - (right.id % 5)));
  const shown = found.slice(from, from + limit).map(({ row }) => document(row));
  return pageOf(shown, found.length > from + limit ? String(from + limit) : undefined);
}

/** What the paths of one kind of objects answer. */
export function objectLists(kind: Kind): Readonly<Record<string, FakeList>> {
  const { path, modified, page, associated } = kind;
  const document = (row: JsonObject): JsonObject => objectOf(kind, row);
  const objects = `/crm/v3/objects/${path}`;
  const searchList: FakeList = (rows, _url, _table, { body }) => {
    const asked = bodyOf(body) as unknown as Search;
    const by = asked.filterGroups[0]?.filters[0]?.propertyName;
    if (by !== modified) return { status: 400, text: `there is no property ${by}` };
    return search(rows, { ...asked, limit: Math.min(asked.limit, page) }, document, SEARCHED);
  };
  const batch: FakeList = (rows, _url, _table, { body }) => {
    const ids = inputsOf(body).map(({ id }) => id);
    const isHistoric = 'propertiesWithHistory' in bodyOf(body);
    if (ids.length > (isHistoric ? 50 : 100)) return { status: 400, text: 'too many inputs' };
    const wanted = rows.filter(({ id }) => ids.includes(String(id)));
    const history = (row: JsonObject): JsonObject =>
      isHistoric ? { propertiesWithHistory: { ...historyOf(row), nothing: [] } } : {};
    return pageOf(wanted.map(({ row }) => ({ ...document(row), ...history(row) })));
  };
  const links = associated.map((other): [string, FakeList] => [linksPath(kind, other), linksTo(other)]);
  return {
    [objects]: (rows, { searchParams }) => byIds(rows, searchParams.get('after'), document, page),
    [`${objects}/search`]: searchList,
    [`${objects}/batch/read`]: batch,
    ...Object.fromEntries(links),
  };
}

/** Those of an object are told in several answers, an object without any is left out, and one may come twice. */
function linksTo(other: string): FakeList {
  return (rows, _url, _table, { body }) => {
    const told = inputsOf(body).flatMap(({ id, after = '0' }) => {
      const row = rows.find((each) => String(each.id) === id)?.row;
      const all = row === undefined ? [] : linkedTo(other, row);
      const from = Number(after);
      const to = all
        .slice(from, from + MOST_LINKS)
        .map((link) => ({ toObjectId: link, associationTypes: [] }));
      const next = from + MOST_LINKS;
      const paging = all.length > next ? { paging: { next: { after: String(next) } } } : {};
      return to.length === 0 ? [] : [{ from: { id }, to: [...to, ...to.slice(0, 1)], ...paging }];
    });
    return pageOf(told);
  };
}

const linksPath = ({ path }: Kind, other: string): string =>
  `/crm/v4/associations/${path}/${other}/batch/read`;

/** They show the table of the list of the objects. */
export function sameTables(kind: Kind): Readonly<Record<string, string>> {
  const objects = `/crm/v3/objects/${kind.path}`;
  const others = [`${objects}/search`, `${objects}/batch/read`].concat(
    kind.associated.map((other) => linksPath(kind, other)),
  );
  return Object.fromEntries(others.map((path) => [path, objects]));
}

function inputsOf(body: string | undefined): readonly { readonly id: string; readonly after?: string }[] {
  return bodyOf(body)['inputs'] as unknown as readonly { readonly id: string; readonly after?: string }[];
}

export const engagementsChanged = '/engagements/v1/engagements/modified/after';

/** Positions are `since/id`. */
export const changedEngagements: FakeList = (rows, { searchParams }) => {
  const [since, id = '0'] = (searchParams.get('after') ?? '').split('/');
  const behind = rows.filter((row) => row.updatedAt.ms >= Number(since) && row.id > Number(id));
  const shown = behind.slice(0, kinds.engagements.page);
  const hasMore = behind.length > shown.length;
  return {
    body: {
      results: shown.map((row) => ({ engagement: { id: row.id, lastUpdated: row.updatedAt.ms } })),
      hasMore,
      ...(hasMore ? { after: `${since}/${shown.at(-1)?.id}` } : {}),
    },
  };
};

/** Objects of these kinds have properties that come and go. */
export const kindsOfProperties = ['companies', 'contacts', 'deals', 'engagements', 'tickets', 'p_cars'];
export const propertiesPath = (kind: string): string => `/crm/v3/properties/${kind}`;

export const propertyOf = ({ id = null, version = null }: JsonObject): JsonObject => ({
  name: `property_${textOf(id)}`,
  type: 'string',
  calculated: false,
  version,
});

export const properties: FakeList = (rows) => pageOf(rows.map(({ row }) => propertyOf(row)));

/** With the kind of the path. */
export const capturedProperty = (path: string, row: JsonObject): JsonObject => ({
  ...propertyOf(row),
  hubspotObject: path.slice(propertiesPath('').length),
});
