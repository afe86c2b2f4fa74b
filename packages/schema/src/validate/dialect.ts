// Brings schemas of drafts 7, 2019-09 and 2020-12 to the one dialect that the validator and shapes read: 2020-12.

import { getProperty, isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { mapSubschemas } from './subschemas.ts';

/**
 * Drops `$schema` and OpenAPI's `nullable` (which JSON Schema does not know), turns list-valued `items` with
 * `additionalItems` into `prefixItems` with `items`, and `dependencies` into `dependentSchemas` and `dependentRequired`.
 */
export function toCurrentDialect(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema)) return schema;
  const { $schema: _, nullable: __, ...rest } = mapSubschemas(schema, toCurrentDialect);
  return splitDependencies(listItemsToPrefix(rest));
}

function listItemsToPrefix(schema: JsonObject): JsonObject {
  const items = getProperty(schema, 'items');
  if (!Array.isArray(items)) return schema;
  const { items: _, additionalItems, ...rest } = schema;
  return {
    ...rest,
    ...(items.length > 0 ? { prefixItems: items } : {}),
    ...(additionalItems === undefined ? {} : { items: additionalItems }),
  };
}

function splitDependencies(schema: JsonObject): JsonObject {
  const dependencies = getProperty(schema, 'dependencies');
  if (!isJsonObject(dependencies)) return schema;
  const { dependencies: _, ...rest } = schema;
  const entries = Object.entries(dependencies);
  const required = entries.filter(([, value]) => Array.isArray(value));
  const schemas = entries.filter(([, value]) => !Array.isArray(value));
  return {
    ...rest,
    ...(required.length > 0 ? { dependentRequired: Object.fromEntries(required) } : {}),
    ...(schemas.length > 0
      ? {
          dependentSchemas: Object.fromEntries(
            schemas.map(([name, value]) => [name, toCurrentDialect(value)]),
          ),
        }
      : {}),
  };
}
