// What is selected of the objects of a GraphQL API, as a connector writes it.

import type { JsonObject } from '@weir/schema/json';
import type { ConnectionWithin, RowSelection } from './connections-within.ts';

/** Rows of a type: their fields, and the connections within them. */
export function rowsOf(type: string, fields: string, ...lists: readonly ConnectionWithin[]): RowSelection {
  return { type, fields, lists };
}

/** The rows of a connection within others: where it is, of which type they are, and what is within them in turn. */
export function rowsBelow(at: string, ...selected: Parameters<typeof rowsOf>): ConnectionWithin {
  return { at, ...rowsOf(...selected) };
}

/** Of rows with several connections: in files, what is below them is told apart by its type, which is read for it. */
export function rowsOfType(at: string, type: string, fields: string): ConnectionWithin {
  return {
    ...rowsBelow(at, type, `__typename ${fields}`),
    holds: ({ __typename: name }: JsonObject) => typeof name === 'string' && name.endsWith(type),
  };
}
