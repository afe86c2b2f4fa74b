// The relaxed write schema: the write schema's annotations without its constraints, so that what was really captured,
// the inferred schema, says which values there are.
//
// Dropped everywhere: the keywords in `constraints` below; `false` becomes `true`; `oneOf` becomes `anyOf`.
// Kept everywhere: titles, descriptions, defaults, formats, content encodings, secrets, reduce, redact, `x-` and unknown
// keywords, references, and all structure. Kept with their constraints: `if`, because it selects annotations for a
// document, and an `anyOf` or `oneOf` with a `reduce` or `redact` inside, for the same reason.
// Added: the root is an object, and the key's locations exist with the types that the write schema gives them.

import { parseJson } from '../json/parse.ts';
import { arrayIndex, parsePointer } from '../json/pointer.ts';
import { stringifyJson } from '../json/stringify.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { shapeFromSchema } from '../shape/from-schema.ts';
import { locate } from '../shape/locate.ts';
import { ALL_TYPES, OBJECT, typeNames } from '../shape/types.ts';
import type { Shape } from '../shape/shape.ts';
import { mapSubschemas } from '../validate/subschemas.ts';

const constraints = new Set([
  'const',
  'contains',
  'dependencies',
  'dependentRequired',
  'enum',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
  'minimum',
  'multipleOf',
  'not',
  'pattern',
  'propertyNames',
  'required',
  'type',
  'unevaluatedItems',
  'unevaluatedProperties',
  'uniqueItems',
]);

/** JSON text to JSON text. `key`: JSON pointers. Throws SCHEMA_INVALID for a reference that leads nowhere. */
export function relaxedWriteSchema(writeSchema: string, key: readonly string[] = []): string {
  const schema = parseJson(writeSchema);
  const relaxed = relax(schema);
  const root: JsonObject = isJsonObject(relaxed) ? relaxed : {};
  const shape = shapeFromSchema(schema);
  const pointers = key
    .map(parsePointer)
    .filter((pointer) => !pointer.some((token) => arrayIndex(token) !== undefined));
  if (pointers.length === 0) return stringifyJson({ ...root, type: 'object' });
  const allOf = Array.isArray(root['allOf']) ? root['allOf'] : [];
  return stringifyJson({ ...root, type: 'object', allOf: [...allOf, keyPart(shape, pointers)] });
}

function relax(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema)) return true;
  const relaxed = mapSubschemas(schema, (subschema, pointer) => {
    return pointer === '/if' || selectsAnnotations(schema, pointer) ? subschema : relax(subschema);
  });
  const kept: JsonObject = {};
  for (const [keyword, value] of Object.entries(relaxed)) {
    if (constraints.has(keyword)) continue;
    if (keyword === 'additionalProperties' || keyword === 'items') {
      if (value !== true) kept[keyword] = value;
    } else if (keyword === 'oneOf' && !hasAnnotation(schema['oneOf'])) {
      kept['allOf'] = [...(Array.isArray(kept['allOf']) ? kept['allOf'] : []), { anyOf: value }];
    } else if (keyword === 'allOf') {
      kept['allOf'] = [
        ...(Array.isArray(kept['allOf']) ? kept['allOf'] : []),
        ...(Array.isArray(value) ? value : []),
      ];
    } else {
      kept[keyword] = value;
    }
  }
  return kept;
}

function selectsAnnotations(schema: JsonObject, pointer: string): boolean {
  const keyword = pointer.split('/')[1] ?? '';
  return (keyword === 'anyOf' || keyword === 'oneOf') && hasAnnotation(schema[keyword]);
}

/** Whether `reduce` or `redact` occurs anywhere inside. */
function hasAnnotation(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.some(hasAnnotation);
  if (!isJsonObject(value)) return false;
  return 'reduce' in value || 'redact' in value || Object.values(value).some(hasAnnotation);
}

/** Requires the locations, one level of nesting at a time. */
function keyPart(shape: Shape, pointers: readonly (readonly string[])[]): JsonObject {
  const names = [...new Set(pointers.map(([name = '']) => name))];
  const properties = names.map((name): [string, JsonValue] => {
    const below = pointers.filter(([first]) => first === name).map(([, ...rest]) => rest);
    const at = locate(shape, [name]).shape;
    const nested = below.filter((rest) => rest.length > 0);
    return [name, nested.length > 0 && at.types === OBJECT ? keyPart(at, nested) : typePart(at)];
  });
  const required = names.filter((name) => locate(shape, [name]).exists === 'MUST');
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
  };
}

function typePart({ types }: Shape): JsonValue {
  return types === ALL_TYPES || types === 0 ? true : { type: typeNames(types) };
}
