// The objects of two stores of Shopify, made of the rows of tables by the queries that ask for them: as pages have them, with the
// first rows of each connection, as files have them, with those rows on lines of their own, and as documents.

import { type JsonObject, type JsonValue, type RowSelection, selection } from '@weir/cdk';
import { type GraphqlField, graphqlFields, type TableRow } from '@weir/cdk/testing';

export const stores = ['north', 'south'];
/** Ids are unique among stores. */
const APART = 1_000_000;
const FIRST_BELOW = 5;
const MOST = 25;

/** The lists at the root of the schema, and what they list. Levels are below locations there. */
export const roots = {
  abandonedCheckouts: 'AbandonedCheckout',
  customers: 'Customer',
  products: 'Product',
  orders: 'Order',
  inventoryItems: 'InventoryItem',
  inventoryLevels: 'InventoryLevel',
  locations: 'Location',
  collections: 'Collection',
  subscriptionContracts: 'SubscriptionContract',
  disputes: 'ShopifyPaymentsDispute',
  markets: 'Market',
  staffMembers: 'StaffMember',
} as const;
export type Root = keyof typeof roots;

/** What connections within objects list, where it has a type of its own. */
const types: Readonly<Record<string, string>> = {
  'FulfillmentOrder.lineItems': 'FulfillmentOrderLineItem',
  'FulfillmentOrder.merchantRequests': 'FulfillmentOrderMerchantRequest',
  lineItems: 'LineItem',
  discountApplications: 'ManualDiscountApplication',
  paymentSchedules: 'PaymentSchedule',
  fulfillmentOrders: 'FulfillmentOrder',
  products: 'Product',
  publications: 'CollectionPublication',
  variants: 'ProductVariant',
  agreements: 'SalesAgreement',
  returns: 'Return',
};

/** An object, or one within it, which has no rows of its own. */
export interface Thing {
  readonly store: string;
  readonly root: Root;
  readonly type: string;
  readonly row: JsonObject;
  /** Of the object that has connections: its number, and where it is below another one. */
  readonly id: string;
}

export function thingOf(store: string, root: Root, row: JsonObject): Thing {
  const type = roots[root];
  const number = Number(row['id']) + stores.indexOf(store) * APART;
  const more = root === 'inventoryLevels' ? `?inventory_item_id=${number}` : '';
  return { store, root, type, row, id: `gid://shopify/${type}/${number}${more}` };
}

/** The number of the table's row, the store, and the list at the root that an object is of, or is below. */
export function placeOf(id: JsonValue = ''): { number: number; store: string; root: Root } {
  const [, type = '', digits = '0', below] =
    /^gid:\/\/shopify\/(\w+)\/(\d+)(?:-(\w+))?/.exec(typeof id === 'string' ? id : '') ?? [];
  const root = below ?? Object.keys(roots).find((each) => roots[each as Root] === type) ?? '';
  const number = Number(digits);
  return { number: number % APART, store: stores[Math.floor(number / APART)] ?? '', root: root as Root };
}

/** The object of an id, which is below others where the id says so. */
export function thingAt(id: string, row: JsonObject): Thing {
  const { store, root } = placeOf(id);
  return { store, root, row, id, type: /^gid:\/\/shopify\/(\w+)/.exec(id)?.[1] ?? '' };
}

const isConnection = ({ fields }: GraphqlField): boolean =>
  fields.some(({ name }) => name === 'nodes' || name === 'edges');

/** What is selected of each row. */
export function nodeFields({ fields }: GraphqlField): readonly GraphqlField[] {
  const named = (name: string) => fields.find((field) => field.name === name);
  const edge = named('edges')?.fields.find(({ name }) => name === 'node');
  return (named('nodes') ?? edge)?.fields ?? [];
}

type Connection = (thing: Thing, field: GraphqlField) => JsonValue | undefined;

function objectOf(thing: Thing, fields: readonly GraphqlField[], connection: Connection): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const field of fields) {
    const value = isConnection(field) ? connection(thing, field) : valueOf(thing, field, connection);
    if (value !== undefined) object[field.name] = value;
  }
  return object;
}

function valueOf(thing: Thing, { name, fields }: GraphqlField, connection: Connection): JsonValue {
  const { row, type, id } = thing;
  const [number, version] = [Number(row['id']), Number(row['version'])];
  if (fields.length > 0) {
    if (name === 'paymentTerms' && number % 3 > 0) return null;
    return objectOf({ ...thing, type: name }, fields, connection);
  }
  switch (name) {
    case 'id':
      return id.includes(`/${type}/`) ? id : `gid://shopify/${type}/${number}`;
    case '__typename':
      return type;
    case 'legacyResourceId':
      return String(number);
    case 'updatedAt':
      return row['updated_at'] ?? null;
    case 'createdAt':
    case 'initiatedAt':
      return row['created_at'] ?? null;
    default:
      return `${name} ${version}`;
  }
}

/** Of a row above there are always as many variants: those that went away would stay. */
function thingsBelow(thing: Thing, { name }: GraphqlField): Thing[] {
  const { row, root, type, id } = thing;
  const [number, version] = [Number(row['id']), Number(row['version'])];
  const count = name === 'variants' ? number % 4 : (number + version + name.length) % 8;
  const below = types[`${type}.${name}`] ?? types[name] ?? 'Below';
  const [, digits = '', path = ''] = /\/(\d+)((?:-\w+)*)[^/]*$/.exec(id) ?? [];
  return Array.from({ length: count }, (_, index) => ({
    ...thing,
    type: below,
    id: `gid://shopify/${below}/${digits}${path === '' ? `-${root}` : path}-${name}-${index}`,
  }));
}

/** Lists have the rows of connections, each of which names the row that it is below. */
export function documentOf(thing: Thing, rows: RowSelection): JsonObject {
  const fields = graphqlFields(`{ ${selection(rows, 'all')} }`);
  const connection: Connection = (above, field) =>
    thingsBelow(above, field).map((below) => ({
      ...objectOf(below, nodeFields(field), connection),
      __parentId: above.id,
    }));
  return objectOf(thing, fields, connection);
}

/** The line of an object, and those of what is below it, however deep. */
export function linesOf(thing: Thing, fields: readonly GraphqlField[]): JsonObject[] {
  const below: JsonObject[] = [];
  const line = objectOf(thing, fields, (above, field) => {
    for (const each of thingsBelow(above, field)) {
      const [first, ...others] = linesOf(each, nodeFields(field));
      below.push({ ...first, __parentId: above.id }, ...others);
    }
    return undefined;
  });
  return [line, ...below];
}

/** Pages by values: a position is the place of the row before it, whether that is there or not. */
export function pageOf(
  rows: readonly { readonly place: number; readonly node: JsonObject }[],
  after: JsonValue = null,
  first = FIRST_BELOW,
): JsonObject {
  const rest = after === null ? rows : rows.filter(({ place }) => place > Number(after));
  const some = rest.slice(0, Math.min(first, MOST));
  const pageInfo = { hasNextPage: rest.length > some.length, endCursor: String(some.at(-1)?.place ?? '') };
  return { nodes: some.map(({ node }) => node), pageInfo };
}

/** With the first rows of each connection, or those after a position where one is asked for. */
export function nodeOf(thing: Thing, fields: readonly GraphqlField[], after?: JsonValue): JsonObject {
  const connection: Connection = (above, field) =>
    pageOf(
      thingsBelow(above, field).map((below, place) => ({
        place,
        node: nodeOf(below, nodeFields(field)),
      })),
      'after' in field.args ? after : undefined,
    );
  return objectOf(thing, fields, connection);
}

/** The rows that a filter asks for. */
export function filtered(rows: readonly TableRow[], filter: JsonValue | undefined): readonly TableRow[] {
  const text = typeof filter === 'string' ? filter : '';
  const [, from = '', to = '~'] = /updated_at:>='([^']+)' AND updated_at:<='([^']+)'/.exec(text) ?? [];
  const [, kind] = /collection_type:(\w+)/.exec(text) ?? [];
  return rows.filter(
    ({ id, updatedAt }) =>
      updatedAt.toString() >= from &&
      updatedAt.toString() <= to &&
      (kind === undefined || kind === kindOf(id)),
  );
}

/** Of a collection. */
export const kindOf = (number: number): string => (number % 2 === 0 ? 'custom' : 'smart');
