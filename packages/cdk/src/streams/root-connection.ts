// A list at the root of a GraphQL API that can be read in two ways: by pages, which cost points and have the first rows of the
// connections within each object, or whole, by an operation that writes all of it into a file. Both select the same rows.

import { isJsonObject, parsePointer, resolvePointer } from '@weir/schema';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { BudgetLeft } from '../http/rate-limit.ts';
import { type ConnectionsWithin, type RowSelection, selection } from './connections-within.ts';
import { connection, type ConnectionOptions } from './graphql.ts';

export interface RootConnection {
  /** A field of the root of the schema. */
  readonly root: string;
  /** Beside those of the page and of the filter. */
  readonly args?: string;
  /** The filter (`query`) goes into a connection below, whose rows are then all that is read; a list without any is read whole. */
  readonly filters?: 'rows' | 'rows below' | 'nothing';
  readonly rows: RowSelection;
}

/** How an API gives pages of its lists, all in the same way. */
export interface RootPages
  extends
    Pick<ConnectionsWithin, 'id' | 'above' | 'size'>,
    Pick<ConnectionOptions, 'throttled' | 'forbidden' | 'budget' | 'path'> {
  /** A page has so many rows at most, and costs so many points. */
  readonly most: number;
  readonly dearest: number;
}

/** What a row costs: a point for each object, and two for a connection beside the `below` rows that are read of it. */
export function rowCost({ fields, lists = [] }: RowSelection, below: number): number {
  const objects = fields.split('{').length - 1;
  return lists.reduce((cost, list) => cost + 2 + below * rowCost(list, below), 1 + objects);
}

/** By pages. The variable `filter` is what a filter asks for. */
export function rootConnection(
  { root, args, filters = 'rows', rows }: RootConnection,
  { id, above, size: below, most, dearest, ...api }: RootPages,
): ReturnType<typeof connection> {
  const cost = rowCost(rows, below);
  const size = Math.max(1, Math.min(most, Math.floor(dearest / cost)));
  const declared = `$first: Int!, $after: String${filters === 'nothing' ? '' : ', $filter: String!'}`;
  const parameters = given('first: $first', 'after: $after', filters === 'rows' && 'query: $filter', args);
  return connection({
    ...api,
    query: `query(${declared}) { ${root}${parameters} { nodes { ${selection(rows, below)} } pageInfo { hasNextPage endCursor } } }`,
    at: `data.${root}`,
    size: ['first', size],
    within: { ...rows, id, above, size: below, cost: (of) => below * rowCost(of, below) },
    cost: Math.ceil(size * cost),
  });
}

/** The query of an operation that reads the whole list, which takes no variables. */
export function wholeConnection(
  { root, args, filters = 'rows', rows }: RootConnection,
  filter: string,
): string {
  const text = JSON.stringify(filter);
  const nodes = selection(rows, 'all').replaceAll('$filter', text);
  return `{ ${root}${given(filters === 'rows' && `query: ${text}`, args)} { edges { node { ${nodes} } } } }`;
}

function given(...args: readonly (string | false | undefined)[]): string {
  const some = args.filter((each) => typeof each === 'string');
  return some.length === 0 ? '' : `(${some.join(', ')})`;
}

/** Where an answer tells of a budget of points: JSON pointers to what is left, and to what comes back in a second. */
export function budgetAt(points: string, perSecond: string): (envelope: JsonValue) => BudgetLeft | undefined {
  const pointers = [points, perSecond].map(parsePointer);
  return (envelope) => {
    const [left, back] = pointers.map((pointer) => resolvePointer(envelope, pointer));
    if (typeof left !== 'number' || typeof back !== 'number') return undefined;
    return { points: left, perSecond: back };
  };
}

/** The objects of the list at a JSON pointer; undefined where there is no list. */
export function objectsAt(answer: JsonValue, pointer: string): readonly JsonObject[] | undefined {
  const list = resolvePointer(answer, parsePointer(pointer));
  return Array.isArray(list) ? list.filter(isJsonObject) : undefined;
}
