// A dialect is data and a few functions: how a database quotes, which types it has for which locations, which of them
// it can change into which, what it can hold. Nothing here talks to a database.

import type { ExistingField, FieldConfig } from '@weir/materialize';
import type { Projection } from '@weir/protocol';

/** What becomes of a value on its way into a column: a function of the connector's own kind. */
export interface ColumnType<Convert> {
  /** The type's name as the DDL has it, without nullability. */
  readonly ddl: string;
  /** Types, as the database reports them, that an existing column may have instead. Compared ignoring case. */
  readonly alsoAccepts?: readonly string[];
  /** Instead of the comparison of names, where they do not tell enough. */
  accepts?(existing: ExistingField): boolean;
  /** The name that migrations know it by, where that is not the DDL. */
  readonly migrationName?: string;
  /** Given by the user, who answers for it: every existing column is taken for compatible. */
  readonly isCustom?: boolean;
  /** Some values that are no null become one in it, so that the column must take them. */
  readonly takesNull?: boolean;
  /** Statements that have to run before a column of this type is made; idempotent. */
  readonly before?: readonly string[];
  readonly convert: Convert;
}

export interface FieldPlace {
  /** The field is part of the table's key. */
  readonly isKey: boolean;
  readonly config: FieldConfig;
  readonly resourcePath: readonly string[];
}

/** A change of a column's type that loses nothing. Names are compared ignoring case. */
export interface Migration {
  /** Types as the database reports them; `*` for every other. */
  readonly from: readonly string[] | '*';
  /** Types as the DDL has them. */
  readonly to: readonly string[];
  /** The new value, from the quoted name of the old column and the new type. */
  readonly cast: (column: string, ddl: string) => string;
}

export interface Dialect<Convert> {
  readonly name: string;
  readonly quoteIdentifier: (name: string) => string;
  /** A text as SQL, whatever it holds. */
  readonly quoteLiteral: (text: string) => string;
  /** The name of a table or column as the server keeps it. */
  readonly serverName: (name: string) => string;
  /** Namespaces and name of the table that a resource path means. */
  readonly locate: (resourcePath: readonly string[]) => readonly string[];
  /** Undefined: a location of this type cannot be a column. */
  columnType(projection: Projection, place: FieldPlace): ColumnType<Convert> | undefined;
  readonly migrations: readonly Migration[];
  /** Two fields that differ only in case would be one column. */
  readonly caseInsensitiveFields: boolean;
  readonly caseInsensitiveTables: boolean;
  /** In code points; 0 for no limit that matters. */
  readonly maxFieldLength: number;
  readonly canTruncate: boolean;
}

export function acceptsExisting(type: ColumnType<unknown>, existing: ExistingField): boolean {
  if (type.isCustom === true) return true;
  if (type.accepts !== undefined) return type.accepts(existing);
  return [type.ddl, ...(type.alsoAccepts ?? [])].some((name) => isSameType(name, existing.type));
}

/** How a column of the type `existing` can become one of `type`; undefined when it cannot. */
export function migrationOf(
  dialect: Dialect<unknown>,
  existing: ExistingField,
  type: ColumnType<unknown>,
): Migration | undefined {
  const fits = ({ to }: Migration): boolean =>
    to.some((name) => isSameType(name, type.migrationName ?? type.ddl));
  const named = dialect.migrations.filter(
    ({ from }) => from !== '*' && from.some((name) => isSameType(name, existing.type)),
  );
  return (
    named.find(fits) ?? dialect.migrations.find((migration) => migration.from === '*' && fits(migration))
  );
}

function isSameType(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
