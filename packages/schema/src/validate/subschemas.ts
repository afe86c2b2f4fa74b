// Where schemas sit inside a schema: the applicator keywords of drafts 7 to 2020-12. Everything that walks or rewrites
// schemas goes through here, so that a property that happens to be called `items` is not taken for the keyword.

import { escapeToken } from '../json/pointer.ts';
import { isJsonObject, setProperty, type JsonObject, type JsonValue } from '../json/value.ts';

type Holds = 'schema' | 'list' | 'map' | 'schema-or-list';

const applicators: ReadonlyMap<string, Holds> = new Map<string, Holds>([
  ['additionalItems', 'schema'],
  ['additionalProperties', 'schema'],
  ['allOf', 'list'],
  ['anyOf', 'list'],
  ['contains', 'schema'],
  ['definitions', 'map'],
  ['$defs', 'map'],
  ['dependentSchemas', 'map'],
  ['else', 'schema'],
  ['if', 'schema'],
  ['items', 'schema-or-list'],
  ['not', 'schema'],
  ['oneOf', 'list'],
  ['patternProperties', 'map'],
  ['prefixItems', 'list'],
  ['properties', 'map'],
  ['propertyNames', 'schema'],
  ['then', 'schema'],
  ['unevaluatedItems', 'schema'],
  ['unevaluatedProperties', 'schema'],
]);

/** A schema is an object, or true or false. */
export type SchemaValue = boolean | JsonObject;

export function isSchema(value: JsonValue | undefined): value is SchemaValue {
  return typeof value === 'boolean' || isJsonObject(value);
}

/** A copy of one schema object whose direct subschemas went through `visit`; `pointer` is relative to this schema. */
export function mapSubschemas(
  schema: JsonObject,
  visit: (subschema: JsonValue, pointer: string) => JsonValue,
): JsonObject {
  const copy: JsonObject = {};
  for (const keyword of Object.keys(schema)) {
    const value = schema[keyword] as JsonValue;
    const holds = applicators.get(keyword);
    setProperty(copy, keyword, holds === undefined ? value : mapHeld(value, holds, `/${keyword}`, visit));
  }
  return copy;
}

/** Calls `visit` for each direct subschema. */
export function eachSubschema(
  schema: JsonObject,
  visit: (subschema: JsonValue, pointer: string) => void,
): void {
  mapSubschemas(schema, (subschema, pointer) => {
    visit(subschema, pointer);
    return subschema;
  });
}

function mapHeld(
  value: JsonValue,
  holds: Holds,
  at: string,
  visit: (subschema: JsonValue, pointer: string) => JsonValue,
): JsonValue {
  if (holds === 'schema') return visit(value, at);
  if (holds === 'map') {
    if (!isJsonObject(value)) return value;
    const copy: JsonObject = {};
    for (const name of Object.keys(value)) {
      setProperty(copy, name, visit(value[name] as JsonValue, `${at}/${escapeToken(name)}`));
    }
    return copy;
  }
  if (Array.isArray(value)) return value.map((item, index) => visit(item, `${at}/${index}`));
  return holds === 'list' ? value : visit(value, at);
}
