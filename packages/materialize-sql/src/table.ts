// The table of one binding: which column holds which field, in the order keys, values, document.

import type { MaterializationBinding } from '@weir/materialize';
import type { FieldSelection, Projection } from '@weir/protocol';
import { type ColumnType, type Dialect, fieldOptions } from './dialect.ts';
import { errors } from './errors.ts';
import { mustExist } from './flat-type.ts';

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
  readonly binding: number;
  readonly path: readonly string[];
  /** The quoted parts of the path, joined by dots. */
  readonly identifier: string;
  readonly keys: readonly Column<Value>[];
  readonly values: readonly Column<Value>[];
  readonly document: Column<Value> | undefined;
  /** Keys, values, document. */
  readonly columns: readonly Column<Value>[];
  readonly deltaUpdates: boolean;
  readonly stateKey: string;
  readonly comment: string;
}

function column<Value>(
  field: string,
  role: ColumnRole,
  binding: Pick<MaterializationBinding<unknown>, 'collection' | 'fieldSelection'>,
  dialect: Dialect<Value>,
): Column<Value> {
  const { collection, fieldSelection } = binding;
  const projection = collection.projections.find((candidate) => candidate.field === field);
  if (projection === undefined) {
    throw errors.SQL_FIELD_UNKNOWN({ message: `The collection ${collection.name} has no field ${field}.` });
  }
  const type =
    role === 'document'
      ? dialect.documentType
      : dialect.columnType(
          { ...projection, isPrimaryKey: role === 'key' },
          fieldOptions(fieldSelection.fieldConfig[field]),
        );
  if (type === undefined) {
    throw errors.SQL_FIELD_UNSUPPORTED({
      message: `The field ${field} of ${collection.name} has no type that ${dialect.name} could hold.`,
    });
  }
  const identifier = dialect.quoteIdentifier(field);
  return { field, identifier, projection, role, type, notNull: role !== 'value' || mustExist(projection) };
}

/** The selected fields as columns. */
export function columnsOf<Value>(
  binding: Pick<MaterializationBinding<unknown>, 'collection' | 'fieldSelection'>,
  dialect: Dialect<Value>,
): Column<Value>[] {
  const { keys, values, document }: FieldSelection = binding.fieldSelection;
  return [
    ...keys.map((field) => column(field, 'key', binding, dialect)),
    ...values.map((field) => column(field, 'value', binding, dialect)),
    ...(document === '' ? [] : [column(document, 'document', binding, dialect)]),
  ];
}

export function tableOf<Value>(
  binding: MaterializationBinding<unknown>,
  dialect: Dialect<Value>,
  task: string,
): Table<Value> {
  const columns = columnsOf(binding, dialect);
  return {
    binding: binding.index,
    path: binding.resourcePath,
    identifier: binding.resourcePath.map((part) => dialect.quoteIdentifier(part)).join('.'),
    keys: columns.filter(({ role }) => role === 'key'),
    values: columns.filter(({ role }) => role === 'value'),
    document: columns.find(({ role }) => role === 'document'),
    columns,
    deltaUpdates: binding.deltaUpdates,
    stateKey: binding.stateKey,
    comment: `Generated for materialization ${task} of collection ${binding.collection.name}`,
  };
}

/** What a column holds, as its comment says it. */
export function columnComment({ projection }: Column<unknown>): string {
  const { inference, explicit, ptr } = projection;
  const origin = explicit ? 'user-provided' : 'auto-generated';
  const location = `${origin} projection of JSON at: ${ptr === '' ? '<root>' : ptr} with inferred types: [${inference.types.join(', ')}]`;
  return [inference.title, inference.description, location].filter((line) => line !== '').join('\n');
}
