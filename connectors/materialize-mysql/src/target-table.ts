// A table of a session: what the binding wants of it, and what of it there is.

import type { InfoSchema, MaterializationBinding } from '@weir/materialize';
import { type Column, type FieldWriter, type Table, tableOf } from '@weir/materialize-sql';
import type { MysqlDialect } from './dialect.ts';
import type { ResourceConfig } from './endpoint-schema.ts';
import { errors } from './errors.ts';
import { type ColumnMeta, columnMeta, definitionOf, tableMeta } from './info-schema.ts';
import type { KeyColumn } from './key-width.ts';

export interface TargetTable {
  readonly binding: number;
  readonly table: Table<FieldWriter>;
  readonly keys: readonly KeyColumn[];
  /** Somebody added a unique index over columns of the binding, so that rows of different keys can collide. */
  readonly hasUniqueIndex: boolean;
  /** The type of a column as the table has it, with its collation. */
  readonly typeOf: (column: Column<FieldWriter>) => string;
}

/** The definition of a key that takes so many characters, or bytes. */
export function widenedKey({ meta }: KeyColumn, capacity: number): string {
  return definitionOf(meta, 'NOT NULL', meta.columnType.replace(/\(\d+\)/, `(${capacity})`));
}

/** Engines whose rows belong to transactions. */
const transactional: ReadonlySet<string> = new Set(['innodb', 'rocksdb', 'tokudb', 'ndbcluster']);

/** Throws MYSQL_TABLE_MISSING, MYSQL_COLUMN_MISSING, MYSQL_COLUMN_GENERATED, MYSQL_TABLE_ENGINE. */
export function targetTable(
  binding: MaterializationBinding<ResourceConfig>,
  info: InfoSchema,
  dialect: MysqlDialect,
): TargetTable {
  const table = tableOf(binding, dialect);
  const existing = info.resource(binding.resourcePath);
  if (existing === undefined) {
    throw errors.MYSQL_TABLE_MISSING({ message: `The database has no table ${table.identifier}.` });
  }
  const { engine, uniqueColumns } = tableMeta(existing);
  if (!transactional.has(engine.toLowerCase())) {
    throw errors.MYSQL_TABLE_ENGINE({
      message: `The table ${table.identifier} is kept by ${engine}.`,
      fix: `Run: ALTER TABLE ${table.identifier} ENGINE = InnoDB;`,
    });
  }
  const metas = new Map<Column<FieldWriter>, ColumnMeta>();
  let hasUniqueIndex = false;
  for (const column of table.columns) {
    const field = info.field(binding.resourcePath, column.field);
    if (field === undefined) {
      throw errors.MYSQL_COLUMN_MISSING({
        message: `The table ${table.identifier} has no column ${column.identifier}.`,
      });
    }
    const meta = columnMeta(field);
    if (meta.isGenerated) {
      throw errors.MYSQL_COLUMN_GENERATED({
        message: `The column ${column.identifier} of ${table.identifier} is a generated one.`,
      });
    }
    metas.set(column, meta);
    hasUniqueIndex ||= uniqueColumns.has(field.name.toLowerCase());
  }
  const typeOf = (column: Column<FieldWriter>): string => {
    const meta = metas.get(column);
    return `${meta?.columnType ?? ''}${meta?.collation === undefined ? '' : ` COLLATE ${meta.collation}`}`;
  };
  const keys = [...metas].filter(([{ role }]) => role === 'key').map(keyColumn);
  return { binding: binding.index, table, keys, hasUniqueIndex, typeOf };
}

function keyColumn([column, meta]: [Column<FieldWriter>, ColumnMeta]): KeyColumn {
  const match = /^(var)?(char|binary)\((\d+)\)/i.exec(meta.columnType);
  return {
    column,
    meta,
    capacity: match === null ? undefined : Number(match[3]),
    isBinary: match?.[2]?.toLowerCase() === 'binary',
  };
}
