// A dialect is data and a few functions: how a database quotes, which types it has for which locations, what it can
// hold. Statements are written by the connectors over the table model; nothing here talks to a database.

import type { FieldConfig } from '@weir/materialize';
import type { Projection, TupleElement } from '@weir/protocol';

/** The type of a column, and how values get into it. */
export interface ColumnType<Value> {
  /** The type's name as the DDL has it, without nullability. */
  readonly ddl: string;
  /** Types, as the database reports them, that an existing column may have instead. Compared ignoring case. */
  readonly alsoAccepts?: readonly string[];
  /** Given by the user, who answers for it: every existing column is taken for compatible. */
  readonly isCustom?: boolean;
  /** From the element of a packed tuple to what the driver binds. */
  convert(element: TupleElement): Value;
}

export interface Dialect<Value> {
  readonly name: string;
  readonly quoteIdentifier: (name: string) => string;
  /** Undefined: a location of this type cannot be a column. */
  columnType(projection: Projection, isKey: boolean, config: FieldConfig): ColumnType<Value> | undefined;
  /** The type of the root document's column. */
  readonly documentType: ColumnType<Value>;
  /** Existing column types (lower case) from which the database can change a column in place to the type `ddl`. */
  canMigrate(existing: string, ddl: string): boolean;
  /** Two fields that differ only in case would be one column. */
  readonly caseInsensitiveFields: boolean;
  readonly caseInsensitiveTables: boolean;
  /** In code points; 0 for no limit that matters. */
  readonly maxFieldLength: number;
  readonly canTruncate: boolean;
}

export function acceptsExisting(type: ColumnType<unknown>, existing: string): boolean {
  if (type.isCustom === true) return true;
  const found = existing.toLowerCase();
  return [type.ddl, ...(type.alsoAccepts ?? [])].some((name) => name.toLowerCase() === found);
}
