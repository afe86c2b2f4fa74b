// What a renewal changed in a configuration, member by member, so that it can be put over the catalog's configuration
// after other members of that were edited.

import { createHash } from 'node:crypto';
import {
  canonicalJson,
  equalJson,
  isJsonObject,
  type JsonValue,
  resolvePointer,
  setPointer,
  stringifyJson,
} from '@weir/schema/json';

export interface KeptMember {
  readonly at: readonly string[];
  /** Digest of the catalog's own value; undefined when it has none. */
  readonly was?: string;
  readonly is: JsonValue;
}

export function changedMembers(
  ofCatalog: JsonValue | undefined,
  renewed: JsonValue,
  at: readonly string[] = [],
): KeptMember[] {
  if (isJsonObject(ofCatalog) && isJsonObject(renewed)) {
    return Object.entries(renewed).flatMap(([name, value]) =>
      changedMembers(resolvePointer(ofCatalog, [name]), value, [...at, name]),
    );
  }
  if (ofCatalog === undefined) return [{ at, is: renewed }];
  return isSame(ofCatalog, renewed) ? [] : [{ at, was: digestOf(ofCatalog), is: renewed }];
}

/** The catalog's configuration with the members; undefined when one of them was edited: they belong together. */
export function withMembers(ofCatalog: JsonValue, members: readonly KeptMember[]): JsonValue | undefined {
  const isEdited = members.some(({ at, was }) => {
    const value = resolvePointer(ofCatalog, at);
    return was !== (value === undefined ? undefined : digestOf(value));
  });
  if (isEdited) return undefined;
  return members.reduce((config, { at, is }) => setPointer(config, at, is), ofCatalog);
}

export function isKeptMember(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const { at, was, is } = value;
  const isDigest = was === undefined || typeof was === 'string';
  return Array.isArray(at) && at.every((token) => typeof token === 'string') && isDigest && is !== undefined;
}

/** Logs know the numbers of JavaScript only: what came through one is compared as such. */
function isSame(ofCatalog: JsonValue, renewed: JsonValue): boolean {
  if (equalJson(ofCatalog, renewed)) return true;
  if (typeof ofCatalog === 'bigint') return String(ofCatalog) === renewed;
  return JSON.stringify(JSON.parse(stringifyJson(ofCatalog))) === stringifyJson(renewed);
}

function digestOf(value: JsonValue): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
