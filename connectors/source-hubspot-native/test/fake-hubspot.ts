// HubSpot as far as the connector relies on it. What it does is known from HubSpot's API reference and its own package
// @hubspot/api-client: the search with its filters, one sort and `paging.next.after`; lists by `after`; reads by batches of at
// most 100, 50 with the history of properties, which leave out what is gone; ids as texts; associations by batches, version 4; the
// schemas of custom objects; lists by `offset` and `hasMore`. The members of one list come oldest first, as HubSpot's reference
// has it, those of the other newest first, as upstream's connector expects them. From upstream's connector (cards of its
// documentation and its models): custom objects are `p_…` in paths; forms of other kinds are listed with `formTypes=all` alone,
// and the submissions of comments on a blog are refused; submissions come newest first; both bounds of the filter of email events
// are inclusive, and an event that ended a bounce has no type; lists can be sorted by their ids, and may be of other objects than
// contacts.
// How late a row is shown, and how small the pages are, is made up.

import type { FakeApi, FakeList, FakePage, TableRow } from '@weir/cdk/testing';
import { textOf } from '../src/answers.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson, stringifyJson } from '@weir/schema/json';

const PAGE = 4;

interface Kind {
  readonly path: string;
  readonly modified: string;
  readonly associated: readonly string[];
  /** Rows on a page. Where each page is followed by many requests, few would not be read in the time of a test. */
  readonly page: number;
}

const contacts: Kind = {
  path: 'contacts',
  modified: 'lastmodifieddate',
  associated: ['companies'],
  page: PAGE,
};
const cars: Kind = {
  path: 'p_cars',
  modified: 'hs_lastmodifieddate',
  associated: ['contacts', 'companies', 'deals', 'tickets'],
  page: 5 * PAGE,
};

/** The object of a row; what it is associated with depends on its version, so that it changes too. */
function objectOf({ associated, ...kind }: Kind, row: JsonObject): JsonObject {
  const associations = Object.fromEntries(associated.map((other) => [other, [linkedTo(other, row)]]));
  return { ...withoutLinks(kind, row), associations };
}

export const contactOf = (row: JsonObject): JsonObject => objectOf(contacts, row);
export const carOf = (row: JsonObject): JsonObject => objectOf(cars, row);

const linkedTo = (other: string, { version }: JsonObject): string =>
  String((Number(version) % 7) * 100 + other.length);

function withoutLinks({ modified }: Pick<Kind, 'modified'>, row: JsonObject): JsonObject {
  const { id = null, version = null, updated_at: updated = null, created_at: created = null } = row;
  return {
    id: stringifyJson(id),
    properties: {
      hs_object_id: stringifyJson(id),
      [modified]: updated,
      version: stringifyJson(version),
    },
    createdAt: created,
    updatedAt: updated,
    archived: false,
  };
}

/** Of its version alone, and of the last two: what a row of the table was before is no longer known. */
export function withHistory(
  object: JsonObject,
  { version, updated_at: timestamp = null }: JsonObject,
): JsonObject {
  const value = textOf(version);
  const before = { timestamp: null, value: `before ${value}`, sourceType: 'API' };
  return { ...object, propertiesWithHistory: { version: [{ timestamp, value, sourceType: 'API' }, before] } };
}

function bodyOf(body: string | undefined): JsonObject {
  const value = parseJson(body ?? 'null');
  return isJsonObject(value) ? value : {};
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

/** What the paths of one kind of objects answer. */
function listsOf(kind: Kind): Readonly<Record<string, FakeList>> {
  const page = (rows: readonly TableRow[], after?: string): FakePage =>
    pageOf(
      rows.map(({ row }) => withoutLinks(kind, row)),
      after,
    );
  const search: FakeList = (rows, _url, _table, { body }) => {
    const { filterGroups, sorts } = bodyOf(body) as unknown as {
      filterGroups: readonly { readonly filters: readonly Filter[] }[];
      sorts: readonly { readonly propertyName: string }[];
    };
    const filters = filterGroups[0]?.filters ?? [];
    const isById = sorts[0]?.propertyName === 'hs_object_id';
    const by = filters[0]?.propertyName;
    if (by !== kind.modified) return { status: 400, text: `there is no property ${by}` };
    const found = rows
      .filter((row) => filters.every((filter) => passes(row, filter)))
      // Rows of one time come in no order that anybody could rely on.
      .toSorted((left, right) =>
        isById ? left.id - right.id : left.updatedAt.compare(right.updatedAt) || right.id - left.id,
      );
    return page(found.slice(0, kind.page), found.length > kind.page ? String(kind.page) : undefined);
  };
  const list: FakeList = (rows, { searchParams }) => {
    const behind = rows.filter(({ id }) => id > Number(searchParams.get('after') ?? 0));
    const shown = behind.slice(0, kind.page);
    return page(shown, behind.length > kind.page ? String(shown.at(-1)?.id) : undefined);
  };
  const batch: FakeList = (rows, _url, _table, { body }) => {
    const ids = idsIn(body);
    const wanted = rows.filter(({ id }) => ids.has(String(id)));
    const isHistoric = 'propertiesWithHistory' in bodyOf(body);
    if (ids.size > (isHistoric ? 50 : 100)) return { status: 400, text: 'too many inputs' };
    if (!isHistoric) return page(wanted);
    return pageOf(wanted.map(({ row }) => withHistory(withoutLinks(kind, row), row)));
  };
  const linksTo =
    (other: string): FakeList =>
    (rows, _url, _table, { body }) => {
      const ids = idsIn(body);
      const linked = rows.filter(({ id }) => ids.has(String(id)));
      return pageOf(
        linked.map(({ id, row }) => ({
          from: { id: String(id) },
          to: [{ toObjectId: Number(linkedTo(other, row)), associationTypes: [] }],
        })),
      );
    };
  const objects = `/crm/v3/objects/${kind.path}`;
  const links = kind.associated.map((other): [string, FakeList] => [linksPath(kind, other), linksTo(other)]);
  return {
    [objects]: list,
    [`${objects}/search`]: search,
    [`${objects}/batch/read`]: batch,
    ...Object.fromEntries(links),
    [`/crm/v3/properties/${kind.path}`]: properties,
  };
}

const linksPath = ({ path }: Kind, other: string): string =>
  `/crm/v4/associations/${path}/${other}/batch/read`;

/** They show the table of the list of the objects. */
function sameTables(kind: Kind): Readonly<Record<string, string>> {
  const objects = `/crm/v3/objects/${kind.path}`;
  const others = [`${objects}/search`, `${objects}/batch/read`].concat(
    kind.associated.map((other) => linksPath(kind, other)),
  );
  return Object.fromEntries(others.map((path) => [path, objects]));
}

function idsIn(body: string | undefined): ReadonlySet<string> {
  const { inputs } = bodyOf(body) as unknown as { inputs: readonly { readonly id: string }[] };
  return new Set(inputs.map(({ id }) => id));
}

function pageOf(results: readonly JsonObject[], after?: string): FakePage {
  return { body: { results: [...results], ...(after === undefined ? {} : { paging: { next: { after } } }) } };
}

/** A list that is read whole. */
const owners: FakeList = (rows, { searchParams }) => {
  const behind = rows.filter(({ id }) => id > Number(searchParams.get('after') ?? 0));
  const shown = behind.slice(0, PAGE);
  return pageOf(
    shown.map(({ row }) => ownerOf(row)),
    behind.length > PAGE ? String(shown.at(-1)?.id) : undefined,
  );
};

export function ownerOf({ updated_at: updated = null, ...row }: JsonObject): JsonObject {
  return { ...row, updatedAt: updated };
}

const properties: FakeList = () => ({ body: { results: [{ name: 'version' }, { name: 'hs_object_id' }] } });

const schemas: FakeList = () =>
  pageOf([
    { name: 'cars', archived: false },
    { name: 'carts', archived: true },
  ]);

const forms: FakeList = (_rows, { searchParams }) => {
  const listed = [
    { id: 'f1', formType: 'hubspot' },
    { id: 'blog', formType: 'blog_comment' },
    { id: 'f2', formType: 'captured' },
    { id: 'gone', formType: 'hubspot' },
  ].filter(({ formType }) => formType === 'hubspot' || searchParams.get('formTypes') === 'all');
  const from = Number(searchParams.get('after') ?? 0);
  return pageOf(listed.slice(from, from + 2), from + 2 < listed.length ? String(from + 2) : undefined);
};

const submissionsPath = (form: JsonValue): string =>
  `/form-integrations/v1/submissions/forms/${textOf(form)}`;

/** No two of a form have the same time, as no key would tell them apart. They stay, and some are shown late. */
export function submissionOf(list: string, { id, created_at: created }: JsonObject): JsonObject {
  return {
    formId: list.slice(submissionsPath('').length),
    submittedAt: Date.parse(textOf(created)) + (Number(id) % 1000),
    values: [{ name: 'number', value: textOf(id) }],
  };
}

export const submittedRow = ({ values }: JsonObject): number =>
  Number((values as unknown as readonly [{ readonly value: string }])[0].value);
export const submissionsList = ({ formId = null }: JsonObject): string => submissionsPath(formId);

const submissions: FakeList = (_rows, { pathname, searchParams }, table) => {
  const shown = table
    .ever()
    .filter(({ id, createdAt }) => createdAt.ms + (id % 3) * 60_000 <= table.nowMs)
    .map(({ id, createdAt }) => submissionOf(pathname, { id, created_at: createdAt.toString() }))
    .map(({ formId: _formId, ...row }) => ({ row, at: Number(row['submittedAt']) }));
  return newestFirst(shown, searchParams.get('after'));
};

/** A page of the newest first; `after`: the time of the last row of the page before, whose time no other row has. */
function newestFirst(rows: readonly TimedRow[], after: string | null): FakePage {
  const below = rows
    .filter(({ at }) => at < Number(after ?? Infinity))
    .toSorted((left, right) => right.at - left.at);
  return pageOfTimed(below);
}

function oldestFirst(rows: readonly TimedRow[], after: string | null): FakePage {
  const above = rows
    .filter(({ at }) => at > Number(after ?? -Infinity))
    .toSorted((left, right) => left.at - right.at);
  return pageOfTimed(above);
}

interface TimedRow {
  readonly row: JsonObject;
  readonly at: number;
}

function pageOfTimed(left: readonly TimedRow[]): FakePage {
  const shown = left.slice(0, PAGE);
  return pageOf(
    shown.map(({ row }) => row),
    left.length > PAGE ? String(shown.at(-1)?.at) : undefined,
  );
}

/** Two lists that stay, behind those that come and go and that nobody is in. */
const contactLists: FakeList = (rows, _url, _table, { body }) => {
  const { offset } = bodyOf(body) as { offset?: number };
  const lists = [
    ...rows.map(({ id }) => ({ listId: String(id), objectTypeId: id % 2 === 0 ? '0-1' : '0-2' })),
    { listId: '10001', objectTypeId: '0-1' },
    { listId: '10002', objectTypeId: '0-1' },
  ];
  const from = offset ?? 0;
  return {
    body: {
      lists: lists.slice(from, from + PAGE),
      offset: Math.min(from + PAGE, lists.length),
      hasMore: from + PAGE < lists.length,
    },
  };
};

const membersPath = (list: JsonValue): string => `/crm/v3/lists/${textOf(list)}/memberships/join-order`;

export function memberOf(path: string, { id, updated_at: updated }: JsonObject): JsonObject {
  const at = Date.parse(textOf(updated)) + (Number(id) % 1000);
  const listId = Number(/\d+/.exec(path.slice('/crm/v3/lists/'.length))?.[0]);
  return { listId, recordId: textOf(id), membershipTimestamp: new Date(at).toISOString() };
}

export const membersList = ({ listId = null }: JsonObject): string => membersPath(listId);

const members: FakeList = (rows, { pathname, searchParams }) => {
  const shown = rows
    .map(({ row }) => memberOf(pathname, row))
    .map(({ listId: _listId, ...row }) => ({ row, at: Date.parse(textOf(row['membershipTimestamp'])) }));
  const inOrder = pathname === membersPath(10_001) ? newestFirst : oldestFirst;
  return inOrder(shown, searchParams.get('after'));
};

/** An event for each time that a row changed: what a row of the table was before is no longer known. */
export function emailEventOf({ id, version, updated_at: updated }: JsonObject): JsonObject {
  const type = Number(version) % 3 === 0 ? {} : { type: 'OPEN' };
  return { id: textOf(id), created: Date.parse(textOf(updated)), version: version ?? null, ...type };
}

const emailEvents: FakeList = (rows, { searchParams }) => {
  const [from, to] = [searchParams.get('startTimestamp'), searchParams.get('endTimestamp')];
  const behind = rows.filter(
    ({ id, updatedAt }) =>
      id > Number(searchParams.get('offset') ?? 0) &&
      updatedAt.ms >= Number(from ?? 0) &&
      updatedAt.ms <= Number(to ?? Infinity),
  );
  const shown = behind.slice(0, PAGE);
  return {
    body: {
      events: shown.map(({ row }) => emailEventOf(row)),
      hasMore: behind.length > PAGE,
      offset: String(shown.at(-1)?.id ?? ''),
    },
  };
};

const empty: FakeList = () => pageOf([]);

export const paths = {
  contacts: '/crm/v3/objects/contacts',
  cars: '/crm/v3/objects/p_cars',
  owners: '/crm/v3/owners',
  submissions: [submissionsPath('f1'), submissionsPath('f2')],
  members: [membersPath(10_001), membersPath(10_002)],
  emailEvents: '/email/public/v1/events',
} as const;

export const fakeHubspot: FakeApi = {
  origin: 'https://api.hubapi.com',
  token: {
    url: 'https://api.hubapi.com/oauth/v1/token',
    livesMs: 1_800_000,
    accepts: ({ body }) =>
      body === 'grant_type=refresh_token&refresh_token=the+token&client_id=id&client_secret=hush',
  },
  lists: {
    ...listsOf(contacts),
    ...listsOf(cars),
    [paths.owners]: owners,
    '/crm/v3/schemas': schemas,
    '/marketing/v3/forms': forms,
    ...Object.fromEntries(paths.submissions.map((path) => [path, submissions])),
    [submissionsPath('blog')]: () => ({ status: 400, text: 'FORM_TYPE_NOT_ALLOWED' }),
    '/crm/v3/lists': empty,
    '/crm/v3/lists/search': contactLists,
    ...Object.fromEntries(paths.members.map((path) => [path, members])),
    [paths.emailEvents]: emailEvents,
    '/marketing/v3/emails': empty,
    '/marketing/v3/campaigns': empty,
    '/automation/v3/workflows': empty,
    '/crm/v3/objects/goal_targets': empty,
    '/crm/v3/objects/orders': empty,
    // What an app without the scope is told.
    '/crm/v3/objects/feedback_submissions': () => ({
      status: 403,
      text: "This app hasn't been granted all required scopes to make this call.",
    }),
  },
  sameTable: { ...sameTables(contacts), ...sameTables(cars) },
  tables: { latestMs: 200_000 },
};

export const historicConfig =
  '{"credentials":{"credentials_title":"OAuth Credentials","client_id":"id","client_secret":"hush","refresh_token":"the token"},"capturePropertyHistory":true}';
export const config =
  '{"credentials":{"credentials_title":"OAuth Credentials","client_id":"id","client_secret":"hush","refresh_token":"the token"}}';
