// A shape is what a schema says statically about a location and everything below it: the types that can occur and,
// per type, the bounds. It over-approximates: every document valid under the schema fits its shape.
//
// Canonical form: the facets of a type whose bit is not set have their initial values, and `additional` and `items`
// are undefined rather than an unconstrained shape. Shapes are shared freely by union and intersect, which never
// change their arguments; only `widen` and `enforceLimits` change one in place, and only one that nobody shares.

import type { JsonObject, JsonValue } from '../json/value.ts';
import { ALL_TYPES, ARRAY, NUMBER, OBJECT, STRING, typeOf } from './types.ts';

export interface Property {
  shape: Shape;
  required: boolean;
}

/** Applies to the properties that are not listed in `properties` and whose name matches. */
export interface PatternProperty {
  readonly pattern: string;
  readonly regExp: RegExp;
  shape: Shape;
}

export interface Shape {
  /** Bits of types.ts; 0: no value can be here. */
  types: number;
  /** Sorted by compareJson. */
  enum: readonly JsonValue[] | undefined;
  title: string | undefined;
  description: string | undefined;
  default: JsonValue | undefined;
  secret: boolean;
  /** The `reduce` and `redact` annotations, as the schema has them. */
  reduce: JsonValue | undefined;
  redact: JsonValue | undefined;
  /** Keywords that begin with `x-`. */
  annotations: Readonly<JsonObject> | undefined;

  /** '' when there is none, as for the two below. */
  format: string;
  contentEncoding: string;
  contentMediaType: string;
  /** In code points; 0 and Infinity when unbounded. */
  minLength: number;
  maxLength: number;

  /** Inclusive; ∓Infinity when unbounded. */
  minimum: number;
  maximum: number;

  minItems: number;
  maxItems: number;
  /** The items at the start of an array whose shapes are known one by one. */
  tuple: readonly Shape[];
  /** The items after those; undefined: anything. */
  items: Shape | undefined;

  properties: Map<string, Property>;
  /** How many of them are required. */
  requiredCount: number;
  patterns: readonly PatternProperty[];
  /** Properties neither listed nor matching a pattern; undefined: anything; types 0: there are none. */
  additional: Shape | undefined;
}

/** A shape of these types without bounds and annotations. */
export function newShape(types: number): Shape {
  return {
    types,
    enum: undefined,
    title: undefined,
    description: undefined,
    default: undefined,
    secret: false,
    reduce: undefined,
    redact: undefined,
    annotations: undefined,
    format: '',
    contentEncoding: '',
    contentMediaType: '',
    minLength: 0,
    maxLength: Infinity,
    minimum: -Infinity,
    maximum: Infinity,
    minItems: 0,
    maxItems: Infinity,
    tuple: [],
    items: undefined,
    properties: new Map(),
    requiredCount: 0,
    patterns: [],
    additional: undefined,
  };
}

/** Any value. */
export function anything(): Shape {
  return newShape(ALL_TYPES);
}

/** No value. */
export function nothing(): Shape {
  return newShape(0);
}

/** Whether the shape allows everything and says nothing about it. */
export function isUnconstrained(shape: Shape): boolean {
  return (
    shape.types === ALL_TYPES &&
    shape.enum === undefined &&
    shape.title === undefined &&
    shape.description === undefined &&
    shape.default === undefined &&
    !shape.secret &&
    shape.reduce === undefined &&
    shape.redact === undefined &&
    shape.annotations === undefined &&
    shape.format === '' &&
    shape.contentEncoding === '' &&
    shape.contentMediaType === '' &&
    shape.minLength === 0 &&
    shape.maxLength === Infinity &&
    shape.minimum === -Infinity &&
    shape.maximum === Infinity &&
    shape.minItems === 0 &&
    shape.maxItems === Infinity &&
    shape.tuple.length === 0 &&
    shape.items === undefined &&
    shape.properties.size === 0 &&
    shape.patterns.length === 0 &&
    shape.additional === undefined
  );
}

/** What an absent `additional` or `items` stands for. */
export function orAnything(shape: Shape | undefined): Shape {
  return shape ?? anything();
}

/** The canonical form of an `additional` or `items`. */
export function unlessUnconstrained(shape: Shape): Shape | undefined {
  return isUnconstrained(shape) ? undefined : shape;
}

/** Brings a shape whose types or enum were just set to canonical form, in place. */
export function dropForeignFacets(shape: Shape): Shape {
  const blank = newShape(0);
  if (shape.enum !== undefined) {
    shape.enum = shape.enum.filter((value) => (typeOf(value) & shape.types) !== 0);
    shape.types &= shape.enum.reduce<number>((all, value) => all | typeOf(value), 0);
  }
  if ((shape.types & STRING) === 0) {
    shape.format = blank.format;
    shape.contentEncoding = blank.contentEncoding;
    shape.contentMediaType = blank.contentMediaType;
    shape.minLength = blank.minLength;
    shape.maxLength = blank.maxLength;
  }
  if ((shape.types & NUMBER) === 0) {
    shape.minimum = blank.minimum;
    shape.maximum = blank.maximum;
  }
  if ((shape.types & ARRAY) === 0) {
    shape.minItems = blank.minItems;
    shape.maxItems = blank.maxItems;
    shape.tuple = blank.tuple;
    shape.items = blank.items;
  }
  if ((shape.types & OBJECT) === 0) {
    shape.properties = blank.properties;
    shape.requiredCount = blank.requiredCount;
    shape.patterns = blank.patterns;
    shape.additional = blank.additional;
  }
  return shape;
}

/** Sets the properties in name order and counts the required ones. */
export function setProperties(shape: Shape, properties: Map<string, Property>): void {
  shape.properties = properties;
  shape.requiredCount = 0;
  for (const property of properties.values()) if (property.required) shape.requiredCount++;
}

/** A deep copy that `widen` may change. */
export function cloneShape(shape: Shape): Shape {
  const properties = new Map<string, Property>();
  for (const [name, property] of shape.properties) {
    properties.set(name, { shape: cloneShape(property.shape), required: property.required });
  }
  return {
    ...shape,
    tuple: shape.tuple.map(cloneShape),
    items: shape.items && cloneShape(shape.items),
    properties,
    patterns: shape.patterns.map((pattern) => ({ ...pattern, shape: cloneShape(pattern.shape) })),
    additional: shape.additional && cloneShape(shape.additional),
  };
}

/** A deep copy that keeps types and bounds only. */
export function withoutAnnotations(shape: Shape): Shape {
  const copy = cloneShape(shape);
  const strip = (at: Shape): void => {
    at.title = undefined;
    at.description = undefined;
    at.default = undefined;
    at.secret = false;
    at.reduce = undefined;
    at.redact = undefined;
    at.annotations = undefined;
    for (const property of at.properties.values()) strip(property.shape);
    for (const pattern of at.patterns) strip(pattern.shape);
    for (const item of at.tuple) strip(item);
    if (at.items !== undefined) strip(at.items);
    if (at.additional !== undefined) strip(at.additional);
    at.items = at.items && unlessUnconstrained(at.items);
    at.additional = at.additional && unlessUnconstrained(at.additional);
  };
  strip(copy);
  return copy;
}
