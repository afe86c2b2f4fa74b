import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiCapture,
  explainApi,
  type JsonValue,
  rowCost,
  type RowSelection,
  type StreamContext,
  type Transport,
} from '@weir/cdk';
import { convergeApi, type FakeApi, type FakePage, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig } from '@weir/schema';
import { SeededRandom } from '@weir/testing';
import { testApi } from '@weir/testing/api';
import { accessOf, reaches } from '../src/access.ts';
import { selections } from '../src/selections.ts';
import { shopify } from '../src/shopify.ts';
import { config, fakeShopify, PATH } from './fake-shopify.ts';
import { truths } from './truths.ts';

testApi({
  test: import.meta.url,
  api: shopify,
  fake: fakeShopify,
  config,
  base: 'https://{store}.myshopify.com',
  streams: truths('orders', 'inventory_levels', 'locations', 'markets'),
  shown: ['orders', 'markets', 'disputes'],
  seeds: 2,
});

/** The fake with answers of its own to some requests. */
const answering = (answer: (body: string) => FakePage | undefined): FakeApi => ({
  ...fakeShopify,
  lists: {
    ...fakeShopify.lists,
    [PATH]: (rows, url, table, request, tables) => {
      const list = fakeShopify.lists[PATH];
      assert.ok(list !== undefined);
      return answer(request.body ?? '') ?? list(rows, url, table, request, tables);
    },
  },
});

const converging = (fake: FakeApi, seed = 1, advanced: object = {}) =>
  convergeApi({
    api: shopify,
    fake,
    config: JSON.stringify({ ...(JSON.parse(config) as object), advanced }),
    streams: truths('orders'),
    random: new SeededRandom(seed),
  });

test('what Shopify answers to an operation or to a page that it refuses ends the task, and says why', async () => {
  const denied = {
    errors: [
      { message: 'Access denied', extensions: { code: 'ACCESS_DENIED', requiredAccess: 'read_orders' } },
    ],
  };
  await assert.rejects(
    converging(
      answering((query) => (query.includes('bulkOperationRunQuery') ? { body: denied } : undefined)),
    ),
    { code: 'CDK_HTTP_FORBIDDEN', message: /requiredAccess":"read_orders/ },
  );
  const invalid = {
    bulkOperation: null,
    userErrors: [{ code: 'INVALID', field: ['query'], message: 'no connection' }],
  };
  await assert.rejects(
    converging(
      answering((query) =>
        query.includes('bulkOperationRunQuery')
          ? { body: { data: { bulkOperationRunQuery: invalid } } }
          : undefined,
      ),
    ),
    { code: 'CDK_HTTP_REFUSED', message: /no connection/ },
  );
  for (const [status, errorCode, said] of [
    ['FAILED', 'INTERNAL_SERVER_ERROR', /failed at the API: INTERNAL_SERVER_ERROR/],
    ['CANCELED', null, /failed at the API\./],
  ] as const) {
    const operation = { id: 'x', status, errorCode, url: null };
    await assert.rejects(
      converging(
        answering((query) =>
          query.includes('bulkOperation(') ? { body: { data: { bulkOperation: operation } } } : undefined,
        ),
      ),
      { code: 'CDK_JOB_FAILED', message: said },
    );
  }
});

test('an operation that had rows and whose file is no longer kept is made anew, and is not taken for one without rows', async () => {
  const operation = { id: 'x', status: 'COMPLETED', errorCode: null, objectCount: '7', url: null };
  let gone = 2;
  const converged = await converging(
    answering((query) =>
      query.includes('bulkOperation(') && gone-- > 0
        ? { body: { data: { bulkOperation: operation } } }
        : undefined,
    ),
  );
  for (const { captured, expected } of converged.streams) assert.deepEqual(captured, expected);
  await assert.rejects(
    converging(
      answering((query) =>
        query.includes('bulkOperation(') ? { body: { data: { bulkOperation: operation } } } : undefined,
      ),
    ),
    { code: 'CDK_JOB_FAILED', message: /said to be gone/ },
  );
});

test('an operation is looked for among those that run, however many have ended', async () => {
  const list = fakeShopify.lists[PATH];
  assert.ok(list !== undefined);
  const found: unknown[] = [];
  const watched: FakeApi = {
    ...fakeShopify,
    lists: {
      ...fakeShopify.lists,
      [PATH]: (rows, url, table, request, tables) => {
        const page = list(rows, url, table, request, tables);
        if ('body' in page && request.body?.includes('bulkOperations(') === true) found.push(page.body);
        return page;
      },
    },
  };
  // Each window is an operation.
  const { streams } = await converging(watched, 1, { window_size: 'PT10H' });
  for (const { captured, expected } of streams) assert.deepEqual(captured, expected);
  const statuses = new Set(
    JSON.stringify(found)
      .matchAll(/"status":"(\w+)"/g)
      .map(([, status]) => status),
  );
  assert.ok(statuses.size > 0 && statuses.isSubsetOf(new Set(['CREATED', 'RUNNING'])), [...statuses].join());
});

test('the property can fail: a file whose rows are not grouped is refused', async () => {
  const list = fakeShopify.lists[PATH];
  assert.ok(list !== undefined);
  const ungrouped: FakeApi = {
    ...fakeShopify,
    lists: {
      ...fakeShopify.lists,
      [PATH]: (rows, url, table, request, tables) =>
        list(rows, url, table, { ...request, body: request.body?.replace('groupObjects: true', '') }, tables),
    },
  };
  await assert.rejects(converging(ungrouped), { code: 'CDK_ORDER_BROKEN' });
});

test('the client credentials of an app fetch the token that is sent', async () => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const asked: unknown[] = [];
  const transport: Transport = async ({ url, headers, body }) => {
    asked.push([url.pathname, headers['x-shopify-access-token'], body?.slice(0, 29)]);
    const isToken = url.pathname === '/admin/oauth/access_token';
    const scopes = { data: { currentAppInstallation: { accessScopes: [{ handle: 'read_orders' }] } } };
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(isToken ? '{"access_token":"shpat_1","expires_in":86399}' : JSON.stringify(scopes));
      })(),
    };
  };
  const capture = apiCapture(shopify, { clock, transport });
  const credentials = { credentials_title: 'Client Credentials', client_id: 'i', client_secret: 's' };
  const text = JSON.stringify({ stores: [{ store: 'north', credentials }] });
  const decoded = decodeConfig(capture.spec.configSchema, text, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = await clock.run(capture.discover(decoded, context));
  assert.deepEqual(asked.slice(0, 2), [
    ['/admin/oauth/access_token', undefined, 'grant_type=client_credentials'],
    [PATH, 'shpat_1', '{"query":"{ shop { id } }","v'],
  ]);
  assert.ok(found.every(({ recommendedName: name }) => /^(?:abandoned|order|fulfillments)/.test(name)));
});

test('a store is a name and nothing else, so that no token is sent to another host', () => {
  const { configSchema } = apiCapture(shopify).spec;
  const credentials = { credentials_title: 'Private App Credentials', access_token: 'shpat_1' };
  const decode = (store: string) =>
    decodeConfig(configSchema, JSON.stringify({ stores: [{ store, credentials }] }), { what: 'the config' });
  assert.doesNotThrow(() => decode('Acme-2'));
  const others = [
    'https://acme.myshopify.com/',
    'acme.myshopify.com',
    'evil.example/x?',
    'a@evil.example#',
    '',
  ];
  for (const store of [...others, 'a b', 'acme\n', 'a/../b', '-a', 'ä']) {
    assert.throws(
      () => decode(store),
      { code: 'CONFIG_INVALID', message: /\/stores\/0\/store \(Store\)/ },
      store,
    );
  }
});

test('no page costs more than Shopify allows, and no operation has more connections, or deeper ones, than it takes', () => {
  const plan = explainApi(shopify, 'https://x.myshopify.com', Date.parse('2024-05-05T05:00:00Z'));
  const operations = plan.split('\n').filter((line) => line.includes('bulkOperationRunQuery'));
  // All streams but those of locations, disputes, markets and staff.
  assert.equal(operations.length, Object.keys(shopify.streams).length - 5);
  for (const line of operations) {
    const connections = line.split('edges {').length - 1;
    assert.ok(connections <= 5, line);
  }
  for (const rows of Object.values(selections)) {
    const depth = (of: RowSelection): number => 1 + Math.max(0, ...(of.lists ?? []).map(depth));
    assert.ok(depth(rows) <= 3, rows.type);
    assert.ok(rowCost(rows, 5) <= 1000, `${rows.type} costs ${rowCost(rows, 5)}`);
  }
});

test('the rest of a list is asked for only of rows that can be asked for by their id', () => {
  const plan = explainApi(shopify, 'https://x.myshopify.com', 0);
  const asked = new Set(plan.matchAll(/node\(id: \$id\) \{ \.\.\. on (\w+)/g).map(([, type = '']) => type));
  // Those of the schema that implement Node; a SalesAgreement, for one, does not.
  const nodes = ['AbandonedCheckout', 'Collection', 'Customer', 'FulfillmentOrder', 'Location', 'Market'];
  const more = ['Order', 'Product', 'ProductVariant', 'Return', 'SubscriptionContract'];
  assert.deepEqual([...asked].toSorted(), [...nodes, ...more]);
});

test('levels of a location leave line by line, however many there are', () => {
  const levels = shopify.streams['inventory_levels'];
  assert.ok(levels?.kind === 'parts');
  const { kind, options } = levels.options.stream('north');
  assert.ok(kind === 'exports' && options.map !== undefined);
  const location = { id: 'gid://shopify/Location/1' };
  assert.equal(options.map(location), undefined);
  const level = { id: 'l', item: { id: 'i' }, __parentId: location.id };
  assert.deepEqual(options.map(level), { ...level, __parentId: 'i' });
  // A line that is part of a document waits for the rest of it, and so do the pages of a list within a row.
  assert.deepEqual([options.nested, options.recent], [undefined, undefined]);
});

test('an operation reads no longer time than the configuration says', async () => {
  const asked: string[] = [];
  const fake = answering((query) => {
    asked.push(query);
    return undefined;
  });
  const windows = async (advanced?: object): Promise<number[]> => {
    asked.length = 0;
    await converging(fake, 2, advanced);
    return asked.flatMap((body) => {
      const [, from = '', to = ''] = /updated_at:>='([^']+)' AND updated_at:<='([^']+)'/.exec(body) ?? [];
      return from === '' ? [] : [(Date.parse(to) - Date.parse(from)) / 3_600_000];
    });
  };
  assert.ok(Math.max(...(await windows())) > 72);
  assert.equal(Math.max(...(await windows({ window_size: 'PT20H' }))), 20);
  for (const size of ['PT0S', 'P0D', 'P0M', '20 hours', '30d', '-P1D', 'P', 'PT', 0]) {
    await assert.rejects(windows({ window_size: size }), {
      code: 'CONFIG_INVALID',
      message: /window_size/,
    });
  }
});

test('streams are those that a store’s token reaches, and where its objects are published is asked for only where it may be', async () => {
  const scopesOf = async (handles: readonly string[]) => {
    const clock = new VirtualClock(0);
    const accessScopes = handles.map((handle) => ({ handle }));
    const text = JSON.stringify({ data: { currentAppInstallation: { accessScopes } } });
    const client = { json: async () => JSON.parse(text) as JsonValue };
    return { client, clock } as unknown as StreamContext;
  };
  const sites = new Map([
    ['north', await scopesOf(['read_products', 'read_publications', 'read_inventory'])],
    ['south', await scopesOf(['write_products', 'read_all_orders'])],
  ]);
  const first = sites.get('north');
  assert.ok(shopify.describe !== undefined && first !== undefined);
  const found = await shopify.describe({ ...first, sites }, new AbortController().signal, {
    advanced: { should_use_composite_key: true },
  });
  const storesOf = async (name: string): Promise<readonly string[]> => {
    const stream = found[name];
    return stream?.kind === 'parts' ? stream.options.of(first, new AbortController().signal) : [];
  };
  assert.deepEqual(await storesOf('products'), ['north', 'south']);
  assert.deepEqual(await storesOf('orders'), ['south']);
  assert.deepEqual(await storesOf('inventory_items'), ['north']);
  for (const name of ['inventory_levels', 'customers', 'markets']) assert.equal(found[name], undefined);
  const { products } = found;
  assert.ok(products?.kind === 'parts');
  const asks = ['north', 'south'].map((store) =>
    explainApi(
      { ...shopify, streams: { products: products.options.stream(store) } },
      'https://x.myshopify.com',
      0,
    ),
  );
  assert.deepEqual(
    asks.map((text) => text.includes('resourcePublications')),
    [true, false],
  );
});

test('what a plan does not have is hidden for the custom apps of its stores, and not for an app that users signed in at', () => {
  const scopes = new Set(['customers', 'orders', 'users', 'merchant_managed_fulfillment_orders', 'products']);
  const personal = ['customers', 'orders', 'fulfillment_orders'];
  for (const plan of ['Basic', 'Starter']) {
    for (const name of [...personal, 'staff_members']) assert.equal(reaches({ scopes, plan }, name), false);
    for (const name of ['products', 'order_refunds', 'customer_metafields'])
      assert.ok(reaches({ scopes, plan }, name), name);
  }
  for (const name of personal) assert.ok(reaches({ scopes, plan: 'Shopify' }, name), name);
  assert.equal(reaches({ scopes, plan: 'Shopify' }, 'staff_members'), false);
  for (const plan of [undefined, 'Advanced'])
    for (const name of [...personal, 'staff_members']) assert.ok(reaches({ scopes, plan }, name), name);
});

test('the plan of a store is not asked of partners, of Plus and of apps that users signed in at', async () => {
  const { signal } = new AbortController();
  const planOf = async (plan: object, title = 'Client Credentials') => {
    const data = { currentAppInstallation: { accessScopes: [] }, shop: { plan } };
    const client = { json: async () => ({ data }) };
    const config = { credentials: { credentials_title: title } };
    return (await accessOf({ client, config } as unknown as StreamContext, signal)).plan;
  };
  const basic = { displayName: 'Basic', partnerDevelopment: false, shopifyPlus: false };
  assert.equal(await planOf(basic), 'Basic');
  assert.equal(await planOf(basic, 'OAuth Credentials'), undefined);
  assert.equal(await planOf({ ...basic, partnerDevelopment: true }), undefined);
  assert.equal(await planOf({ ...basic, shopifyPlus: true }), undefined);
});

test('an answer that does not say what a token may read is none of a token that may read nothing', async () => {
  const answers = [{ data: { currentAppInstallation: null } }, { data: {} }, null] as const;
  for (const answer of answers) {
    const store = { client: { json: async () => answer } } as unknown as StreamContext;
    const sites = new Map([['north', store]]);
    const described = shopify.describe?.({ ...store, sites }, new AbortController().signal, {
      advanced: { should_use_composite_key: true },
    });
    await assert.rejects(described ?? Promise.resolve(), { code: 'CDK_RECORDS_MISSING' });
  }
});
