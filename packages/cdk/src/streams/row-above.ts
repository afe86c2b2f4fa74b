// What ties a list to the row above it: the id by which the list is asked for, and which its documents hold.

import { parsePointer, resolvePointer } from '@weir/schema';
import { type JsonObject, type JsonValue, stringifyJson } from '@weir/schema/json';
import type { DocumentBatch } from '../engine/stream.ts';
import { errors } from '../errors.ts';
import type { ListAbove, ListsBelow } from './below-options.ts';
import type { FixedList } from './list-options.ts';

/** `name`: of the stream below. Throws when the row has no id: an empty one would ask for the list above again. */
export function idAbove(name: string, row: JsonValue, at: string): JsonValue {
  const id = resolvePointer(row, parsePointer(at));
  if (id !== undefined && id !== null && id !== '' && typeof id !== 'object') return id;
  throw errors.CDK_STREAM_DEFECT({ message: `A row above ${JSON.stringify(name)} has no id at ${at}.` });
}

/** The id as a part of a path. */
export function encodedId(id: JsonValue): string {
  return encodeURIComponent(typeof id === 'string' ? id : stringifyJson(id));
}

type MapRecord = FixedList['map'];

/** How the documents of a list are to hold ids of rows above: as members of themselves, or of their `_meta`. */
export interface HeldIds {
  readonly members: JsonObject;
  readonly meta: JsonObject;
}

/** `ids`: with what a definition calls them. */
export function heldIds(
  ids: readonly { readonly as: string | undefined; readonly id: JsonValue }[],
): HeldIds {
  const members: JsonObject = {};
  const meta: JsonObject = {};
  for (const { as, id } of ids) {
    if (as?.startsWith('/') === true) members[as.slice(1)] = id;
    else if (as !== undefined) meta[as] = id;
  }
  return { members, meta };
}

export function listsAbove(of: ListsBelow['of']): readonly ListAbove[] {
  return isOne(of) ? [of] : of;
}

function isOne(of: ListsBelow['of']): of is ListAbove {
  return !Array.isArray(of);
}

/** Puts members into records, in place of those that they have by these names. */
export function withMembers({ members }: HeldIds, map: MapRecord): MapRecord {
  if (Object.keys(members).length === 0) return map;
  return (record) => {
    const mapped = (map === undefined ? record : map(record)) ?? [];
    return [mapped].flat().map((each) => ({ ...each, ...members }));
  };
}

export function withMeta({ meta }: HeldIds, batch: DocumentBatch): DocumentBatch {
  return Object.keys(meta).length === 0 ? batch : { ...batch, meta };
}
