// Widening: a shape grows, in place, just enough to fit one more document. Every captured document passes here, and
// nearly all change nothing: that path is one walk of the document without allocation.
//
// Starting from `nothing()`, the result is the union of the shapes of all documents seen, in any order: closed objects
// whose required properties were in every document, bounds rounded outward to powers of ten, and the string format
// that all strings share.

import { equalJson } from '../json/compare.ts';
import { ExactNumber, type JsonObject, type JsonValue } from '../json/value.ts';
import { roundDown, roundUp } from './bounds.ts';
import { nothing, type Shape } from './shape.ts';
import { detectFormat, hasFormat, unionFormats } from './string-format.ts';
import {
  ARRAY,
  BOOLEAN,
  FRACTIONAL,
  INTEGER,
  isIntegerValue,
  NULL,
  NUMBER,
  OBJECT,
  STRING,
} from './types.ts';

/** Changes `shape`, which nobody else may share, so that it fits the value. Whether that took a change. */
export function widen(shape: Shape, value: JsonValue): boolean {
  const changed = shape.enum !== undefined && leaveEnum(shape, shape.enum, value);
  switch (typeof value) {
    case 'string':
      return widenString(shape, value) || changed;
    case 'number':
      return widenNumber(shape, value, isIntegerValue(value) ? INTEGER : FRACTIONAL) || changed;
    case 'bigint':
      return widenNumber(shape, value, INTEGER) || changed;
    case 'boolean':
      return addType(shape, BOOLEAN) || changed;
    default:
      if (value === null) return addType(shape, NULL) || changed;
      if (Array.isArray(value)) return widenArray(shape, value) || changed;
      if (value instanceof ExactNumber) return widenNumber(shape, value.valueOf(), FRACTIONAL) || changed;
      return widenObject(shape, value) || changed;
  }
}

/** The narrowest shape that inference gives to one document. */
export function shapeFromDocument(value: JsonValue): Shape {
  const shape = nothing();
  widen(shape, value);
  return shape;
}

function leaveEnum(shape: Shape, members: readonly JsonValue[], value: JsonValue): boolean {
  if (members.some((member) => equalJson(member, value))) return false;
  shape.enum = undefined;
  return true;
}

function addType(shape: Shape, type: number): boolean {
  if ((shape.types & type) !== 0) return false;
  shape.types |= type;
  return true;
}

function widenNumber(shape: Shape, value: number | bigint, type: number): boolean {
  if ((shape.types & type) !== 0 && value >= shape.minimum && value <= shape.maximum) return false;
  const isFirst = (shape.types & NUMBER) === 0;
  shape.types |= type;
  const minimum = roundDown(value);
  const maximum = roundUp(value);
  if (isFirst || minimum < shape.minimum) shape.minimum = minimum;
  if (isFirst || maximum > shape.maximum) shape.maximum = maximum;
  return true;
}

function widenString(shape: Shape, value: string): boolean {
  if ((shape.types & STRING) === 0) {
    const length = countCodePoints(value);
    shape.types |= STRING;
    shape.format = detectFormat(value);
    shape.minLength = roundDown(length);
    shape.maxLength = roundUp(length);
    return true;
  }
  let changed = false;
  // A code point is one or two units, so most lengths are within bounds without counting.
  if (value.length > shape.maxLength || value.length < 2 * shape.minLength) {
    const length = countCodePoints(value);
    if (length > shape.maxLength) {
      shape.maxLength = roundUp(length);
      changed = true;
    }
    if (length < shape.minLength) {
      shape.minLength = roundDown(length);
      changed = true;
    }
  }
  if (shape.format !== '' && !hasFormat(value, shape.format)) {
    shape.format = unionFormats(shape.format, detectFormat(value));
    changed = true;
  }
  return changed;
}

/** Unicode code points, which is how JSON Schema measures strings. */
export function countCodePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at + 1 < text.length; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      count--;
      at++;
    }
  }
  return count;
}

function widenArray(shape: Shape, value: readonly JsonValue[]): boolean {
  let changed = false;
  if ((shape.types & ARRAY) === 0) {
    shape.types |= ARRAY;
    shape.minItems = roundDown(value.length);
    shape.maxItems = roundUp(value.length);
    shape.items = nothing();
    changed = true;
  } else {
    if (value.length > shape.maxItems) {
      shape.maxItems = roundUp(value.length);
      changed = true;
    }
    if (value.length < shape.minItems) {
      shape.minItems = roundDown(value.length);
      changed = true;
    }
  }
  const { tuple, items } = shape;
  for (let index = 0; index < value.length; index++) {
    const item = index < tuple.length ? tuple[index] : items;
    if (item !== undefined && widen(item, value[index] as JsonValue)) changed = true;
  }
  return changed;
}

function widenObject(shape: Shape, value: JsonObject): boolean {
  if ((shape.types & OBJECT) === 0) {
    admitObject(shape, value);
    return true;
  }
  const { properties } = shape;
  let changed = false;
  let requiredSeen = 0;
  for (const name in value) {
    const property = properties.get(name);
    if (property === undefined) {
      if (widenUnlisted(shape, name, value[name] as JsonValue)) changed = true;
    } else {
      if (property.required) requiredSeen++;
      if (widen(property.shape, value[name] as JsonValue)) changed = true;
    }
  }
  if (requiredSeen === shape.requiredCount) return changed;
  for (const [name, property] of properties) {
    if (property.required && !Object.hasOwn(value, name)) property.required = false;
  }
  shape.requiredCount = requiredSeen;
  return true;
}

/** The first object here: closed, with all its properties required. */
function admitObject(shape: Shape, value: JsonObject): void {
  shape.types |= OBJECT;
  shape.additional = nothing();
  for (const name of Object.keys(value)) {
    shape.properties.set(name, { shape: shapeFromDocument(value[name] as JsonValue), required: true });
  }
  shape.requiredCount = shape.properties.size;
}

function widenUnlisted(shape: Shape, name: string, value: JsonValue): boolean {
  let matched = false;
  let changed = false;
  for (const pattern of shape.patterns) {
    if (!pattern.regExp.test(name)) continue;
    matched = true;
    if (widen(pattern.shape, value)) changed = true;
  }
  if (matched || shape.additional === undefined) return changed;
  if (shape.additional.types !== 0) return widen(shape.additional, value);
  shape.properties.set(name, { shape: shapeFromDocument(value), required: false });
  return true;
}
