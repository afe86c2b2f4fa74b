// What discovery knows about a table, independent of the database.

import type { TableMetadata } from './state.ts';
import type { StreamId } from './stream-id.ts';
import { columnToPointer, FALLBACK_KEY } from './key-pointer.ts';

/** A JSON schema as a value. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Whether values come in the order of their packed bytes: from any scan, from a precise one, or from none. */
export type ByteOrder = 'always' | 'when precise' | 'never';

export interface ColumnInfo {
  readonly name: string;
  readonly nullable: boolean;
  /** Of one value, with its description, "null" included where the column is nullable. */
  readonly schema: JsonSchema;
  /** Left out of documents and schemas, for instance because it is generated. */
  readonly omitted: boolean;
  readonly byteOrder: ByteOrder;
  /** Values of two columns with the same order type are ordered alike; absent when the database cannot tell. */
  readonly orderType?: string;
}

export interface TableInfo extends StreamId {
  readonly columns: readonly ColumnInfo[];
  /** In key order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  /** Columns of a unique index that can stand in for a missing primary key. */
  readonly uniqueKey: readonly string[];
  /** Columns whose values, unless one is NULL, no two rows of the table share: of each index that sees to it. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** False for views and the like, which have no changes to capture. */
  readonly isBaseTable: boolean;
  /** Tells this table from another that had, or will have, its name; absent when the database cannot. */
  readonly identity?: string;
  /** More to keep with the state of the table: how it is replicated, for `Database.checkUnbroken`. */
  readonly facts?: TableMetadata;
}

export interface CollectionKey {
  readonly pointers: readonly string[];
  readonly columns: readonly string[];
  /** The key was not declared as the table's primary key. */
  readonly isFallback: boolean;
  readonly keyless: boolean;
}

/** The key a new collection of this table gets: primary key, else a unique index, else the position of each change. */
export function collectionKey(table: TableInfo): CollectionKey {
  const omitted = new Set(table.columns.filter((column) => column.omitted).map((column) => column.name));
  const usable = (columns: readonly string[]) =>
    columns.length > 0 && columns.every((column) => !omitted.has(column));
  if (usable(table.primaryKey)) return keyed(table.primaryKey, false);
  if (table.primaryKey.length === 0 && usable(table.uniqueKey)) return keyed(table.uniqueKey, true);
  return { pointers: FALLBACK_KEY, columns: [], isFallback: true, keyless: true };
}

function keyed(columns: readonly string[], isFallback: boolean): CollectionKey {
  return { pointers: columns.map(columnToPointer), columns, isFallback, keyless: false };
}
