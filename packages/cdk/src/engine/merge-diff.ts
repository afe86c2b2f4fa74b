// The RFC 7396 merge patch that leads from one state to another. A checkpoint that only sent the new value would leave
// behind what the old one had and the new one has not.

import {
  equalJson,
  getProperty,
  isJsonObject,
  setProperty,
  type JsonObject,
  type JsonValue,
} from '@weir/schema/json';

/** `after` holds no nulls: a merge patch cannot set them. undefined stands for an absent value. */
export function mergeDiff(before: JsonValue | undefined, after: JsonValue | undefined): JsonValue {
  if (after === undefined) return null;
  if (!isJsonObject(after) || !isJsonObject(before)) return after;
  const patch: JsonObject = {};
  for (const name of Object.keys(before)) {
    if (!Object.hasOwn(after, name) && getProperty(before, name) !== null) setProperty(patch, name, null);
  }
  for (const [name, value] of Object.entries(after)) {
    const old = getProperty(before, name);
    if (old !== undefined && equalJson(old, value)) continue;
    setProperty(patch, name, mergeDiff(old, value));
  }
  return patch;
}
