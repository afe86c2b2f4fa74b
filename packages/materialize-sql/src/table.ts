// The table of one binding: which column holds which field, in the order keys, values, document.

import { mustExist, parseFieldConfig } from '@weir/materialize';
import type { MaterializationBindingSpec, Projection } from '@weir/protocol';
import type { ColumnType, Dialect } from './dialect.ts';
import { errors } from './errors.ts';

export type ColumnRole = 'key' | 'value' | 'document';

export interface Column<Value> {
  readonly field: string;
  /** The field, quoted. */
  readonly identifier: string;
  readonly projection: Projection;
  readonly role: ColumnRole;
  readonly type: ColumnType<Value>;
  readonly notNull: boolean;
}

export interface Table<Value> {
  readonly path: readonly string[];
  /** The quoted parts of the path, joined by dots. */
  readonly identifier: string;
  readonly keys: readonly Column<Value>[];
  readonly values: readonly Column<Value>[];
  readonly document: Column<Value> | undefined;
  /** Keys, values, document. */
  readonly columns: readonly Column<Value>[];
  readonly deltaUpdates: boolean;
}

/** A collection and what of it is selected; the specs of the protocol and the bindings of the kit both are one. */
export type SelectedFields = Pick<MaterializationBindingSpec, 'collection' | 'fieldSelection'>;

export type TableSource = SelectedFields & Pick<MaterializationBindingSpec, 'resourcePath' | 'deltaUpdates'>;

function column<Value>(
  field: string,
  role: ColumnRole,
  { collection, fieldSelection }: SelectedFields,
  dialect: Dialect<Value>,
): Column<Value> {
  const projection = collection.projections.find((candidate) => candidate.field === field);
  if (projection === undefined) {
    throw errors.SQL_FIELD_UNKNOWN({ message: `The collection ${collection.name} has no field ${field}.` });
  }
  const config = parseFieldConfig(field, fieldSelection.fieldConfig[field]);
  const type =
    role === 'document' ? dialect.documentType : dialect.columnType(projection, role === 'key', config);
  if (type === undefined) {
    throw errors.SQL_FIELD_UNSUPPORTED({
      message: `The field ${field} of ${collection.name} has no type that ${dialect.name} could hold.`,
    });
  }
  const identifier = dialect.quoteIdentifier(field);
  return { field, identifier, projection, role, type, notNull: role !== 'value' || mustExist(projection) };
}

/** The selected fields as columns. */
export function columnsOf<Value>(binding: SelectedFields, dialect: Dialect<Value>): Column<Value>[] {
  const { keys, values, document } = binding.fieldSelection;
  return [
    ...keys.map((field) => column(field, 'key', binding, dialect)),
    ...values.map((field) => column(field, 'value', binding, dialect)),
    ...(document === '' ? [] : [column(document, 'document', binding, dialect)]),
  ];
}

export function tableOf<Value>(binding: TableSource, dialect: Dialect<Value>): Table<Value> {
  const columns = columnsOf(binding, dialect);
  return {
    path: binding.resourcePath,
    identifier: binding.resourcePath.map((part) => dialect.quoteIdentifier(part)).join('.'),
    keys: columns.filter(({ role }) => role === 'key'),
    values: columns.filter(({ role }) => role === 'value'),
    document: columns.find(({ role }) => role === 'document'),
    columns,
    deltaUpdates: binding.deltaUpdates,
  };
}
