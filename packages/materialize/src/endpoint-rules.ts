import type { JsonText, Projection } from '@weir/protocol';
import type { Verdict } from './base-constraint.ts';
import type { ExistingField, ExistingResource } from './info-schema.ts';

/** The type an endpoint gives a field. */
export interface MappedType {
  /** The type in the endpoint's words, for messages. */
  readonly text: string;
  /** Some values that are no null become one in the column. */
  readonly takesNull?: boolean;
  /** A column of this kind takes the field's values as it is. */
  compatible(existing: ExistingField): boolean;
  /** The column can be changed in place so that it does. */
  canMigrate(existing: ExistingField): boolean;
}

export interface FieldUse {
  /** The field is part of the table's key. */
  readonly isKey: boolean;
  readonly fieldConfig: JsonText | undefined;
  /** Of the binding; types may be named after the table they are for. */
  readonly resourcePath: readonly string[];
}

/** What the rules of validation and planning have to know about an endpoint. */
export interface EndpointRules {
  /** In code points; 0: not checked. */
  readonly maxFieldLength: number;
  /** What a new table would say about a projection. */
  baseConstraint(
    projection: Projection,
    use: { readonly deltaUpdates: boolean; readonly fieldConfig: JsonText | undefined },
  ): Verdict;
  mapType(projection: Projection, use: FieldUse): MappedType;
  /** New bindings may use tables that this task did not make (flag `allow_existing_tables_for_new_bindings`). */
  readonly allowExistingTables: boolean;
  /** A backfill keeps the rows there are (flag `retain_existing_data_on_backfill`). */
  readonly retainExistingData: boolean;
  /** A backfill always makes the table anew (flag `always_drop_tables_on_backfill`). */
  readonly alwaysReplaceTables: boolean;
  readonly canTruncate: boolean;
  /** Whether the table keeps apart what differs in these fields, where rows are stored wrongly if it does not. */
  hasKey?(existing: ExistingResource, fields: readonly string[]): boolean;
  /** The table is of a kind that the binding cannot use any more, so a backfill makes it anew. */
  mustReplace?(existing: ExistingResource, resourcePath: readonly string[]): boolean;
}
