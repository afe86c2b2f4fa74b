// The schema that discovery proposes for a collection. It holds what the connector relies on (key, cursor) and allows
// everything else; `x-infer-schema` has the runtime learn the rest from the documents.

import type { JsonSchema } from '@weir/connector';
import { parsePointer } from '@weir/schema';

export type FieldSchema = Readonly<Record<string, unknown>>;

/** How documents of one key are put together. */
export type ReductionStrategy =
  | 'append'
  | 'firstWriteWins'
  | 'lastWriteWins'
  | 'merge'
  | 'minimize'
  | 'maximize'
  | 'set'
  | 'sum';

export interface DocumentSchemaOptions {
  /** JSON pointers. Only what they name is required: a deletion has nothing else. */
  readonly key: readonly string[];
  /** By JSON pointer; those of the key have to be among them, except under `/_meta`. */
  readonly fields: Readonly<Record<string, FieldSchema>>;
  /** More members of `_meta`. */
  readonly meta?: Readonly<Record<string, FieldSchema>>;
  /** Needed where documents are partial (`merge`); otherwise the runtime keeps the last one. */
  readonly reduction?: ReductionStrategy;
}

interface ObjectSchema {
  type: 'object';
  required: string[];
  properties: Record<string, unknown>;
}

export function documentSchema({ key, fields, meta = {}, reduction }: DocumentSchemaOptions): JsonSchema {
  const root: ObjectSchema = { type: 'object', required: ['_meta'], properties: { _meta: metaSchema(meta) } };
  for (const [pointer, schema] of Object.entries(fields)) {
    place(root, parsePointer(pointer), schema, key.includes(pointer));
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...root,
    additionalProperties: true,
    'x-infer-schema': true,
    // Both lists of required properties are needed: `properties` holds for absent ones too.
    if: {
      required: ['_meta'],
      properties: { _meta: { required: ['op'], properties: { op: { const: 'd' } } } },
    },
    // oxlint-disable-next-line unicorn/no-thenable
    then: { reduce: { strategy: 'merge', delete: true } },
    ...(reduction === undefined ? {} : { else: { reduce: { strategy: reduction } } }),
  };
}

/** `_meta` as the engine writes it, and its members that a stream adds. */
export function metaSchema(more: Readonly<Record<string, FieldSchema>>): FieldSchema {
  return {
    type: 'object',
    title: 'Document Metadata',
    required: ['op', 'row_id', ...Object.keys(more)],
    properties: {
      op: {
        type: 'string',
        title: 'Operation',
        description: 'c: created, u: updated or not known to be new, d: deleted.',
        enum: ['c', 'u', 'd'],
      },
      row_id: {
        type: 'integer',
        title: 'Row Id',
        description: 'The number of the row in its snapshot, from 0; -1 outside of snapshots.',
      },
      ...more,
    },
  };
}

function place(
  root: ObjectSchema,
  pointer: readonly string[],
  schema: FieldSchema,
  isRequired: boolean,
): void {
  const [name, ...rest] = pointer;
  if (name === undefined || name === '_meta') return;
  if (isRequired && !root.required.includes(name)) root.required.push(name);
  if (rest.length === 0) {
    root.properties[name] = schema;
    return;
  }
  const inner = (root.properties[name] as ObjectSchema | undefined) ?? {
    type: 'object',
    required: [],
    properties: {},
  };
  root.properties[name] = inner;
  place(inner, rest, schema, isRequired);
}
