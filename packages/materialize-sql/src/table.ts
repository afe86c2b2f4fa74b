// The table of one binding: which column holds which field, in the order keys, values, document.

import { mustExist, parseFieldConfig } from '@weir/materialize';
import type { MaterializationBindingSpec, Projection } from '@weir/protocol';
import { columnComment } from './comments.ts';
import type { ColumnType, Dialect } from './dialect.ts';
import { errors } from './errors.ts';

export type ColumnRole = 'key' | 'value' | 'document';

export interface Column<Convert> {
  readonly field: string;
  /** The field, quoted. */
  readonly identifier: string;
  readonly projection: Projection;
  readonly role: ColumnRole;
  readonly type: ColumnType<Convert>;
  readonly notNull: boolean;
  readonly comment: string;
}

export interface Table<Convert> {
  readonly path: readonly string[];
  /** Namespaces and name as the server keeps them. */
  readonly location: readonly string[];
  /** The quoted parts of the location, joined by dots. */
  readonly identifier: string;
  readonly keys: readonly Column<Convert>[];
  readonly values: readonly Column<Convert>[];
  readonly document: Column<Convert> | undefined;
  /** Keys, values, document. */
  readonly columns: readonly Column<Convert>[];
  readonly deltaUpdates: boolean;
  readonly collection: string;
}

/** A collection and what of it is selected; the specs of the protocol and the bindings of the kit both are one. */
export type TableSource = Pick<
  MaterializationBindingSpec,
  'collection' | 'fieldSelection' | 'resourcePath' | 'deltaUpdates'
>;

function column<Convert>(
  field: string,
  role: ColumnRole,
  { collection, fieldSelection, resourcePath }: TableSource,
  dialect: Dialect<Convert>,
): Column<Convert> {
  const projection = collection.projections.find((candidate) => candidate.field === field);
  if (projection === undefined) {
    throw errors.SQL_FIELD_UNKNOWN({ message: `The collection ${collection.name} has no field ${field}.` });
  }
  const config = parseFieldConfig(field, fieldSelection.fieldConfig[field]);
  const type = dialect.columnType(projection, { isKey: role === 'key', config, resourcePath });
  if (type === undefined) {
    throw errors.SQL_FIELD_UNSUPPORTED({
      message: `The field ${field} of ${collection.name} has no type that ${dialect.name} could hold.`,
    });
  }
  const identifier = dialect.quoteIdentifier(dialect.serverName(field));
  return {
    field,
    identifier,
    projection,
    role,
    type,
    notNull: role !== 'value' || (mustExist(projection) && type.takesNull !== true),
    comment: columnComment(projection),
  };
}

/** Throws when a field cannot be a column, or when two would be the same one. */
export function tableOf<Convert>(binding: TableSource, dialect: Dialect<Convert>): Table<Convert> {
  const { fieldSelection, resourcePath, deltaUpdates, collection } = binding;
  const make = (role: ColumnRole, fields: readonly string[]): Column<Convert>[] =>
    fields.map((field) => column(field, role, binding, dialect));
  const keys = make('key', fieldSelection.keys);
  const values = make('value', fieldSelection.values);
  const [document] = make('document', fieldSelection.document === '' ? [] : [fieldSelection.document]);
  const columns = [...keys, ...values, ...(document === undefined ? [] : [document])];
  requireDistinct(columns, dialect, resourcePath);
  const location = dialect.locate(resourcePath);
  return {
    path: resourcePath,
    location,
    identifier: location.map(dialect.quoteIdentifier).join('.'),
    keys,
    values,
    document,
    columns,
    deltaUpdates,
    collection: collection.name,
  };
}

function requireDistinct(
  columns: readonly Column<unknown>[],
  dialect: Dialect<unknown>,
  resourcePath: readonly string[],
): void {
  const fields = new Map<string, string>();
  for (const { field } of columns) {
    const kept = dialect.serverName(field);
    const name = dialect.caseInsensitiveFields ? kept.toLowerCase() : kept;
    const other = fields.get(name);
    if (other !== undefined) {
      throw errors.SQL_COLUMNS_COLLIDE({
        message: `The fields ${other} and ${field} of ${resourcePath.join('.')} would both be the column ${kept}.`,
      });
    }
    fields.set(name, field);
  }
}
