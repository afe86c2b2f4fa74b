// Which locations a depth recommends: 1 is the top-level properties, 2 also theirs, and so on.

import type { InferenceType, Projection } from '@weir/protocol';

/** false is depth 0, true is without limit. */
export type Recommended = boolean | number;

export function depthOf(recommended: Recommended): number {
  if (typeof recommended === 'number') return recommended;
  return recommended ? Number.POSITIVE_INFINITY : 0;
}

/** Whether a pointer is a location strictly below another one, which is not the root. */
export function isBelow(pointer: string, parent: string): boolean {
  return parent !== '' && pointer.startsWith(`${parent}/`);
}

/**
 * Whether the depth recommends a projection. Locations at the depth are recommended, deeper ones are not. Above it only
 * what has no further locations inside: scalars and arrays, and, unless everything is recommended, objects of unknown
 * content. Metadata is never a matter of depth.
 */
export function isDesired(
  projection: Projection,
  projections: readonly Projection[],
  recommended: Recommended,
): boolean {
  const { ptr, inference } = projection;
  if (ptr === '/_meta' || isBelow(ptr, '/_meta')) return false;
  const desired = depthOf(recommended);
  const depth = ptr.split('/').length - 1;
  if (depth === desired) return true;
  if (depth > desired) return false;
  if (!isObjectOnly(inference.types)) return true;
  return recommended !== true && !projections.some((other) => other.ptr.startsWith(`${ptr}/`));
}

function isObjectOnly(types: readonly InferenceType[]): boolean {
  return types.includes('object') && types.every((type) => type === 'object' || type === 'null');
}
