// What identifies a binding of a capture: the values of its resource at the connector's resourcePathPointers.

import { canonicalJson, isJsonObject, parseJson, parsePointer, resolvePointer } from '@weir/schema';
import type { JsonText } from '@weir/protocol';

/** A text that two resources share exactly when they name the same thing; an absent part, null and "" count as equal. */
export function resourceIdentity(resource: JsonText, pointers: readonly string[]): string {
  const value = parseJson(resource);
  if (pointers.length === 0 || !isJsonObject(value)) return canonicalJson(value);
  const parts = pointers.map((pointer) => {
    const part = resolvePointer(value, parsePointer(pointer));
    return part === undefined || part === '' ? null : part;
  });
  return canonicalJson(parts);
}
