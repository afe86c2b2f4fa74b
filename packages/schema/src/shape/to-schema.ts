// A shape as a JSON Schema, with keywords in alphabetical order so that equal shapes print the same text.

import { setProperty, type JsonObject, type JsonValue } from '../json/value.ts';
import { union } from './combine.ts';
import { isUnconstrained, type Shape } from './shape.ts';
import { ALL_TYPES, FRACTIONAL, NUMBER, typeNames } from './types.ts';

/** The schema of a shape; every value that fits the shape validates. */
export function shapeToSchema(shape: Shape): boolean | JsonObject {
  if (shape.types === 0) return false;
  if (isUnconstrained(shape)) return true;
  const schema: JsonObject = {};
  const put = (keyword: string, value: JsonValue | undefined): void => {
    if (value !== undefined) schema[keyword] = value;
  };
  // Alphabetical, as printed.
  put('additionalProperties', shape.additional && shapeToSchema(shape.additional));
  put('contentEncoding', shape.contentEncoding || undefined);
  put('contentMediaType', shape.contentMediaType || undefined);
  put('default', shape.default);
  put('description', shape.description);
  put('enum', shape.enum && [...shape.enum]);
  put('format', shape.format || undefined);
  put('items', shape.items && shapeToSchema(shape.items));
  put('maxItems', finite(shape.maxItems));
  put('maxLength', finite(shape.maxLength));
  put('maximum', finite(shape.maximum));
  put('minItems', shape.minItems === 0 ? undefined : shape.minItems);
  put('minLength', shape.minLength === 0 ? undefined : shape.minLength);
  put('minimum', finite(shape.minimum));
  put('patternProperties', patternSchemas(shape));
  put('prefixItems', shape.tuple.length === 0 ? undefined : shape.tuple.map(shapeToSchema));
  put('properties', propertySchemas(shape));
  put('redact', shape.redact);
  put('reduce', shape.reduce);
  put('required', requiredNames(shape));
  put('secret', shape.secret ? true : undefined);
  put('title', shape.title);
  put('type', typeKeyword(shape.types));
  for (const [name, value] of Object.entries(shape.annotations ?? {})) put(name, value);
  return schema;
}

function typeKeyword(types: number): JsonValue | undefined {
  // JSON Schema cannot say "numbers that are not integers".
  const expressible = (types & FRACTIONAL) === 0 ? types : types | NUMBER;
  if (expressible === ALL_TYPES) return undefined;
  const names = typeNames(expressible);
  return names.length === 1 ? names[0] : names;
}

function propertySchemas(shape: Shape): JsonObject | undefined {
  if (shape.properties.size === 0) return undefined;
  const schemas: JsonObject = {};
  for (const name of [...shape.properties.keys()].sort()) {
    setProperty(schemas, name, shapeToSchema((shape.properties.get(name) as { shape: Shape }).shape));
  }
  return schemas;
}

/** In a schema, a pattern applies to listed properties too, so it has to admit them. */
function patternSchemas(shape: Shape): JsonObject | undefined {
  if (shape.patterns.length === 0) return undefined;
  const schemas: JsonObject = {};
  for (const { pattern, regExp, shape: own } of shape.patterns) {
    const listed = [...shape.properties].filter(([name]) => regExp.test(name));
    setProperty(
      schemas,
      pattern,
      shapeToSchema(listed.map(([, property]) => property.shape).reduce(union, own)),
    );
  }
  return schemas;
}

function requiredNames(shape: Shape): JsonValue | undefined {
  const names = [...shape.properties].filter(([, property]) => property.required).map(([name]) => name);
  return names.length === 0 ? undefined : names.sort();
}

function finite(bound: number): number | undefined {
  return Number.isFinite(bound) ? bound : undefined;
}
