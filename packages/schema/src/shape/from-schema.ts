// The shape of a JSON Schema. Keywords that a shape cannot express (`not`, `contains`, `propertyNames`, …) are left
// out, which only makes the shape wider. A schema that refers to itself is cut at the recursion, where anything goes.

import { compareJson, compareStrings } from '../json/compare.ts';
import { parseJson } from '../json/parse.ts';
import {
  ExactNumber,
  getProperty,
  isJsonObject,
  setProperty,
  type JsonObject,
  type JsonValue,
} from '../json/value.ts';
import { intersect, union, unlistedShape } from './combine.ts';
import { SchemaIndex, type Located } from './schema-index.ts';
import {
  anything,
  dropForeignFacets,
  newShape,
  nothing,
  setProperties,
  unlessUnconstrained,
  type PatternProperty,
  type Property,
  type Shape,
} from './shape.ts';
import { ALL_TYPES, typeBits } from './types.ts';

export interface ShapeOptions {
  readonly baseUri?: string;
  /** Schemas that `$ref`s may name, by URI. */
  readonly refs?: Readonly<Record<string, JsonValue>>;
}

/** The shape of a schema given as text or value. Throws SCHEMA_INVALID for a reference that leads nowhere. */
export function shapeFromSchema(schema: string | JsonValue, options: ShapeOptions = {}): Shape {
  const value = typeof schema === 'string' ? parseJson(schema) : schema;
  const index = new SchemaIndex(value, options.refs, options.baseUri);
  return new Reader(index).read(index.root);
}

class Reader {
  readonly #index: SchemaIndex;
  /** The targets of references being read, to see recursion. */
  readonly #open = new Set<JsonValue>();

  constructor(index: SchemaIndex) {
    this.#index = index;
  }

  read({ schema, baseUri }: Located): Shape {
    if (schema === true) return anything();
    if (schema === false) return nothing();
    const id = getProperty(schema, '$id');
    const base = typeof id === 'string' ? (URL.parse(id, baseUri)?.href ?? baseUri) : baseUri;
    let shape = this.#own(schema, base);
    for (const reference of ['$ref', '$dynamicRef']) {
      const target = getProperty(schema, reference);
      if (typeof target === 'string') shape = intersect(shape, this.#referred(target, base));
    }
    for (const branch of listOf(schema, 'allOf')) shape = intersect(shape, this.#sub(branch, base));
    for (const keyword of ['anyOf', 'oneOf']) {
      const branches = listOf(schema, keyword);
      if (branches.length === 0) continue;
      shape = intersect(shape, branches.map((branch) => this.#sub(branch, base)).reduce(union));
    }
    shape = intersect(shape, this.#conditional(schema, base));
    return this.#closeUnevaluated(shape, schema, base);
  }

  #sub(schema: JsonValue | undefined, baseUri: string): Shape {
    if (typeof schema === 'boolean' || isJsonObject(schema)) return this.read({ schema, baseUri });
    return anything();
  }

  #referred(reference: string, baseUri: string): Shape {
    const target = this.#index.find(reference, baseUri);
    if (typeof target.schema === 'boolean') return this.read(target);
    if (this.#open.has(target.schema)) return anything();
    this.#open.add(target.schema);
    const shape = this.read(target);
    this.#open.delete(target.schema);
    return shape;
  }

  /** A value passes `if` and `then`, or it passes `else`. */
  #conditional(schema: JsonObject, base: string): Shape {
    const condition = getProperty(schema, 'if');
    if (condition === undefined) return anything();
    const then = intersect(this.#sub(getProperty(schema, 'then'), base), this.#sub(condition, base));
    return union(then, this.#sub(getProperty(schema, 'else'), base));
  }

  /** Properties and items that no part of this schema lists are unevaluated. */
  #closeUnevaluated(shape: Shape, schema: JsonObject, base: string): Shape {
    const properties = getProperty(schema, 'unevaluatedProperties');
    const items = getProperty(schema, 'unevaluatedItems');
    if (properties === undefined && items === undefined) return shape;
    const closed = { ...shape };
    if (properties !== undefined) closed.additional ??= unlessUnconstrained(this.#sub(properties, base));
    if (items !== undefined) closed.items ??= unlessUnconstrained(this.#sub(items, base));
    return dropForeignFacets(closed);
  }

  /** What the schema's own keywords say, without applying other schemas to the same location. */
  #own(schema: JsonObject, base: string): Shape {
    const shape = newShape(typesOf(schema));
    readEnum(shape, schema);
    readAnnotations(shape, schema);
    readStrings(shape, schema);
    readNumbers(shape, schema);
    this.#readArrays(shape, schema, base);
    this.#readObjects(shape, schema, base);
    return dropForeignFacets(shape);
  }

  #readArrays(shape: Shape, schema: JsonObject, base: string): void {
    shape.minItems = numberAt(schema, 'minItems') ?? 0;
    shape.maxItems = numberAt(schema, 'maxItems') ?? Infinity;
    shape.tuple = listOf(schema, 'prefixItems').map((item) => this.#sub(item, base));
    shape.items = unlessUnconstrained(this.#sub(getProperty(schema, 'items'), base));
  }

  #readObjects(shape: Shape, schema: JsonObject, base: string): void {
    shape.additional = unlessUnconstrained(this.#sub(getProperty(schema, 'additionalProperties'), base));
    shape.patterns = Object.entries(mapAt(schema, 'patternProperties'))
      .map(([pattern, subschema]): PatternProperty => {
        return { pattern, regExp: compilePattern(pattern), shape: this.#sub(subschema, base) };
      })
      .sort((left, right) => compareStrings(left.pattern, right.pattern));
    const listed = mapAt(schema, 'properties');
    const required = new Set(listOf(schema, 'required').filter((name) => typeof name === 'string'));
    const names = [...new Set([...Object.keys(listed), ...required])].sort(compareStrings);
    const properties = new Map<string, Property>();
    for (const name of names) {
      properties.set(name, {
        shape: this.#property(shape, listed, name, base),
        required: required.has(name),
      });
    }
    setProperties(shape, properties);
  }

  /** Patterns apply to listed properties too; in a shape they apply only to the others. */
  #property(shape: Shape, listed: JsonObject, name: string, base: string): Shape {
    const subschema = getProperty(listed, name);
    if (subschema === undefined) return unlistedShape(shape, name);
    const own = this.#sub(subschema, base);
    return shape.patterns.some(({ regExp }) => regExp.test(name))
      ? intersect(own, unlistedShape(shape, name))
      : own;
  }
}

function typesOf(schema: JsonObject): number {
  const type = getProperty(schema, 'type');
  if (type === undefined) return ALL_TYPES;
  return [type]
    .flat()
    .reduce<number>((all, name) => all | (typeof name === 'string' ? (typeBits(name) ?? 0) : 0), 0);
}

function readEnum(shape: Shape, schema: JsonObject): void {
  const constant = getProperty(schema, 'const');
  const members = constant === undefined ? getProperty(schema, 'enum') : [constant];
  if (!Array.isArray(members)) return;
  shape.enum = [...members].sort(compareJson);
}

function readAnnotations(shape: Shape, schema: JsonObject): void {
  shape.title = textAt(schema, 'title');
  shape.description = textAt(schema, 'description');
  shape.default = getProperty(schema, 'default');
  shape.secret = getProperty(schema, 'secret') === true || getProperty(schema, 'airbyte_secret') === true;
  shape.reduce = getProperty(schema, 'reduce');
  shape.redact = getProperty(schema, 'redact');
  const annotations: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword.startsWith('x-')) setProperty(annotations, keyword, value);
  }
  if (Object.keys(annotations).length > 0) shape.annotations = annotations;
}

function readStrings(shape: Shape, schema: JsonObject): void {
  shape.format = textAt(schema, 'format') ?? '';
  shape.contentEncoding = textAt(schema, 'contentEncoding') ?? '';
  shape.contentMediaType = textAt(schema, 'contentMediaType') ?? '';
  shape.minLength = numberAt(schema, 'minLength') ?? 0;
  shape.maxLength = numberAt(schema, 'maxLength') ?? Infinity;
}

/** Exclusive bounds are kept as inclusive ones, which only makes the shape wider. */
function readNumbers(shape: Shape, schema: JsonObject): void {
  const bound = (keyword: string, otherwise: number): number => numberAt(schema, keyword) ?? otherwise;
  shape.minimum = Math.max(bound('minimum', -Infinity), bound('exclusiveMinimum', -Infinity));
  shape.maximum = Math.min(bound('maximum', Infinity), bound('exclusiveMaximum', Infinity));
}

function compilePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}

function listOf(schema: JsonObject, keyword: string): readonly JsonValue[] {
  const value = getProperty(schema, keyword);
  return Array.isArray(value) ? value : [];
}

function mapAt(schema: JsonObject, keyword: string): JsonObject {
  const value = getProperty(schema, keyword);
  return isJsonObject(value) ? value : {};
}

function textAt(schema: JsonObject, keyword: string): string | undefined {
  const value = getProperty(schema, keyword);
  return typeof value === 'string' ? value : undefined;
}

function numberAt(schema: JsonObject, keyword: string): number | undefined {
  const value = getProperty(schema, keyword);
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  return value instanceof ExactNumber ? value.valueOf() : undefined;
}
