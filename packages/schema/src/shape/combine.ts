// Union and intersection of shapes. `union(a, b)` fits every value that fits a or b; `intersect(a, b)` fits every value
// that fits both. Union is commutative and associative, with `nothing` as its neutral element. Neither changes its
// arguments; the result may share parts with them.

import { compareJson, compareStrings, equalJson } from '../json/compare.ts';
import type { JsonObject, JsonValue } from '../json/value.ts';
import { unionFormats } from './string-format.ts';
import {
  anything,
  dropForeignFacets,
  newShape,
  orAnything,
  setProperties,
  unlessUnconstrained,
  type PatternProperty,
  type Property,
  type Shape,
} from './shape.ts';
import { ARRAY, NUMBER, OBJECT, STRING } from './types.ts';

/** What fits either. Annotations survive where both sides agree; `secret` where either has it. */
export function union(left: Shape, right: Shape): Shape {
  if (left.types === 0 || left === right) return right;
  if (right.types === 0) return left;
  const shape = newShape(left.types | right.types);
  shape.enum =
    left.enum === undefined || right.enum === undefined ? undefined : mergeSorted(left.enum, right.enum);
  shape.title = left.title === right.title ? left.title : undefined;
  shape.description = left.description === right.description ? left.description : undefined;
  shape.default = agreed(left.default, right.default);
  shape.reduce = agreed(left.reduce, right.reduce);
  shape.redact = agreed(left.redact, right.redact);
  shape.secret = left.secret || right.secret;
  shape.annotations = agreedAnnotations(left.annotations, right.annotations);
  unionStrings(shape, left, right);
  const numbers = holders(NUMBER, left, right);
  shape.minimum = Math.min(...numbers.map(({ minimum }) => minimum), Infinity);
  shape.maximum = Math.max(...numbers.map(({ maximum }) => maximum), -Infinity);
  unionArrays(shape, left, right);
  unionObjects(shape, left, right);
  return dropForeignFacets(shape);
}

/** What fits both. Where both sides have an annotation or a format, the left one wins. */
export function intersect(left: Shape, right: Shape): Shape {
  if (left === right) return left;
  const shape = newShape(left.types & right.types);
  shape.title = left.title ?? right.title;
  shape.description = left.description ?? right.description;
  shape.default = left.default === undefined ? right.default : left.default;
  shape.reduce = left.reduce === undefined ? right.reduce : left.reduce;
  shape.redact = left.redact === undefined ? right.redact : left.redact;
  shape.secret = left.secret || right.secret;
  shape.annotations =
    left.annotations === undefined || right.annotations === undefined
      ? (left.annotations ?? right.annotations)
      : { ...right.annotations, ...left.annotations };
  shape.enum = intersectEnums(left.enum, right.enum);
  shape.format = left.format || right.format;
  shape.contentEncoding = left.contentEncoding || right.contentEncoding;
  shape.contentMediaType = left.contentMediaType || right.contentMediaType;
  shape.minLength = Math.max(left.minLength, right.minLength);
  shape.maxLength = Math.min(left.maxLength, right.maxLength);
  shape.minimum = Math.max(left.minimum, right.minimum);
  shape.maximum = Math.min(left.maximum, right.maximum);
  intersectArrays(shape, left, right);
  intersectObjects(shape, left, right);
  if (shape.minLength > shape.maxLength) shape.types &= ~STRING;
  if (shape.minimum > shape.maximum) shape.types &= ~NUMBER;
  if (shape.minItems > shape.maxItems) shape.types &= ~ARRAY;
  return dropForeignFacets(shape);
}

/** What a shape says about one property by name. */
export function propertyShape(shape: Shape, name: string): Shape {
  const listed = shape.properties.get(name);
  return listed === undefined ? unlistedShape(shape, name) : listed.shape;
}

/** What a shape says about a property that it does not list. */
export function unlistedShape(shape: Shape, name: string): Shape {
  const matching = shape.patterns.filter(({ regExp }) => regExp.test(name));
  if (matching.length === 0) return orAnything(shape.additional);
  return matching.map((pattern) => pattern.shape).reduce(intersect);
}

/** What a shape says about one item by its index. */
export function itemShape(shape: Shape, index: number): Shape {
  return shape.tuple[index] ?? orAnything(shape.items);
}

/** Those of the two that have any of the types: only their facets count. */
function holders(types: number, left: Shape, right: Shape): Shape[] {
  return [left, right].filter((shape) => (shape.types & types) !== 0);
}

function unionStrings(shape: Shape, left: Shape, right: Shape): void {
  const [one, other] = holders(STRING, left, right);
  if (one === undefined) return;
  const two = other ?? one;
  shape.format = unionFormats(one.format, two.format);
  shape.contentEncoding = one.contentEncoding === two.contentEncoding ? one.contentEncoding : '';
  shape.contentMediaType = one.contentMediaType === two.contentMediaType ? one.contentMediaType : '';
  shape.minLength = Math.min(one.minLength, two.minLength);
  shape.maxLength = Math.max(one.maxLength, two.maxLength);
}

function unionArrays(shape: Shape, left: Shape, right: Shape): void {
  const [one, other] = holders(ARRAY, left, right);
  if (one === undefined) return;
  const two = other ?? one;
  shape.minItems = Math.min(one.minItems, two.minItems);
  shape.maxItems = Math.max(one.maxItems, two.maxItems);
  const length = Math.max(one.tuple.length, two.tuple.length);
  shape.tuple = Array.from({ length }, (_, index) => union(itemShape(one, index), itemShape(two, index)));
  shape.items = unionOptional(one.items, two.items);
}

function unionObjects(shape: Shape, left: Shape, right: Shape): void {
  const [one, other] = holders(OBJECT, left, right);
  if (one === undefined) return;
  const two = other ?? one;
  const properties = new Map<string, Property>();
  for (const name of propertyNames(one, two)) {
    properties.set(name, {
      shape: union(propertyShape(one, name), propertyShape(two, name)),
      required: isRequired(one, name) && isRequired(two, name),
    });
  }
  setProperties(shape, properties);
  shape.additional = unionOptional(one.additional, two.additional);
  shape.patterns = patternSources(one, two).map((source) => {
    // A name that matches here may, on a side without this pattern, fall under any of that side's others.
    const sides = [one, two].flatMap((side) => {
      const same = side.patterns.find(({ pattern }) => pattern === source.pattern);
      if (same !== undefined) return [same.shape];
      return [orAnything(side.additional), ...side.patterns.map((pattern) => pattern.shape)];
    });
    return { ...source, shape: sides.reduce(union) };
  });
}

function intersectArrays(shape: Shape, left: Shape, right: Shape): void {
  shape.minItems = Math.max(left.minItems, right.minItems);
  shape.maxItems = Math.min(left.maxItems, right.maxItems);
  const length = Math.max(left.tuple.length, right.tuple.length);
  shape.tuple = Array.from({ length }, (_, index) =>
    intersect(itemShape(left, index), itemShape(right, index)),
  );
  shape.items = intersectOptional(left.items, right.items);
}

function intersectObjects(shape: Shape, left: Shape, right: Shape): void {
  const properties = new Map<string, Property>();
  for (const name of propertyNames(left, right)) {
    const property = intersect(propertyShape(left, name), propertyShape(right, name));
    const required = isRequired(left, name) || isRequired(right, name);
    if (required && property.types === 0) shape.types &= ~OBJECT;
    properties.set(name, { shape: property, required });
  }
  setProperties(shape, properties);
  shape.additional = intersectOptional(left.additional, right.additional);
  shape.patterns = patternSources(left, right).map((source) => {
    const sides = [left, right].map((side): Shape | undefined => {
      const same = side.patterns.find(({ pattern }) => pattern === source.pattern);
      // A side with other patterns may hold the name under one of them: it says nothing for sure.
      return same === undefined ? (side.patterns.length === 0 ? side.additional : undefined) : same.shape;
    });
    return { ...source, shape: orAnything(intersectOptional(sides[0], sides[1])) };
  });
}

/** Undefined stands for anything, and takes in whatever it is joined with. */
function unionOptional(left: Shape | undefined, right: Shape | undefined): Shape | undefined {
  if (left === undefined || right === undefined) return undefined;
  return unlessUnconstrained(union(left, right));
}

function intersectOptional(left: Shape | undefined, right: Shape | undefined): Shape | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return intersect(left, right);
}

function propertyNames(left: Shape, right: Shape): string[] {
  return [...new Set([...left.properties.keys(), ...right.properties.keys()])].sort(compareStrings);
}

function isRequired(shape: Shape, name: string): boolean {
  return shape.properties.get(name)?.required ?? false;
}

/** The patterns of both, in the order of their text. */
function patternSources(left: Shape, right: Shape): PatternProperty[] {
  const sources = new Map<string, PatternProperty>();
  for (const pattern of [...left.patterns, ...right.patterns]) {
    sources.set(pattern.pattern, { ...pattern, shape: anything() });
  }
  return [...sources.values()].sort((a, b) => compareStrings(a.pattern, b.pattern));
}

function agreed(left: JsonValue | undefined, right: JsonValue | undefined): JsonValue | undefined {
  return left !== undefined && right !== undefined && equalJson(left, right) ? left : undefined;
}

function agreedAnnotations(
  left: Readonly<JsonObject> | undefined,
  right: Readonly<JsonObject> | undefined,
): Readonly<JsonObject> | undefined {
  if (left === undefined || right === undefined) return undefined;
  const same = Object.entries(left).filter(
    ([name, value]) => Object.hasOwn(right, name) && equalJson(value, right[name] as JsonValue),
  );
  return same.length === 0 ? undefined : Object.fromEntries(same);
}

/** The members of either, sorted, each once. */
export function mergeSorted(left: readonly JsonValue[], right: readonly JsonValue[]): readonly JsonValue[] {
  const sorted = [...left, ...right].sort(compareJson);
  return sorted.filter((value, index) => index === 0 || !equalJson(value, sorted[index - 1] as JsonValue));
}

function intersectEnums(
  left: readonly JsonValue[] | undefined,
  right: readonly JsonValue[] | undefined,
): readonly JsonValue[] | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left.filter((value) => right.some((other) => equalJson(value, other)));
}
