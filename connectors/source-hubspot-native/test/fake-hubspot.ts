// HubSpot as far as the connector relies on it. What it does is known from HubSpot's API reference and its own package
// @hubspot/api-client: the search with its filters, one sort and `paging.next.after`; lists by `after`; reads by batches of at
// most 100, which leave out what is gone; ids as texts; associations by batches, version 4. How late the search shows a row,
// and how small the pages are, is made up.

import type { FakeApi, FakeList, FakePage, FakeRefusal, TableRow } from '@weir/cdk/testing';
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '@weir/schema/json';

const PAGE = 4;
const objects = '/crm/v3/objects/contacts';
const companies = '/crm/v4/associations/contacts/companies/batch/read';

/** The object of a row; its company depends on its version, so that what it is associated with changes too. */
export function contactOf(row: JsonObject): JsonObject {
  const { id = null, version = null, updated_at: updated = null, created_at: created = null } = row;
  return {
    id: stringifyJson(id),
    properties: {
      hs_object_id: stringifyJson(id),
      lastmodifieddate: updated,
      version: stringifyJson(version),
    },
    createdAt: created,
    updatedAt: updated,
    archived: false,
    associations: { companies: [companyOf(row)] },
  };
}

const companyOf = ({ version }: JsonObject): string => String(Number(version) % 7);

function withoutLinks(row: JsonObject): JsonObject {
  const { associations: _associations, ...contact } = contactOf(row);
  return contact;
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

const search: FakeList = (rows, _url, _table, { body }): FakePage | FakeRefusal => {
  const { filterGroups, sorts } = bodyOf(body) as unknown as {
    filterGroups: readonly { readonly filters: readonly Filter[] }[];
    sorts: readonly { readonly propertyName: string }[];
  };
  const filters = filterGroups[0]?.filters ?? [];
  const isById = sorts[0]?.propertyName === 'hs_object_id';
  const found = rows
    .filter((row) => filters.every((filter) => passes(row, filter)))
    // Rows of one time come in no order that anybody could rely on.
    .toSorted((left, right) =>
      isById ? left.id - right.id : left.updatedAt.compare(right.updatedAt) || right.id - left.id,
    );
  return page(found.slice(0, PAGE), found.length > PAGE ? String(PAGE) : undefined);
};

const list: FakeList = (rows, { searchParams }) => {
  const behind = rows.filter(({ id }) => id > Number(searchParams.get('after') ?? 0));
  const shown = behind.slice(0, PAGE);
  return page(shown, behind.length > PAGE ? String(shown.at(-1)?.id) : undefined);
};

const batch: FakeList = (rows, _url, _table, { body }) => {
  const ids = idsIn(body);
  if (ids.size > 100) return { status: 400, text: 'at most 100 inputs' };
  return page(
    rows.filter(({ id }) => ids.has(String(id))),
    undefined,
  );
};

const links: FakeList = (rows, _url, _table, { body }) => {
  const ids = idsIn(body);
  const linked = rows.filter(({ id }) => ids.has(String(id)));
  return {
    body: {
      results: linked.map(({ id, row }) => ({
        from: { id: String(id) },
        to: [{ toObjectId: Number(companyOf(row)), associationTypes: [] }],
      })),
    },
  };
};

function idsIn(body: string | undefined): ReadonlySet<string> {
  const { inputs } = bodyOf(body) as unknown as { inputs: readonly { readonly id: string }[] };
  return new Set(inputs.map(({ id }) => id));
}

function page(rows: readonly TableRow[], after: string | undefined): FakePage {
  const results = rows.map(({ row }) => withoutLinks(row));
  return { body: { results, ...(after === undefined ? {} : { paging: { next: { after } } }) } };
}

/** A list that is read whole. */
const owners: FakeList = (rows, { searchParams }) => {
  const behind = rows.filter(({ id }) => id > Number(searchParams.get('after') ?? 0));
  const shown = behind.slice(0, PAGE);
  const next = behind.length > PAGE ? { paging: { next: { after: String(shown.at(-1)?.id) } } } : {};
  return { body: { results: shown.map(({ row }) => ownerOf(row)), ...next } };
};

export function ownerOf({ updated_at: updated = null, ...row }: JsonObject): JsonObject {
  return { ...row, updatedAt: updated };
}

const properties: FakeList = () => ({ body: { results: [{ name: 'version' }, { name: 'hs_object_id' }] } });

export const paths = { contacts: objects, owners: '/crm/v3/owners' } as const;

export const fakeHubspot: FakeApi = {
  origin: 'https://api.hubapi.com',
  token: {
    url: 'https://api.hubapi.com/oauth/v1/token',
    livesMs: 1_800_000,
    accepts: ({ body }) =>
      body === 'grant_type=refresh_token&refresh_token=the+token&client_id=id&client_secret=hush',
  },
  lists: {
    [objects]: list,
    [`${objects}/search`]: search,
    [`${objects}/batch/read`]: batch,
    [companies]: links,
    '/crm/v3/properties/contacts': properties,
    [paths.owners]: owners,
  },
  sameTable: { [`${objects}/search`]: objects, [`${objects}/batch/read`]: objects, [companies]: objects },
  tables: { latestMs: 200_000 },
};

export const config =
  '{"credentials":{"credentials_title":"OAuth Credentials","client_id":"id","client_secret":"hush","refresh_token":"the token"}}';
