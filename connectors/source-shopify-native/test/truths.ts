// What the streams should end with, by the tables of the fake.

import assert from 'node:assert/strict';
import type { JsonObject, RowSelection } from '@weir/cdk';
import type { FakeTruth } from '@weir/cdk/testing';
import { selections, withoutPublications } from '../src/selections.ts';
import { documentOf, kindOf, placeOf, type Root, stores, thingOf } from './fake-objects.ts';

export type Name = keyof typeof selections;

/** The list at the root of the fake that a stream is read from. */
const rootOf = (name: Name): Root => {
  const beginnings = {
    abandoned: 'abandonedCheckouts',
    customer: 'customers',
    product: 'products',
    fulfillment: 'orders',
    order: 'orders',
    inventory_items: 'inventoryItems',
    inventory_levels: 'inventoryLevels',
    custom_: 'collections',
    smart_: 'collections',
    location: 'locations',
    subscription: 'subscriptionContracts',
    disputes: 'disputes',
    markets: 'markets',
    staff: 'staffMembers',
  } as const;
  const fitting = Object.entries(beginnings).filter(([beginning]) => name.startsWith(beginning));
  const [found] = fitting.toSorted(([left], [right]) => right.length - left.length);
  assert.ok(found !== undefined, name);
  return found[1];
};

/** What of a row leaves as documents of a stream. */
function documents(name: Name, store: string, row: JsonObject): readonly JsonObject[] {
  const root = rootOf(name);
  if (root === 'collections' && !name.startsWith(kindOf(Number(row['id'])))) return [];
  const rows: RowSelection = selections[name];
  const thing = thingOf(store, root, row);
  if (name === 'inventory_levels') {
    const [below] = rows.lists ?? [];
    assert.ok(below !== undefined);
    const level = documentOf(thing, below);
    return [{ ...level, __parentId: (level['item'] as JsonObject)['id'] ?? null }];
  }
  // The token of the other store does not reach where its objects are published.
  const document = documentOf(thing, store === 'north' ? rows : withoutPublications(rows));
  return name === 'product_variant_metafields' ? (document['variants'] as readonly JsonObject[]) : [document];
}

function truth(name: Name): FakeTruth {
  const root = rootOf(name);
  const reached = name === 'markets' ? ['north'] : stores;
  return {
    lists: reached.map((store) => `${store}/${root}`),
    rowsOf: (list, row) => documents(name, list.split('/')[0] ?? '', row),
    idOf: ({ id }) => placeOf(id).number,
    listOf: ({ id }) => `${placeOf(id).store}/${root}`,
  };
}

/** By the names of streams. */
export const truths = (...names: readonly Name[]): Readonly<Record<string, FakeTruth>> =>
  Object.fromEntries(names.map((name) => [name, truth(name)]));
