// The effective read schema of a collection whose documents' schema is inferred: `flow://write-schema`,
// `flow://relaxed-write-schema` and `flow://inferred-schema` are embedded into the read schema's `$defs` under these URIs.

import { errors } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { stringifyJson } from '../json/stringify.ts';
import { getProperty, isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { relaxedWriteSchema } from './relaxed-write-schema.ts';

export const WRITE_SCHEMA = 'flow://write-schema';
export const RELAXED_WRITE_SCHEMA = 'flow://relaxed-write-schema';
export const INFERRED_SCHEMA = 'flow://inferred-schema';

/** The read schema that a collection gets when its discovered schema has `x-infer-schema: true`. */
export const inferredReadSchema: JsonObject = {
  allOf: [{ $ref: RELAXED_WRITE_SCHEMA }, { $ref: INFERRED_SCHEMA }],
};

/** Whether a discovered schema asks for a read schema that is inferred. */
export function asksForInference(schema: JsonValue): boolean {
  return isJsonObject(schema) && getProperty(schema, 'x-infer-schema') === true;
}

/** Stands for the inferred schema until there is one. No document has its property, so reading fails until then. */
export const inferredSchemaPlaceholder: JsonObject = {
  type: 'object',
  required: ['_meta'],
  properties: {
    _meta: {
      type: 'object',
      required: ['inferredSchemaIsNotAvailable'],
      properties: {
        inferredSchemaIsNotAvailable: {
          const: true,
          description: 'No document was captured into this collection yet, so its schema is not known.',
        },
      },
    },
  },
};

export interface ReadSchemaParts {
  /** JSON text, as for the two below. */
  readonly readSchema: string;
  readonly writeSchema: string;
  /** Absent until something was captured. */
  readonly inferredSchema?: string;
  /** JSON pointers that the relaxed write schema keeps as the write schema has them. */
  readonly key?: readonly string[];
}

/**
 * The read schema with the schemas it refers to, as JSON text; the same text when it refers to none.
 * Before anything was captured, the relaxed write schema is the write schema itself.
 */
export function composeReadSchema({
  readSchema,
  writeSchema,
  inferredSchema,
  key = [],
}: ReadSchemaParts): string {
  const embedded: JsonObject = {};
  const embed = (uri: string, schema: () => JsonValue): void => {
    if (readSchema.includes(`"${uri}"`)) embedded[uri] = withId(schema(), uri);
  };
  embed(WRITE_SCHEMA, () => parseJson(writeSchema));
  embed(RELAXED_WRITE_SCHEMA, () => {
    return parseJson(inferredSchema === undefined ? writeSchema : relaxedWriteSchema(writeSchema, key));
  });
  embed(INFERRED_SCHEMA, () => {
    return inferredSchema === undefined ? inferredSchemaPlaceholder : parseJson(inferredSchema);
  });
  if (Object.keys(embedded).length === 0) return readSchema;
  const root = parseJson(readSchema);
  if (!isJsonObject(root)) throw errors.SCHEMA_INVALID({ message: 'the read schema is not an object' });
  const definitions = getProperty(root, '$defs');
  return stringifyJson({
    ...root,
    $defs: { ...(isJsonObject(definitions) ? definitions : {}), ...embedded },
  });
}

function withId(schema: JsonValue, uri: string): JsonObject {
  if (isJsonObject(schema)) return { ...schema, $id: uri };
  return schema === false ? { $id: uri, not: {} } : { $id: uri };
}
