// A dialect is data and a few functions: how a database quotes, which types it has for which locations, what it can
// hold. Statements are written by the connectors and the table model; nothing here talks to a database.

import type { Projection, TupleElement } from '@weir/protocol';

/** The type of a column, and how values get into it. */
export interface ColumnType<Value> {
  /** The type's name as the DDL has it, without nullability. */
  readonly ddl: string;
  /** Types, as the database reports them, that an existing column may have instead. Compared ignoring case. */
  readonly alsoAccepts?: readonly string[];
  /** From the element of a packed tuple to what the driver binds. */
  convert(element: TupleElement): Value;
}

/** `castToString` and `ddl` come from the field's configuration in the catalog. */
export interface FieldOptions {
  readonly castToString: boolean;
  readonly ddl: string | undefined;
}

export interface Dialect<Value> {
  readonly name: string;
  readonly quoteIdentifier: (name: string) => string;
  /** Undefined: a location of this type cannot be a column. */
  columnType(projection: Projection, options: FieldOptions): ColumnType<Value> | undefined;
  /** The type of the root document's column. */
  readonly documentType: ColumnType<Value>;
  /** Two fields that differ only in case would be one column. */
  readonly caseInsensitiveFields: boolean;
  /** In code points; 0 for no limit that matters. */
  readonly maxFieldLength: number;
}

const noOptions: FieldOptions = { castToString: false, ddl: undefined };

/** Reads a field's configuration: `{castToString?, ignoreStringFormat?, DDL?}`. */
export function fieldOptions(configJson: string | undefined): FieldOptions {
  if (configJson === undefined) return noOptions;
  const config = JSON.parse(configJson) as {
    castToString?: unknown;
    ignoreStringFormat?: unknown;
    DDL?: unknown;
  };
  return {
    castToString: config.castToString === true || config.ignoreStringFormat === true,
    ddl: typeof config.DDL === 'string' ? config.DDL : undefined,
  };
}

export function acceptsExisting<Value>(type: ColumnType<Value>, existing: string): boolean {
  const found = existing.toLowerCase();
  return (
    type.ddl.toLowerCase() === found ||
    (type.alsoAccepts ?? []).some((other) => other.toLowerCase() === found)
  );
}
