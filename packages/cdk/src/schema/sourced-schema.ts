// A schema that an API tells of its documents, completed so that it widens what is inferred without promising what may
// not hold. The runtime takes the union of it and of what it has seen, so an upper bound that is left out would allow
// anything at once: texts and numbers therefore begin at 1, and grow with the first documents.
// Whatever the schema says itself stays.

import { getProperty, isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';

const textBounds = { minLength: 1, maxLength: 1 };
const numberBounds = { minimum: 1, maximum: 1 };

const defaultMeta: JsonObject = {
  type: 'object',
  properties: {
    op: { type: 'string', enum: ['c', 'd', 'u'], minLength: 1, maxLength: 1 },
    row_id: { type: 'integer' },
    uuid: { type: 'string', minLength: 36, maxLength: 36 },
  },
};

/** `schema` is that of an object; its `_meta` gets what the engine and the runtime put there. */
export function completeSourcedSchema(schema: JsonObject): JsonObject {
  if (getProperty(schema, 'type') !== 'object') throw new TypeError('a sourced schema is that of an object');
  const properties = objectAt(schema, 'properties');
  const meta = objectAt(properties, '_meta');
  const ownMeta = objectAt(meta, 'properties');
  const metaProperties = { ...objectAt(defaultMeta, 'properties'), ...ownMeta };
  const merged = { ...defaultMeta, ...meta, properties: metaProperties };
  return complete({ ...schema, properties: { ...properties, _meta: merged } });
}

const SCHEMAS_BY_NAME = ['properties', 'patternProperties', '$defs', 'definitions'] as const;
const LISTS_OF_SCHEMAS = ['oneOf', 'anyOf', 'allOf', 'prefixItems'] as const;
const SCHEMAS = ['items', 'additionalProperties'] as const;

function complete(schema: JsonObject): JsonObject {
  const result: JsonObject = { ...schema };
  for (const keyword of SCHEMAS_BY_NAME) {
    const named = getProperty(schema, keyword);
    if (!isJsonObject(named)) continue;
    result[keyword] = Object.fromEntries(
      Object.entries(named).map(([name, each]) => [name, completeAny(each)]),
    );
  }
  for (const keyword of LISTS_OF_SCHEMAS) {
    const list = getProperty(schema, keyword);
    if (Array.isArray(list)) result[keyword] = list.map(completeAny);
  }
  for (const keyword of SCHEMAS) {
    const inner = getProperty(schema, keyword);
    if (inner !== undefined) result[keyword] = completeAny(inner);
  }
  const types = typesOf(schema);
  return {
    ...(types.has('string') && !('enum' in schema) ? textBounds : {}),
    ...(types.has('integer') || types.has('number') ? numberBounds : {}),
    ...closed(result),
    ...result,
  };
}

function completeAny(schema: JsonValue): JsonValue {
  return isJsonObject(schema) ? complete(schema) : schema;
}

/** An object with listed properties has all of them, and no others. */
function closed(schema: JsonObject): JsonObject {
  const properties = getProperty(schema, 'properties');
  if (!isJsonObject(properties)) return {};
  return { required: Object.keys(properties), additionalProperties: false };
}

function typesOf(schema: JsonObject): ReadonlySet<JsonValue> {
  const type = getProperty(schema, 'type');
  return new Set(Array.isArray(type) ? type : type === undefined ? [] : [type]);
}

function objectAt(schema: JsonObject, name: string): JsonObject {
  const value = getProperty(schema, name);
  return isJsonObject(value) ? value : {};
}
