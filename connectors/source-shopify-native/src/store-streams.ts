// The streams of a store. Objects that have a time of their update are read by operations that write them into files, and changes of
// the last hours by pages of the same list; both make the same document.

import {
  changes,
  createdAt,
  exports,
  isJsonObject,
  isoDurationMs,
  type PartDefinition,
  snapshot,
  type StreamContext,
  updatedAt,
} from '@weir/cdk';
import { getProperty, type JsonObject, type JsonValue } from '@weir/schema/json';
import { ABOVE, bulkOperation, filterOf, type ObjectList, pagesOf } from './graphql-requests.ts';
import * as selections from './selections.ts';

const interval = '5m';
const row = { key: ['/id'], keyType: 'string', interval } as const;
/** The search of the API finds a change a little later than it was made. */
const time = { tick: '1s', lag: '2m' } as const;
const updated = updatedAt('/updatedAt', time);
const WINDOW_MS = 30 * 86_400_000;

/** `advanced.window_size` */
function windowMs({ config }: Pick<StreamContext, 'config'>): number {
  const advanced = isJsonObject((config ?? null) as JsonValue)
    ? getProperty(config as JsonObject, 'advanced')
    : null;
  const size = isJsonObject(advanced ?? null) ? (advanced as JsonObject)['window_size'] : undefined;
  return (typeof size === 'string' ? isoDurationMs(size) : undefined) ?? WINDOW_MS;
}

type Rows = Parameters<typeof exports>[0]['map'];

/** Objects that change. `map`: the documents of an object, where it is none itself. */
function objects(list: ObjectList, map?: Rows): PartDefinition {
  const own = map === undefined ? {} : { map };
  const between = (bounds: Parameters<typeof filterOf>[1]) => ({ filter: filterOf(list, bounds) });
  const isOfRowsBelow = list.filters === 'rows below';
  const isFilesOnly = isOfRowsBelow || list.isFilesOnly === true;
  return exports({
    ...row,
    ...own,
    cursor: updated,
    records: { kind: 'json lines' },
    // What is below one row is without a limit there, and is taken line by line.
    ...(isOfRowsBelow ? {} : { nested: { id: 'id', above: ABOVE, lists: list.rows.lists ?? [] } }),
    job: bulkOperation(list),
    longestWindow: windowMs,
    ...(isFilesOnly ? {} : { recent: { ...pagesOf(list), ...own, within: '6h', between } }),
  });
}

const listOf = (root: string, rows: ObjectList['rows'], more: Partial<ObjectList> = {}): ObjectList => ({
  root,
  rows,
  ...more,
});
const ofOrders = (rows: ObjectList['rows']) => objects(listOf('orders', rows));
const ofCollections = (kind: string, rows: ObjectList['rows']) =>
  objects(listOf('collections', rows, { also: `collection_type:${kind}` }));
const everywhere = { args: 'includeInactive: true, includeLegacy: true' };
/** A list without a filter by time. */
const ofLocations = (rows: ObjectList['rows']): PartDefinition =>
  changes({
    ...row,
    ...pagesOf(listOf('locations', rows, { ...everywhere, filters: 'nothing' })),
    cursor: updated,
  });

/** The rows of the list below. */
const rowsAt =
  (list: string): Rows =>
  (object) => {
    const below = object[list] ?? null;
    return Array.isArray(below) ? below.filter(isJsonObject) : [];
  };

/** A line of a file as a level, which is below its item in the document, and below its location in the file. */
const levelIn = (line: JsonObject): JsonObject | undefined => {
  const { item = null, [ABOVE]: location } = line;
  if (location === undefined) return undefined;
  return { ...line, [ABOVE]: isJsonObject(item) ? (item['id'] ?? null) : null };
};

/** `published`: what becomes of the selection of objects that can be published. */
export const streamsOf = (
  published: (rows: ObjectList['rows']) => ObjectList['rows'],
): Readonly<Record<string, PartDefinition>> => ({
  abandoned_checkouts: objects(listOf('abandonedCheckouts', selections.abandonedCheckouts)),
  customers: objects(listOf('customers', selections.customers)),
  customer_metafields: objects(listOf('customers', selections.customerMetafields)),
  products: objects(listOf('products', published(selections.products))),
  product_media: objects(listOf('products', selections.productMedia)),
  product_metafields: objects(listOf('products', selections.productMetafields)),
  product_variants: objects(listOf('products', selections.productVariants)),
  product_variant_metafields: objects(
    listOf('products', selections.productVariantMetafields),
    rowsAt('variants'),
  ),
  fulfillment_orders: ofOrders(selections.fulfillmentOrders),
  fulfillments: ofOrders(selections.fulfillments),
  orders: ofOrders(selections.orders),
  order_agreements: objects(listOf('orders', selections.orderAgreements, { isFilesOnly: true })),
  order_metafields: ofOrders(selections.orderMetafields),
  order_transactions: ofOrders(selections.orderTransactions),
  order_refunds: ofOrders(selections.orderRefunds),
  order_returns: ofOrders(selections.orderReturns),
  order_risks: ofOrders(selections.orderRisks),
  inventory_items: objects(listOf('inventoryItems', selections.inventoryItems)),
  inventory_levels: objects(
    listOf('locations', selections.inventoryLevels, { ...everywhere, filters: 'rows below' }),
    levelIn,
  ),
  custom_collections: ofCollections('custom', published(selections.collections)),
  smart_collections: ofCollections('smart', published(selections.collections)),
  custom_collection_metafields: ofCollections('custom', selections.collectionMetafields),
  smart_collection_metafields: ofCollections('smart', selections.collectionMetafields),
  locations: ofLocations(selections.locations),
  location_metafields: ofLocations(selections.locationMetafields),
  disputes: changes({
    ...row,
    ...pagesOf(listOf('disputes', selections.disputes, { filters: 'nothing' })),
    // What becomes of a dispute is found at night: it has no time of its update.
    cursor: createdAt('/initiatedAt', time),
    schedule: '55 23 * * *',
  }),
  markets: snapshot({
    ...pagesOf(listOf('markets', selections.markets, { filters: 'nothing' })),
    order: { by: '/id' },
    interval: '15m',
  }),
});
