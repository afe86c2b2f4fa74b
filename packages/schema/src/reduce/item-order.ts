// The order of array items and the comparison of values by key pointers. Keyed arrays are kept sorted, so that two of
// them merge in one pass.

import { compareJson, type JsonValue, resolvePointer } from '../json/index.ts';
import type { ItemKey } from './strategy.ts';

/** By each key in turn; a missing location sorts before null. */
export function compareByKey(key: ItemKey, left: JsonValue, right: JsonValue): number {
  for (const pointer of key) {
    const leftPart = resolvePointer(left, pointer);
    const rightPart = resolvePointer(right, pointer);
    if (leftPart === undefined || rightPart === undefined) {
      if (leftPart === rightPart) continue;
      return leftPart === undefined ? -1 : 1;
    }
    const order = compareJson(leftPart, rightPart);
    if (order !== 0) return order;
  }
  return 0;
}

/** Walks two sorted lists at once, giving each pair of equal members together. */
export function* zipSorted<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (left: T, right: T) => number,
): Generator<{ readonly left: T | undefined; readonly right: T | undefined }> {
  let leftAt = 0;
  let rightAt = 0;
  while (leftAt < left.length || rightAt < right.length) {
    let order = leftAt >= left.length ? 1 : -1;
    if (leftAt < left.length && rightAt < right.length)
      order = compare(left[leftAt] as T, right[rightAt] as T);
    yield { left: order <= 0 ? left[leftAt] : undefined, right: order >= 0 ? right[rightAt] : undefined };
    if (order <= 0) leftAt += 1;
    if (order >= 0) rightAt += 1;
  }
}
