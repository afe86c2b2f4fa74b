// The JSON schemas of a table's collection: what discovery proposes, and what the connector promises at run time.

import type { JsonSchema } from '@weir/connector';

export interface BatchColumn {
  readonly name: string;
  /** Of one value, with its description; "null" included where the column is nullable. */
  readonly schema: JsonSchema;
}

export interface BatchTable {
  readonly columns: readonly BatchColumn[];
  /** Columns of the collection's key; none when rows are keyed by metadata. */
  readonly key: readonly string[];
}

export interface BatchSchemaOptions {
  readonly sourceTag: string | undefined;
}

export function batchWriteSchema(table: BatchTable, options: BatchSchemaOptions): JsonSchema {
  return {
    type: 'object',
    required: ['_meta', ...table.key],
    properties: { ...columnSchemas(table, (schema) => schema), _meta: metaSchema(options, {}) },
    if: { properties: { _meta: { properties: { op: { const: 'd' } } } } },
    // oxlint-disable-next-line unicorn/no-thenable -- a JSON schema keyword
    then: { reduce: { strategy: 'merge', delete: true } },
    else: { reduce: { strategy: 'merge' } },
    'x-infer-schema': true,
  };
}

/** Every column is there and nothing else is; `extra` are properties that documents have beside the columns. */
export function batchSourcedSchema(
  table: BatchTable,
  options: BatchSchemaOptions,
  extra: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  const closed = { additionalProperties: false };
  return {
    type: 'object',
    required: ['_meta', ...table.columns.map(({ name }) => name).filter((name) => name !== '_meta')],
    properties: { ...extra, ...columnSchemas(table, withoutNull), _meta: metaSchema(options, closed) },
    ...closed,
    'x-infer-schema': true,
  };
}

function metaSchema(options: BatchSchemaOptions, more: JsonSchema): JsonSchema {
  return {
    type: 'object',
    required: ['polled', 'index', 'row_id'],
    properties: {
      polled: {
        type: 'string',
        format: 'date-time',
        title: 'Polled Timestamp',
        description: 'When the query was sent that returned this document.',
      },
      index: {
        type: 'integer',
        title: 'Result Index',
        description: 'Position of this document in the result of its query.',
      },
      row_id: {
        type: 'integer',
        title: 'Row ID',
        description:
          'Number of the row: counts on from poll to poll, or starts at 0 when each poll reads everything.',
      },
      op: {
        type: 'string',
        enum: ['c', 'u', 'd'],
        title: 'Change Operation',
        description: "What became of the row: 'c' it is new, 'u' it was there before, 'd' it is gone.",
      },
      source: {
        type: 'object',
        required: ['resource'],
        properties: {
          resource: { type: 'string', description: 'Name of the resource, as the binding has it.' },
          schema: { type: 'string', description: 'Schema of the table.' },
          table: { type: 'string', description: 'Name of the table.' },
          ...(options.sourceTag === undefined
            ? {}
            : { tag: { type: 'string', description: 'Source tag, as the capture has it.' } }),
        },
        ...more,
      },
    },
    ...more,
  };
}

function columnSchemas(
  table: BatchTable,
  map: (schema: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  const sorted = table.columns.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return Object.fromEntries(sorted.map(({ name, schema }) => [name, map(schema)]));
}

/** Types lose "null" when something is left. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const types = (schema as Readonly<Record<string, unknown>>)['type'];
  if (!Array.isArray(types) || types.length < 2) return schema;
  const left: unknown[] = types.filter((type) => type !== 'null');
  return { ...schema, type: left.length === 1 ? left[0] : left };
}
