// Two stores of Shopify as far as the connector relies on them. Where their ways are known from:
// * Names of fields, arguments, states and error codes: the schema of the Admin API, 2026-01, as the vendor's package
//   @shopify/api-codegen-preset makes types of it. Every query of the plan but those for the rest of a list was held against those
//   types.
// * Bulk operations: shopify.dev/docs/api/usage/bulk-operations/queries and the pages of bulkOperationRunQuery, BulkOperation,
//   bulkOperations and BulkOperationUserErrorCode: five at a time for an app in a store and LIMIT_REACHED beyond, JSON lines with
//   `__parentId`, rows below a row directly behind it with `groupObjects` and only somewhere behind it without (changelog
//   “Optional groupObjects argument”), a list of them with filters by status and time, no file where there are no rows, a link with
//   a signature on another host.
// * Costs, `throttleStatus` and THROTTLED: shopify.dev/docs/api/usage/limits.
// * `Location.inventoryLevels(query:)` filters by `updated_at`: shopify.dev/docs/api/admin-graphql/latest/objects/Location.
// Made up: how long operations run, which of them end by TIMEOUT, how late the search is, and that a page has no more than 25 rows.

import type { JsonObject, JsonValue } from '@weir/cdk';
import {
  type FakeApi,
  type FakeList,
  type FakePage,
  type FakeRefusal,
  graphqlFields,
  type ScriptedTable,
  type TableRow,
} from '@weir/cdk/testing';
import {
  filtered,
  linesOf,
  nodeFields,
  nodeOf,
  pageOf,
  placeOf,
  type Root,
  roots,
  stores,
  thingAt,
  thingOf,
} from './fake-objects.ts';

export const PATH = '/admin/api/2026-01/graphql.json';
const FILES = '/bulk-operation-outputs';
const STORAGE = 'https://storage.example.com';
const RUNS_MS = 20_000;
const AT_ONCE = 5;
const TOO_MANY = 20;
const LOCATIONS = [1, 2];

interface Operation {
  readonly id: string;
  readonly query: string;
  readonly root: Root;
  readonly lines: readonly JsonObject[];
  readonly isTooLarge: boolean;
  readonly createdMs: number;
}

interface Asked {
  readonly query: string;
  readonly variables?: Readonly<Record<string, JsonValue>>;
}

/** What is there now; `changing`: and changes before it is looked at. */
type Rows = (root: Root, changing: boolean) => readonly TableRow[];

/** The lines of an operation's file, by the objects that they are of. */
function written(store: string, query: string, rows: Rows): readonly (readonly JsonObject[])[] {
  const [field] = fieldsOf(query);
  if (field === undefined) return [];
  const fields = nodeFields(field);
  const levels = fields.find(({ name }) => name === 'inventoryLevels');
  if (levels !== undefined) {
    const there = filtered(rows('inventoryLevels', true), levels.args['query'] as string);
    return LOCATIONS.map((location) => {
      const above = thingOf(store, 'locations', { id: location });
      const own = there
        .filter(({ id }) => LOCATIONS[id % LOCATIONS.length] === location)
        .map(({ row }) => linesOf(thingOf(store, 'inventoryLevels', row), nodeFields(levels)));
      return [{ id: above.id }, ...own.flat().map((line) => ({ ...line, __parentId: above.id }))];
    });
  }
  const root = field.name as Root;
  return filtered(rows(root, true), field.args['query'] as string).map(({ row }) =>
    linesOf(thingOf(store, root, row), fields),
  );
}

const operations = new WeakMap<ScriptedTable, Map<string, Operation[]>>();
const counts = new WeakMap<ScriptedTable, number>();
/** The other store is not allowed to read these. */
const onlyNorth = ['markets', 'publications'];
const handles = [
  'read_orders',
  'write_inventory',
  'read_locations',
  'read_customers',
  'read_products',
  'read_returns',
  'read_own_subscription_contracts',
  'read_shopify_payments_disputes',
  'read_users',
  'read_merchant_managed_fulfillment_orders',
];

function answered(
  store: string,
  { query, variables = {} }: Asked,
  rows: Rows,
  table: ScriptedTable,
): JsonObject {
  const count = (counts.get(table) ?? 0) + 1;
  counts.set(table, count);
  if (query.includes('accessScopes')) {
    const all = [...handles, ...(store === 'north' ? onlyNorth.map((each) => `read_${each}`) : [])];
    const plan = { displayName: 'Advanced', partnerDevelopment: false, shopifyPlus: false };
    const accessScopes = all.map((handle) => ({ handle }));
    return { data: { currentAppInstallation: { accessScopes }, shop: { plan } } };
  }
  if (query.includes('shop {')) return { data: { shop: { id: `gid://shopify/Shop/${store}` } } };
  if (count % 9 === 0) return { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }] };
  if (/bulkOperation/.test(query)) return bulk(store, { query, variables }, rows, table, count);
  const extensions = {
    cost: {
      throttleStatus: {
        maximumAvailable: 2000,
        currentlyAvailable: 2000 - (count % 5) * 300,
        restoreRate: 100,
      },
    },
  };
  const [field] = fieldsOf(query);
  if (field === undefined) return { data: null };
  const { after, first, filter } = variables;
  if (field.name === 'node') {
    const id = variables['id'] as string;
    const { number, root } = placeOf(id);
    const row = rows(root, false).find((each) => each.id === number);
    const node = row === undefined ? null : nodeOf(thingAt(id, row.row), field.fields, after);
    return { data: { node }, extensions };
  }
  const root = field.name as Root;
  const listed = filtered(rows(root, true), 'query' in field.args ? filter : undefined);
  const page = pageOf(
    listed.map(({ id, row }) => ({ place: id, node: nodeOf(thingOf(store, root, row), nodeFields(field)) })),
    after,
    Number(first),
  );
  return { data: { [root]: page }, extensions };
}

function bulk(
  store: string,
  { query, variables = {} }: Asked,
  rows: Rows,
  table: ScriptedTable,
  count: number,
): JsonObject {
  const known = operationsOf(table, store);
  const stateOf = ({ createdMs, isTooLarge }: Operation): string => {
    const ageMs = table.nowMs - createdMs;
    if (ageMs < RUNS_MS) return ageMs < 2000 ? 'CREATED' : 'RUNNING';
    return isTooLarge ? 'FAILED' : 'COMPLETED';
  };
  const shown = (operation: Operation): JsonObject => ({
    id: operation.id,
    status: stateOf(operation),
    query: operation.query,
    createdAt: new Date(operation.createdMs).toISOString().replace(/\.\d+/, ''),
    errorCode: stateOf(operation) === 'FAILED' ? 'TIMEOUT' : null,
    objectCount: String(operation.lines.length),
    url:
      stateOf(operation) === 'COMPLETED' && operation.lines.length > 0
        ? `${STORAGE}${FILES}?store=${store}&id=${operation.id}&signature=s`
        : null,
  });
  if (query.includes('bulkOperationRunQuery')) {
    const running = known.filter((each) => table.nowMs < each.createdMs + RUNS_MS);
    // Others of the same app have some of them.
    if (running.length >= AT_ONCE || count % 4 === 0) {
      const busy = { code: 'LIMIT_REACHED', field: null, message: 'Bulk operations limit reached.' };
      return { data: { bulkOperationRunQuery: { bulkOperation: null, userErrors: [busy] } } };
    }
    const text = variables['query'] as string;
    const objects = written(store, text, rows);
    const lines = query.includes('groupObjects: true')
      ? objects.flat()
      : [...objects.map(([first]) => first ?? {}), ...objects.flatMap(([, ...below]) => below)];
    const operation = {
      id: `gid://shopify/BulkOperation/${store}/${known.length + 1}`,
      query: text,
      root: fieldsOf(text)[0]?.name as Root,
      lines,
      isTooLarge: objects.length > TOO_MANY,
      createdMs: table.nowMs,
    };
    known.push(operation);
    return { data: { bulkOperationRunQuery: { bulkOperation: shown(operation), userErrors: [] } } };
  }
  if (query.includes('bulkOperations(')) {
    return { data: { bulkOperations: { nodes: foundOf(known.map(shown), query, variables['filter']) } } };
  }
  if (query.includes('bulkOperationCancel(')) return { data: { bulkOperationCancel: { userErrors: [] } } };
  const found = known.find(({ id }) => id === variables['id']);
  // Objects change while an operation runs.
  if (found !== undefined) rows(found.root, true);
  return { data: { bulkOperation: found === undefined ? null : shown(found) } };
}
/** The first of those that a filter asks for. In which order they come is not relied on. */
function foundOf(known: readonly JsonObject[], query: string, filter: JsonValue = null): JsonObject[] {
  const asked = typeof filter === 'string' ? filter : '';
  const [, since = ''] = /created_at:>='([^']+)'/.exec(asked) ?? [];
  const statuses = new Set(asked.matchAll(/status:(\w+)/g).map(([, status = '']) => status.toUpperCase()));
  const isMeant = ({ status, createdAt }: JsonObject): boolean =>
    (typeof createdAt !== 'string' || createdAt >= since) &&
    (typeof status !== 'string' || statuses.size === 0 || statuses.has(status));
  const [, first] = /bulkOperations\(first: (\d+)/.exec(query) ?? [];
  return known.filter(isMeant).slice(0, Number(first));
}

function operationsOf(table: ScriptedTable, store: string): Operation[] {
  const all = operations.get(table) ?? new Map<string, Operation[]>();
  operations.set(table, all);
  const own = all.get(store) ?? [];
  all.set(store, own);
  return own;
}

/** Parsed once: few queries are sent, and often. */
const parsed = new Map<string, ReturnType<typeof graphqlFields>>();
function fieldsOf(query: string): ReturnType<typeof graphqlFields> {
  const known = parsed.get(query) ?? graphqlFields(query);
  parsed.set(query, known);
  return known;
}

const api: FakeList = (_rows, url, table, { body = '{}' }, tables): FakePage => {
  const store = url.hostname.split('.')[0] ?? '';
  const rows: Rows = (root, changing) => {
    const own = tables(`${store}/${root}`);
    if (changing) own.changeUntilTheEnd();
    return own.visible();
  };
  return { body: answered(store, JSON.parse(body) as Asked, rows, table) };
};

const files: FakeList = (_rows, { searchParams }, table): FakePage | FakeRefusal => {
  const known = operationsOf(table, searchParams.get('store') ?? '');
  const operation = known.find(({ id }) => id === searchParams.get('id'));
  return operation === undefined
    ? { status: 403, text: 'ExpiredToken' }
    : { body: null, lines: operation.lines };
};

const nothing: FakeList = () => ({ status: 404, text: 'no such path' });
const tables = stores.flatMap((store) =>
  Object.keys(roots).map((root) => [`${store}/${root}`, nothing] as const),
);

export const fakeShopify: FakeApi = {
  origin: 'https://north.myshopify.com',
  origins: ['https://south.myshopify.com', STORAGE],
  // A link has a signature and must not be given the token.
  accepts: ({ url, headers }) =>
    headers['x-shopify-access-token'] ===
    (url.origin === STORAGE ? undefined : `shpat_${url.hostname.split('.')[0]}`),
  lists: { [PATH]: api, [FILES]: files, ...Object.fromEntries(tables) },
  sameTable: { [FILES]: PATH },
  tables: { latestMs: 60_000 },
};

export const config = JSON.stringify({
  stores: [
    {
      store: 'north',
      credentials: { credentials_title: 'Private App Credentials', access_token: 'shpat_north' },
    },
    {
      store: 'south',
      credentials: { credentials_title: 'Private App Credentials', access_token: 'shpat_south' },
    },
  ],
  start_date: '2024-05-01T00:00:00Z',
});
