// RFC 7396 merge patches of a connector's state. Numbers stay exact; an object keeps its properties in the order they
// came. Arguments are not changed, and results share structure with them.

import { getProperty, isJsonObject, type JsonObject, type JsonValue, setProperty } from '../json/index.ts';

/**
 * The state after a patch. Without any state before it the patch becomes the state as it is: nulls inside it stay, as
 * Flow's own reduction leaves them.
 */
export function applyMergePatch(state: JsonValue | undefined, patch: JsonValue): JsonValue {
  return state === undefined ? patch : patched(state, patch);
}

function patched(state: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(state) ? { ...state } : {};
  for (const name of Object.keys(patch)) {
    const change = patch[name] as JsonValue;
    if (change === null) delete result[name];
    else setProperty(result, name, patched(getProperty(result, name), change));
  }
  return result;
}

/**
 * One patch with the effect of two in a row, so that applying it equals applying both. Nulls are kept, because they
 * delete when the patch meets a state. Undefined when the second patch descends into what the first one replaced or
 * deleted: no single patch says "become exactly this object", so the two have to be applied one after the other.
 */
export function composeMergePatches(first: JsonValue, second: JsonValue): JsonValue | undefined {
  if (!isJsonObject(second)) return second;
  if (!isJsonObject(first)) return undefined;
  const result: JsonObject = { ...first };
  for (const name of Object.keys(second)) {
    const change = second[name] as JsonValue;
    const before = getProperty(result, name);
    const composed = before === undefined ? change : composeMergePatches(before, change);
    if (composed === undefined) return undefined;
    setProperty(result, name, composed);
  }
  return result;
}
