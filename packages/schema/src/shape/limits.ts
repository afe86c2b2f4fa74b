// Keeps an inferred shape from growing without bound: documents that use data as property names would otherwise add
// locations for ever. The deepest, last-sorted properties move into `additionalProperties`.

import { compareStrings } from '../json/compare.ts';
import { union } from './combine.ts';
import { cloneShape, orAnything, unlessUnconstrained, type Shape } from './shape.ts';
import { ARRAY, OBJECT } from './types.ts';

export const DEFAULT_COMPLEXITY = 1000;
export const MAX_COMPLEXITY = 10_000;
export const MAX_INFERRED_DEPTH = 12;

/** How many locations a shape has, wildcards included, the root not. */
export function countLocations(shape: Shape): number {
  let count = 0;
  for (const child of children(shape)) count += 1 + countLocations(child);
  return count;
}

/** Widens `shape` in place, when it must, to at most `complexity` locations and MAX_INFERRED_DEPTH levels. */
export function enforceLimits(shape: Shape, complexity: number, depth = MAX_INFERRED_DEPTH): void {
  openBelow(shape, depth);
  let excess = countLocations(shape) - complexity;
  if (excess <= 0) return;
  for (const { parent, name } of deepestLastFirst(shape)) {
    if (excess <= 0) return;
    const before = countLocations(parent);
    squash(parent, name);
    excess -= before - countLocations(parent);
  }
}

function* children(shape: Shape): Generator<Shape> {
  yield* shape.tuple;
  if (shape.items !== undefined && shape.items.types !== 0) yield shape.items;
  for (const property of shape.properties.values()) yield property.shape;
  for (const pattern of shape.patterns) yield pattern.shape;
  if (shape.additional !== undefined && shape.additional.types !== 0) yield shape.additional;
}

/** Below the depth limit, objects and arrays may hold anything. */
function openBelow(shape: Shape, depth: number): void {
  if (depth > 0) {
    for (const child of children(shape)) openBelow(child, depth - 1);
    return;
  }
  if ((shape.types & OBJECT) !== 0) {
    shape.properties = new Map();
    shape.requiredCount = 0;
    shape.patterns = [];
    shape.additional = undefined;
  }
  if ((shape.types & ARRAY) !== 0) {
    shape.tuple = [];
    shape.items = undefined;
  }
}

interface Candidate {
  readonly parent: Shape;
  readonly name: string;
  readonly depth: number;
  readonly path: string;
}

function deepestLastFirst(root: Shape): Candidate[] {
  const found: Candidate[] = [];
  const visit = (parent: Shape, path: string, depth: number): void => {
    for (const [name, property] of parent.properties) {
      const at = `${path}/${name}`;
      found.push({ parent, name, depth, path: at });
      visit(property.shape, at, depth + 1);
    }
    for (const child of parent.tuple) visit(child, `${path}/`, depth + 1);
    for (const pattern of parent.patterns) visit(pattern.shape, `${path}/`, depth + 1);
    for (const wildcard of [parent.items, parent.additional]) {
      if (wildcard !== undefined) visit(wildcard, `${path}/`, depth + 1);
    }
  };
  visit(root, '', 1);
  return found.sort((left, right) => right.depth - left.depth || compareStrings(right.path, left.path));
}

/** Moves one property into the matching pattern, or else into `additional`. */
function squash(parent: Shape, name: string): void {
  const property = parent.properties.get(name);
  if (property === undefined) return;
  parent.properties.delete(name);
  if (property.required) parent.requiredCount--;
  const matching = parent.patterns.filter(({ regExp }) => regExp.test(name));
  for (const pattern of matching) pattern.shape = cloneShape(union(pattern.shape, property.shape));
  if (matching.length === 0) {
    parent.additional = unlessUnconstrained(union(orAnything(parent.additional), property.shape));
  }
}
