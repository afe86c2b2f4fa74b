// The streams of a store. Objects that have a time of their update are read by operations that write them into files, and changes of
// the last hours by pages of the same list; both make the same document.

import {
  changes,
  configuredMs,
  createdAt,
  exports,
  isJsonObject,
  type PartDefinition,
  rootConnection,
  type RowSelection,
  snapshot,
  updatedAt,
} from '@weir/cdk';
import type { JsonObject } from '@weir/schema/json';
import { bulkOperation, filterOf, type ObjectList, pages } from './bulk-operation.ts';
import { selections } from './selections.ts';

const interval = '5m';
const row = { key: ['/id'], keyType: 'string', interval } as const;
/** The search of the API finds a change a little later than it was made. */
const time = { tick: '1s', lag: '2m' } as const;
const updated = updatedAt('/updatedAt', time);
const longestWindow = configuredMs('/advanced/window_size', '30d');
const everywhere = { args: 'includeInactive: true, includeLegacy: true' };

type Name = keyof typeof selections;
type Rows = Parameters<typeof exports>[0]['map'];

/** The rows of the list below. */
const rowsAt =
  (list: string): Rows =>
  (object) => {
    const below = object[list] ?? null;
    return Array.isArray(below) ? below.filter(isJsonObject) : [];
  };

/** A line of a file as a level, which is below its item in the document, and below its location in the file. */
const levelIn = (line: JsonObject): JsonObject | undefined => {
  const { item = null, [pages.above]: location } = line;
  if (location === undefined) return undefined;
  return { ...line, [pages.above]: isJsonObject(item) ? (item['id'] ?? null) : null };
};

/** Where objects that change are listed, and which streams are made of them. */
const lists: readonly (readonly [root: string, streams: readonly Name[], also?: string])[] = [
  ['abandonedCheckouts', ['abandoned_checkouts']],
  ['customers', ['customers', 'customer_metafields']],
  [
    'products',
    ['products', 'product_media', 'product_metafields', 'product_variants', 'product_variant_metafields'],
  ],
  [
    'orders',
    [
      ...(['fulfillment_orders', 'fulfillments', 'orders', 'order_agreements', 'order_metafields'] as const),
      ...(['order_transactions', 'order_refunds', 'order_returns', 'order_risks'] as const),
    ],
  ],
  ['inventoryItems', ['inventory_items']],
  ['locations', ['inventory_levels']],
  ['collections', ['custom_collections', 'custom_collection_metafields'], 'collection_type:custom'],
  ['collections', ['smart_collections', 'smart_collection_metafields'], 'collection_type:smart'],
  ['subscriptionContracts', ['subscription_contracts']],
];

const unlike: Partial<Record<Name, Partial<ObjectList>>> = {
  order_agreements: { isFilesOnly: true },
  inventory_levels: { ...everywhere, filters: 'rows below' },
};
/** The documents of an object, where it is none itself. */
const maps: Partial<Record<Name, Rows>> = {
  product_variant_metafields: rowsAt('variants'),
  inventory_levels: levelIn,
};

function objects(list: ObjectList, map: Rows): PartDefinition {
  const own = map === undefined ? {} : { map };
  const between = (bounds: Parameters<typeof filterOf>[1]) => ({ filter: filterOf(list, bounds) });
  const isOfRowsBelow = list.filters === 'rows below';
  const isFilesOnly = isOfRowsBelow || list.isFilesOnly === true;
  const { id, above } = pages;
  return exports({
    ...row,
    ...own,
    cursor: updated,
    records: { kind: 'json lines' },
    // What is below one row is without a limit there, and is taken line by line.
    ...(isOfRowsBelow ? {} : { nested: { id, above, lists: list.rows.lists ?? [] } }),
    job: bulkOperation(list),
    longestWindow,
    ...(isFilesOnly ? {} : { recent: { ...rootConnection(list, pages), ...own, within: '6h', between } }),
  });
}

/** A list without a filter by time. */
const whole = (root: string, rows: RowSelection, more: Partial<ObjectList> = {}) =>
  rootConnection({ root, rows, filters: 'nothing', ...more }, pages);
const ofLocations = (rows: RowSelection): PartDefinition =>
  changes({ ...row, ...whole('locations', rows, everywhere), cursor: updated });
const listed = (root: string, rows: RowSelection): PartDefinition =>
  snapshot({ ...whole(root, rows), order: { by: '/id' }, interval: '15m' });

/** `published`: what becomes of the selection of objects that can be published. */
export function streamsOf(
  published: (rows: RowSelection) => RowSelection,
): Readonly<Record<string, PartDefinition>> {
  const selected = lists.flatMap(([root, names, also]) =>
    names.map((name) => {
      const list = { root, rows: published(selections[name]), ...(also === undefined ? {} : { also }) };
      return [name, objects({ ...list, ...unlike[name] }, maps[name])] as const;
    }),
  );
  return {
    ...Object.fromEntries(selected),
    locations: ofLocations(selections.locations),
    location_metafields: ofLocations(selections.location_metafields),
    disputes: changes({
      ...row,
      ...whole('disputes', selections.disputes),
      // What becomes of a dispute is found at night: it has no time of its update.
      cursor: createdAt('/initiatedAt', time),
      schedule: '55 23 * * *',
    }),
    markets: listed('markets', selections.markets),
    staff_members: listed('staffMembers', selections.staff_members),
  };
}
