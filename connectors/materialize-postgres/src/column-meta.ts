// What the catalogue says of a column and of a table beyond what every database says.

import type { ExistingField, ExistingResource } from '@weir/materialize';

export interface ColumnMeta {
  /** With its length or precision, as in a cast. */
  readonly exactType: string;
  /** Of a column of an enum type; of that type. */
  readonly enumName?: string;
  readonly enumLabels?: readonly string[];
}

export interface TableMeta {
  /** The name of the constraint. */
  readonly primaryKey: string | undefined;
  /** Columns of each unique index that is valid, whole and without expressions. */
  readonly uniqueKeys: readonly (readonly string[])[];
}

export function columnMeta({ meta }: ExistingField): ColumnMeta | undefined {
  return meta as ColumnMeta | undefined;
}

export function tableMeta({ meta }: ExistingResource): TableMeta | undefined {
  return meta as TableMeta | undefined;
}

/** Whether the table has a unique index over just these columns, in any order. */
export function hasUniqueKey(existing: ExistingResource, columns: readonly string[]): boolean {
  return (tableMeta(existing)?.uniqueKeys ?? []).some(
    (names) => names.length === columns.length && columns.every((column) => names.includes(column)),
  );
}
