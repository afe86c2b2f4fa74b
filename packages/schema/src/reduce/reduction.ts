// One reduction of a newer value (right) into an older one (left), location by location. Strategies come from the
// schema as it applies to the right document. Values are not changed; results share structure with their sources.

import type { Active, Location } from '../annotation/location.ts';
import { locationOf } from '../annotation/schema-graph.ts';
import { errors } from '../errors.ts';
import {
  compareJson,
  compareStrings,
  equalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  setProperty,
} from '../json/index.ts';
import { mergeInferredSchemas } from '../shape/index.ts';
import { isSchema } from '../validate/index.ts';
import { compareByKey, zipSorted } from './item-order.ts';
import { reduceSet } from './set-algebra.ts';
import { DEFAULT_STRATEGY, type ItemKey, type Strategy } from './strategy.ts';
import { sum } from './sum.ts';

/** Thrown when two values cannot be combined without the older documents that precede them. */
export class NotAssociative extends Error {}
const NOT_ASSOCIATIVE = new NotAssociative('not associative');

/** The state of one reduction. */
export interface Reduction {
  /** The left value is the root-most one of its key: deletes take effect. Else both are later changes of an unknown value. */
  readonly full: boolean;
  readonly path: (string | number)[];
  /** Whether the location reduced last is to be removed; each location sets it anew. */
  deleted: boolean;
}

const strategies = new WeakMap<Active<Strategy>, Strategy | 'conflict'>();

/** The one strategy at a location. Throws REDUCTION_FAILED when the schema gives two. */
export function strategyOf(active: Active<Strategy>, path: readonly (string | number)[]): Strategy {
  let strategy = strategies.get(active);
  if (strategy === undefined) {
    const spellings = new Set(active.annotations.map((annotation) => JSON.stringify(annotation)));
    strategy = spellings.size > 1 ? 'conflict' : (active.annotations[0] ?? DEFAULT_STRATEGY);
    strategies.set(active, strategy);
  }
  if (strategy === 'conflict') throw failure(path, 'the schema applies conflicting strategies');
  return strategy;
}

function failure(path: readonly (string | number)[], problem: string, cause?: unknown): Error {
  const message = `reduction failed at location '${locationOf(path)}': ${problem}`;
  return errors.REDUCTION_FAILED(cause === undefined ? { message } : { message, cause });
}

/** The combined value at a location. Throws REDUCTION_FAILED with the location, or NotAssociative. */
export function reduceAt(
  location: Location<Strategy>,
  left: JsonValue | undefined,
  right: JsonValue,
  run: Reduction,
): JsonValue {
  run.deleted = false;
  if (location.inert) return right;
  const active = location.resolve(right);
  const strategy = strategyOf(active, run.path);
  switch (strategy.strategy) {
    case 'firstWriteWins':
      return left === undefined ? right : left;
    case 'lastWriteWins':
      if (!strategy.associative && !run.full && (left === undefined || !equalJson(left, right))) {
        throw NOT_ASSOCIATIVE;
      }
      run.deleted = strategy.delete && run.full;
      return right;
    case 'merge': {
      const merged = merge(active, strategy.key, left, right, run);
      run.deleted = strategy.delete && run.full;
      return merged;
    }
    case 'sum': {
      const total = sum(left, right);
      if ('value' in total) return total.value;
      throw failure(run.path, total.failure === 'overflow' ? 'numeric overflow' : 'sum expects numbers');
    }
    case 'minimize':
      return extreme(active, strategy.key, left, right, -1, run);
    case 'maximize':
      return extreme(active, strategy.key, left, right, 1, run);
    case 'append':
      return append(left, right, run);
    case 'set':
      return reduceSet(active, strategy.key, left, right, {
        full: run.full,
        reduceMember: (path, member, older, newer) => {
          run.path.push(...path);
          const reduced = reduceAt(member, older, newer, run);
          run.path.length -= path.length;
          const dropped = run.deleted;
          run.deleted = false;
          return dropped ? undefined : reduced;
        },
        fail: (problem) => failure(run.path, problem),
      });
    default:
      return mergeSchemas(left, right, run);
  }
}

/** Schemas are merged as the union of what they allow; the later generation of an inferred one replaces the other. */
function mergeSchemas(left: JsonValue | undefined, right: JsonValue, run: Reduction): JsonValue {
  const expectation = 'jsonSchemaMerge expects JSON schemas';
  if (!isSchema(right) || (left !== undefined && !isSchema(left))) throw failure(run.path, expectation);
  if (left === undefined) return right;
  try {
    return mergeInferredSchemas(left, right);
  } catch (cause) {
    throw failure(run.path, expectation, cause);
  }
}

function append(left: JsonValue | undefined, right: JsonValue, run: Reduction): JsonValue {
  if (!Array.isArray(right)) throw failure(run.path, 'append expects arrays');
  if (left === undefined) return right;
  // A null says that an earlier writer gave up on the list; it stays given up.
  if (left === null) return null;
  if (!Array.isArray(left)) throw failure(run.path, 'append expects arrays');
  return [...left, ...right];
}

function extreme(
  active: Active<Strategy>,
  key: ItemKey | undefined,
  left: JsonValue | undefined,
  right: JsonValue,
  direction: 1 | -1,
  run: Reduction,
): JsonValue {
  if (key === undefined) {
    return left !== undefined && compareJson(left, right) * direction > 0 ? left : right;
  }
  const order = left === undefined ? -1 : compareByKey(key, left, right) * direction;
  if (order > 0 && left !== undefined) return left;
  if (typeof right !== 'object' || right === null) return right;
  return merge(active, undefined, order === 0 ? left : undefined, right, run);
}

function merge(
  active: Active<Strategy>,
  key: ItemKey | undefined,
  left: JsonValue | undefined,
  right: JsonValue,
  run: Reduction,
): JsonValue {
  if (Array.isArray(right)) {
    if (Array.isArray(left)) return mergeArrays(active, key, left, right, run);
    return run.full ? mergeArrays(active, key, [], right, run) : unmerged(left, right);
  }
  if (!isJsonObject(right)) throw failure(run.path, 'merge expects objects or arrays');
  if (isJsonObject(left)) return mergeObjects(active, left, right, run);
  return run.full ? mergeObjects(active, {}, right, run) : unmerged(left, right);
}

/** Without the older documents, only a value that replaces nothing can stand for itself. */
function unmerged(left: JsonValue | undefined, right: JsonValue): JsonValue {
  if (left !== undefined) throw NOT_ASSOCIATIVE;
  return right;
}

function mergeObjects(
  active: Active<Strategy>,
  left: JsonObject,
  right: JsonObject,
  run: Reduction,
): JsonObject {
  const merged: JsonObject = {};
  const leftNames = sortedNames(left);
  const rightNames = sortedNames(right);
  let at = 0;
  for (const name of rightNames) {
    let leftName = leftNames[at];
    while (leftName !== undefined && compareStrings(leftName, name) < 0) {
      setProperty(merged, leftName, left[leftName] as JsonValue);
      leftName = leftNames[++at];
    }
    const both = leftName === name;
    if (both) at += 1;
    run.path.push(name);
    const older = both ? left[name] : undefined;
    const reduced = reduceAt(active.property(name), older, right[name] as JsonValue, run);
    run.path.pop();
    if (!run.deleted) setProperty(merged, name, reduced);
  }
  for (; at < leftNames.length; at += 1) {
    const name = leftNames[at] as string;
    setProperty(merged, name, left[name] as JsonValue);
  }
  return merged;
}

function sortedNames(object: JsonObject): string[] {
  const names = Object.keys(object);
  for (let index = 1; index < names.length; index += 1) {
    if (compareStrings(names[index - 1] as string, names[index] as string) > 0)
      return names.sort(compareStrings);
  }
  return names;
}

function mergeArrays(
  active: Active<Strategy>,
  key: ItemKey | undefined,
  left: readonly JsonValue[],
  right: readonly JsonValue[],
  run: Reduction,
): JsonValue[] {
  const merged: JsonValue[] = [];
  let rightIndex = 0;
  const take = (older: JsonValue | undefined, newer: JsonValue | undefined): void => {
    if (newer === undefined) {
      if (older !== undefined) merged.push(older);
      return;
    }
    run.path.push(rightIndex);
    const reduced = reduceAt(active.item(rightIndex), older, newer, run);
    run.path.pop();
    rightIndex += 1;
    if (!run.deleted) merged.push(reduced);
  };
  if (key === undefined) {
    const length = Math.max(left.length, right.length);
    for (let index = 0; index < length; index += 1) take(left[index], right[index]);
  } else {
    for (const pair of zipSorted(left, right, (a, b) => compareByKey(key, a, b))) take(pair.left, pair.right);
  }
  return merged;
}
