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
import type { FakeApi, FakeList, FakePage, FakeRefusal, ScriptedTable, TableRow } from '@weir/cdk/testing';

export const PATH = '/admin/api/2026-01/graphql.json';
const FILES = '/bulk-operation-outputs';
const STORAGE = 'https://storage.example.com';
const stores = ['north', 'south'];
/** Ids are unique among stores. */
const APART = 1_000_000;
const RUNS_MS = 20_000;
const AT_ONCE = 5;
const TOO_MANY = 20;
const FIRST_BELOW = 5;
const MOST = 25;

type Rows = Readonly<Record<'orders' | 'levels' | 'locations' | 'markets', readonly TableRow[]>>;

interface Operation {
  readonly id: string;
  readonly query: string;
  readonly lines: readonly JsonObject[];
  readonly isTooLarge: boolean;
  readonly createdMs: number;
}

interface Asked {
  readonly query: string;
  readonly variables?: Readonly<Record<string, JsonValue>>;
}

const gid = (type: string, store: string, id: number | string): string =>
  `gid://shopify/${type}/${typeof id === 'number' ? id + stores.indexOf(store) * APART : id}`;

/** The number of a row of the tables, by the id of an object. */
export const numberOf = ({ id }: JsonObject): number =>
  Number(/\d+/.exec(typeof id === 'string' ? id : '')?.[0] ?? 0) % APART;
export const storeOf = ({ id }: JsonObject): string =>
  stores[Math.floor(Number(/\d+/.exec(typeof id === 'string' ? id : '')?.[0] ?? 0) / APART)] ?? '';

const dated = ({ updated_at: updatedAt = null, created_at: createdAt = null }: JsonObject): JsonObject => ({
  updatedAt,
  createdAt,
});

/** A document, whose lists are those of the connections below it. */
export function orderOf(store: string, row: JsonObject): JsonObject {
  const [n, version] = [Number(row['id']), Number(row['version'])];
  const id = gid('Order', store, n);
  const below = (count: number, of: (index: number) => JsonObject): JsonObject[] =>
    Array.from({ length: count }, (_, index) => ({ ...of(index), __parentId: id }));
  const schedules = below(1, (index) => ({
    __typename: 'PaymentSchedule',
    id: gid('PaymentSchedule', store, `${n}-${index}`),
  }));
  return {
    id,
    ...dated(row),
    note: String(version),
    paymentTerms: n % 3 === 0 ? { overdue: false, paymentSchedules: schedules } : null,
    lineItems: below((n + version) % 8, (index) => ({
      __typename: 'LineItem',
      id: gid('LineItem', store, `${n}-${index}`),
      quantity: version,
    })),
    discountApplications: below(version % 2, (index) => ({
      __typename: 'ManualDiscountApplication',
      index,
    })),
  };
}

export function levelOf(store: string, row: JsonObject): JsonObject {
  const n = Number(row['id']);
  const item = gid('InventoryItem', store, n);
  return {
    id: `${gid('InventoryLevel', store, n)}?inventory_item_id=${n}`,
    ...dated(row),
    item: { id: item },
    quantities: [{ name: 'available', quantity: row['version'] ?? null }],
    __parentId: item,
  };
}

export const locationOf = (store: string, row: JsonObject): JsonObject => ({
  id: gid('Location', store, Number(row['id'])),
  ...dated(row),
  name: `Location ${Number(row['version'])}`,
});

export const marketOf = (store: string, row: JsonObject): JsonObject => {
  const id = gid('Market', store, Number(row['id']));
  const catalog = { id: gid('MarketCatalog', store, Number(row['id'])), status: 'ACTIVE', __parentId: id };
  return { id, name: `Market ${Number(row['version'])}`, catalogs: [catalog] };
};

/** Pages by values: a position is the place of the row before it, whether that is there or not. */
function pageOf(
  rows: readonly { readonly place: number; readonly node: JsonObject }[],
  after: JsonValue = null,
  first = FIRST_BELOW,
) {
  const rest = after === null ? rows : rows.filter(({ place }) => place > Number(after));
  const nodes = rest.slice(0, Math.min(first, MOST));
  const pageInfo = { hasNextPage: rest.length > nodes.length, endCursor: String(nodes.at(-1)?.place ?? '') };
  return { nodes: nodes.map(({ node }) => node), pageInfo };
}

type List = readonly JsonObject[];
const connectionOf = (list: JsonValue | undefined, after?: JsonValue) =>
  pageOf(
    (Array.isArray(list) ? (list as List) : []).map(({ __parentId: _above, ...node }, place) => ({
      place,
      node,
    })),
    after,
  );

function orderNode(order: JsonObject): JsonObject {
  const terms = order['paymentTerms'] as JsonObject | null;
  return {
    ...order,
    lineItems: connectionOf(order['lineItems']),
    discountApplications: connectionOf(order['discountApplications']),
    paymentTerms:
      terms === null ? null : { ...terms, paymentSchedules: connectionOf(terms['paymentSchedules']) },
  };
}

/** The rows that a filter asks for. */
function between(rows: readonly TableRow[], filter: JsonValue | undefined): readonly TableRow[] {
  const [, from = '', to = '~'] =
    /updated_at:>='([^']+)' AND updated_at:<='([^']+)'/.exec(typeof filter === 'string' ? filter : '') ?? [];
  return rows.filter(({ updatedAt }) => updatedAt.toString() >= from && updatedAt.toString() <= to);
}

const LOCATIONS = [1, 2];
const atLocation = (rows: readonly TableRow[], location: number) =>
  rows.filter(({ id }) => LOCATIONS[id % LOCATIONS.length] === location);

/** The lines of an operation's file. */
function linesOf(store: string, query: string, rows: Rows): readonly JsonObject[][] {
  if (query.includes('inventoryLevels')) {
    return LOCATIONS.map((location) => {
      const id = gid('Location', store, location);
      const levels = atLocation(between(rows.levels, query), location).map(({ row }) => levelOf(store, row));
      return [{ id }, ...levels.map((level) => ({ ...level, __parentId: id }))];
    });
  }
  return between(rows.orders, query).map(({ row }) => {
    const { lineItems, discountApplications, paymentTerms, ...order } = orderOf(store, row);
    const { paymentSchedules = [], ...terms } = (paymentTerms ?? {}) as JsonObject;
    const below = [discountApplications, paymentSchedules, lineItems] as unknown as JsonObject[][];
    return [{ ...order, paymentTerms: paymentTerms === null ? null : terms }, ...below.flat()];
  });
}

const operations = new WeakMap<ScriptedTable, Map<string, Operation[]>>();
const counts = new WeakMap<ScriptedTable, number>();

function graphql(
  store: string,
  { query, variables = {} }: Asked,
  rows: Rows,
  table: ScriptedTable,
): JsonObject {
  const count = (counts.get(table) ?? 0) + 1;
  counts.set(table, count);
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
  if (query.includes('accessScopes')) {
    const handles = [
      'read_orders',
      'write_inventory',
      'read_locations',
      ...(store === 'north' ? ['read_markets'] : []),
    ];
    return { data: { currentAppInstallation: { accessScopes: handles.map((handle) => ({ handle })) } } };
  }
  if (query.includes('shop {')) return { data: { shop: { id: gid('Shop', store, 1) } } };
  if (count % 9 === 0) {
    return { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }] };
  }
  if (query.includes('bulkOperationRunQuery')) {
    const running = known.filter((each) => table.nowMs < each.createdMs + RUNS_MS);
    // Others of the same app have some of them.
    if (running.length >= AT_ONCE || count % 4 === 0) {
      const busy = { code: 'LIMIT_REACHED', field: null, message: 'Bulk operations limit reached.' };
      return { data: { bulkOperationRunQuery: { bulkOperation: null, userErrors: [busy] } } };
    }
    const text = variables['query'] as string;
    const grouped = linesOf(store, text, rows);
    const lines = query.includes('groupObjects: true')
      ? grouped.flat()
      : [...grouped.map(([first]) => first ?? {}), ...grouped.flatMap(([, ...below]) => below)];
    const operation = {
      id: gid('BulkOperation', store, known.length + 1),
      query: text,
      lines,
      isTooLarge: lines.filter(({ note }) => note !== undefined).length > TOO_MANY,
      createdMs: table.nowMs,
    };
    known.push(operation);
    return { data: { bulkOperationRunQuery: { bulkOperation: shown(operation), userErrors: [] } } };
  }
  if (query.includes('bulkOperations(')) {
    return { data: { bulkOperations: { nodes: foundOf(known.map(shown), query, variables['filter']) } } };
  }
  if (query.includes('bulkOperationCancel(')) return { data: { bulkOperationCancel: { userErrors: [] } } };
  if (query.includes('bulkOperation(')) {
    const found = known.find(({ id }) => id === variables['id']);
    return { data: { bulkOperation: found === undefined ? null : shown(found) } };
  }
  const { after, first } = variables;
  const extensions = {
    cost: {
      throttleStatus: {
        maximumAvailable: 2000,
        currentlyAvailable: 2000 - (count % 5) * 300,
        restoreRate: 100,
      },
    },
  };
  if (query.includes('node(id')) {
    const object = { id: variables['id'] ?? null };
    const row = rows.orders.find(({ id }) => id === numberOf(object));
    if (row === undefined) return { data: { node: null }, extensions };
    const order = orderOf(store, row.row);
    const terms = (order['paymentTerms'] ?? {}) as JsonObject;
    const node = {
      lineItems: connectionOf(order['lineItems'], after),
      discountApplications: connectionOf(order['discountApplications'], after),
      paymentTerms: { paymentSchedules: connectionOf(terms['paymentSchedules'], after) },
    };
    return { data: { node }, extensions };
  }
  const pages: Readonly<Record<string, () => ReturnType<typeof pageOf>>> = {
    orders: () =>
      rowsPage(between(rows.orders, variables['filter']), (row) => orderNode(orderOf(store, row))),
    locations: () => rowsPage(rows.locations, (row) => locationOf(store, row)),
    markets: () =>
      rowsPage(rows.markets, (row) => {
        const market = marketOf(store, row);
        return { ...market, catalogs: connectionOf(market['catalogs']) };
      }),
  };
  const rowsPage = (of: readonly TableRow[], node: (row: JsonObject) => JsonObject) =>
    pageOf(
      of.map(({ id, row }) => ({ place: id, node: node(row) })),
      after,
      Number(first),
    );
  const asked = Object.keys(pages).find((name) => query.includes(`${name}(`)) ?? '';
  return { data: { [asked]: pages[asked]?.() ?? null }, extensions };
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

const api: FakeList = (_rows, url, table, { body = '{}' }, tables): FakePage => {
  const store = url.hostname.split('.')[0] ?? '';
  const { query, variables } = JSON.parse(body) as Asked;
  const rows = (of: string): readonly TableRow[] => {
    const own = tables(`${store}/${of}`);
    // Objects change between two looks, and not with every rest of a list below one.
    if (!query.includes('node(id')) own.changeUntilTheEnd();
    return own.visible();
  };
  const shown: Rows = {
    orders: rows('orders'),
    levels: rows('levels'),
    locations: rows('locations'),
    markets: rows('markets'),
  };
  return { body: graphql(store, { query, ...(variables === undefined ? {} : { variables }) }, shown, table) };
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
  ['orders', 'levels', 'locations', 'markets'].map((of) => [`${store}/${of}`, nothing] as const),
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
