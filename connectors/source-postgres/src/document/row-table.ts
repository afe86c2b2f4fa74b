// What the documents of a table's rows depend on, and what follows from it for each column.

import { Literal } from '@weir/json-bytes';
import {
  compileValueWriter,
  type TextCopy,
  textCopyOf,
  type TypeCatalog,
  type ValueStyle,
  type ValueWriter,
} from '@weir/postgres';
import { type StreamId, streamLabel } from '@weir/sqlcapture';
import { errors } from '../errors.ts';

export interface RowTable {
  readonly schema: string;
  readonly table: string;
  /** In the order of the tuples. */
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
  /** Columns that documents leave out. */
  readonly omitted: ReadonlySet<string>;
  /** The columns of the packed key. */
  readonly keyColumns: readonly string[];
  /** The columns that are the collection's key. */
  readonly collectionKey: readonly string[];
  readonly wantsTransactionId: boolean;
  readonly sourceTag: string | undefined;
  readonly style: ValueStyle;
}

/** Where documents say where they come from; no column can be there. */
export const META = '_meta';

/** A column of that name cannot be captured beside what documents say of themselves. */
export function metaColumnMessage(table: StreamId): string {
  return `the column ${META} of ${streamLabel(table)} is left out: documents have there what they say of themselves; rename the column to capture it`;
}

/** A column that documents have. */
export interface Property {
  readonly name: string;
  /** `"name":` */
  readonly prefix: Literal;
  /** Its position in the tuples. */
  readonly column: number;
  /** What `write` comes to for most values. */
  readonly copy: TextCopy | undefined;
  readonly write: ValueWriter;
}

/** Those whose names sort before `_meta`, and after; documents have them in the order of their bytes. */
export interface Properties {
  readonly before: readonly Property[];
  readonly after: readonly Property[];
}

/** The catalog must know the types of all columns. */
export function compileProperties(table: RowTable, catalog: TypeCatalog): Properties {
  const properties: Property[] = [];
  for (const [column, { name, typeOid }] of table.columns.entries()) {
    if (table.omitted.has(name) || name === META) continue;
    const isKey = table.collectionKey.includes(name);
    const write = compileValueWriter(catalog.get(typeOid), { isKey, style: table.style });
    const prefix = new Literal(`${JSON.stringify(name)}:`);
    properties.push({ name, prefix, column, copy: textCopyOf(write), write });
  }
  properties.sort((a, b) => compareNames(a.name, b.name));
  return {
    before: properties.filter(({ name }) => compareNames(name, META) < 0),
    after: properties.filter(({ name }) => compareNames(name, META) > 0),
  };
}

/** Documents have their properties in the order of their names' bytes. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Throws PG_KEY_COLUMN_MISSING. */
export function columnOf({ schema, table, columns }: RowTable, name: string): number {
  const column = columns.findIndex((candidate) => candidate.name === name);
  if (column >= 0) return column;
  throw errors.PG_KEY_COLUMN_MISSING({
    message: `the table ${schema}.${table} has no column ${JSON.stringify(name)}, which is in the key of its collection`,
  });
}
