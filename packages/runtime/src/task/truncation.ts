// The serialization policy of a binding: long strings, wide nested objects and long arrays are cut before a document
// reaches the connector. The root object is never cut, and never changed: results share what was left alone.

import type { SerPolicy } from '@weir/protocol';
import { isJsonObject, type JsonObject, type JsonValue, setProperty } from '@weir/schema';

const depthLimit = 126;

/** Returns the document itself when nothing is cut. `length`: of the document's text, in bytes. */
export function truncateDocument(document: JsonObject, policy: SerPolicy, length: number): JsonObject {
  if (length <= smallestCut(policy)) return document;
  return cutMembers(document, policy, 0);
}

/** No document shorter than this, in bytes, has anything to cut. */
function smallestCut({ strTruncateAfter, nestedObjTruncateAfter, arrayTruncateAfter }: SerPolicy): number {
  const limits = [
    strTruncateAfter,
    // `"":1,` and `1,` are the shortest members and items.
    5 * nestedObjTruncateAfter,
    2 * arrayTruncateAfter,
    depthLimit,
  ].filter((limit) => limit > 0);
  return Math.min(...limits);
}

function cut(value: JsonValue, policy: SerPolicy, depth: number): JsonValue {
  if (typeof value === 'string') return cutString(value, policy.strTruncateAfter);
  if (Array.isArray(value)) {
    if (depth > depthLimit) return value.length === 0 ? value : [];
    const limit = policy.arrayTruncateAfter;
    const kept = limit > 0 && value.length > limit ? value.slice(0, limit) : value;
    const items = kept.map((item) => cut(item, policy, depth + 1));
    return kept === value && items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value);
  if (depth > depthLimit) return names.length === 0 ? value : {};
  const limit = policy.nestedObjTruncateAfter;
  if (limit === 0 || names.length <= limit) return cutMembers(value, policy, depth);
  const narrow: JsonObject = {};
  for (const name of names.sort().slice(0, limit)) setProperty(narrow, name, value[name] ?? null);
  return cutMembers(narrow, policy, depth);
}

function cutMembers(value: JsonObject, policy: SerPolicy, depth: number): JsonObject {
  let changed: JsonObject | undefined;
  for (const [name, member] of Object.entries(value)) {
    const kept = cut(member, policy, depth + 1);
    if (kept === member) continue;
    changed ??= { ...value };
    setProperty(changed, name, kept);
  }
  return changed ?? value;
}

/** At most `limit` bytes of UTF-8, cut between characters; 0 is no limit. */
function cutString(text: string, limit: number): string {
  if (limit === 0 || text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  // A byte 10xxxxxx continues the character before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
