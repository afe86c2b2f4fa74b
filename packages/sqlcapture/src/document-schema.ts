// The JSON schemas of a table's collection. The write schema is what discovery proposes; the sourced schema is what
// the connector promises at run time: every column present, nothing else, no reduction annotations.

import { collectionKey, type JsonSchema, type TableInfo } from './table-info.ts';

export interface SchemaOptions {
  /** Of `_meta.source`, without reduction annotations. */
  readonly sourceSchema: JsonSchema;
  /** Keep each change event instead of reducing them to the latest state. */
  readonly historyMode: boolean;
  /** Ask the runtime to widen the read schema by what it sees. */
  readonly inferSchema: boolean;
}

export function writeSchema(table: TableInfo, options: SchemaOptions): JsonSchema {
  const anchor = schemaAnchor(table);
  const key = collectionKey(table);
  const required = key.columns.toSorted();
  const source = options.historyMode
    ? { ...options.sourceSchema, reduce: { strategy: 'lastWriteWins', associative: false } }
    : options.sourceSchema;
  return {
    $defs: {
      [anchor]: {
        type: 'object',
        ...(required.length > 0 ? { required } : {}),
        $anchor: anchor,
        properties: columnSchemas(table, (schema) => schema),
      },
    },
    allOf: [
      {
        if: { properties: { _meta: { properties: { op: { const: 'd' } } } } },
        // oxlint-disable-next-line unicorn/no-thenable -- a JSON schema keyword
        then: { reduce: { strategy: 'merge', delete: true } },
        else: { reduce: { strategy: 'merge' } },
        required: ['_meta'],
        properties: {
          _meta: {
            ...metaSchema(anchor, { reduce: { strategy: 'firstWriteWins' } }, source),
            reduce: { strategy: 'merge' },
          },
        },
      },
      { $ref: `#${anchor}` },
    ],
    ...(options.inferSchema ? { 'x-infer-schema': true } : {}),
  };
}

export function sourcedSchema(table: TableInfo, options: SchemaOptions): JsonSchema {
  const anchor = schemaAnchor(table);
  const properties = columnSchemas(table, withoutNull);
  return {
    $defs: {
      [anchor]: { type: 'object', required: Object.keys(properties), $anchor: anchor, properties },
    },
    allOf: [
      {
        required: ['_meta'],
        properties: {
          _meta: {
            ...metaSchema(
              anchor,
              { unevaluatedProperties: false },
              { ...options.sourceSchema, additionalProperties: false },
            ),
            additionalProperties: false,
          },
        },
      },
      { $ref: `#${anchor}` },
    ],
    unevaluatedProperties: false,
    ...(options.inferSchema ? { 'x-infer-schema': true } : {}),
  };
}

/** What every document says of its change. `before` is added to the schema of the row as it was. */
function metaSchema(anchor: string, before: JsonSchema, source: JsonSchema) {
  return {
    type: 'object',
    required: ['op', 'source'],
    properties: {
      before: {
        $ref: `#${anchor}`,
        description: 'Record state immediately before this change was applied.',
        ...before,
      },
      op: operationSchema,
      source,
    },
  };
}

const operationSchema: JsonSchema = {
  enum: ['c', 'd', 'u'],
  description: "Change operation type: 'c' Create/Insert, 'u' Update, 'd' Delete.",
};

function columnSchemas(
  table: TableInfo,
  map: (schema: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  const columns = table.columns.filter((column) => !column.omitted);
  const sorted = columns.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return Object.fromEntries(sorted.map((column) => [column.name, map(column.schema)]));
}

/** Types lose "null" when something is left; the types of array items keep it. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const types = schema['type'];
  if (!Array.isArray(types) || types.length < 2) return schema;
  return { ...schema, type: types.filter((type) => type !== 'null') };
}

/** Schema and table in title case, as a legal JSON-schema anchor. */
export function schemaAnchor(table: { readonly namespace: string; readonly name: string }): string {
  const anchor = `${titleCase(table.namespace)}${titleCase(table.name)}`.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return /^[A-Za-z_]/.test(anchor) ? anchor : `_${anchor}`;
}

function titleCase(text: string): string {
  return text.replaceAll(
    /(^|\s)(\p{Ll})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}
