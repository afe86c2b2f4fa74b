// The statements that make and change tables. All of an Apply run in one transaction.

import type { FieldWriter, TableAlteration, TableTemplates, Dialect } from '@weir/materialize-sql';
import { columnDefinition, commentOnColumn, type TableWords } from '@weir/materialize-sql';
import { quoteIdentifier } from '@weir/pgwire';
import { columnMeta, tableMeta } from './column-meta.ts';
import { enumOfColumn } from './dialect.ts';
import { addEnumLabels } from './enum-type.ts';

const words: TableWords = { create: 'CREATE TABLE IF NOT EXISTS', tail: '', comments: 'statements' };

export function postgresTemplates(dialect: Dialect<FieldWriter>): TableTemplates<FieldWriter> {
  return {
    words,
    createNamespace: (identifier) => `CREATE SCHEMA IF NOT EXISTS ${identifier}`,
    truncate: ({ identifier }) => `TRUNCATE TABLE ${identifier}`,
    alter: (alteration) => alter(alteration, dialect),
  };
}

/** One statement for columns that are added or become nullable; each change of a type is one of its own. */
function alter(alteration: TableAlteration<FieldWriter>, dialect: Dialect<FieldWriter>): string[] {
  const { table, existing, add, dropNotNull, newlyDelta } = alteration;
  const primaryKey = tableMeta(existing)?.primaryKey;
  const clauses = [
    ...add.map((column) => `ADD COLUMN ${columnDefinition(column, dialect, words, false)}`),
    ...(newlyDelta && primaryKey !== undefined ? [`DROP CONSTRAINT ${quoteIdentifier(primaryKey)}`] : []),
    ...dropNotNull.map(({ name }) => `ALTER COLUMN ${quoteIdentifier(name)} DROP NOT NULL`),
  ];
  return [
    ...add.flatMap(({ type }) => type.before ?? []),
    ...(clauses.length === 0 ? [] : [`ALTER TABLE ${table.identifier}\n  ${clauses.join(',\n  ')}`]),
    ...add.map((column) => commentOnColumn(table, column, dialect)),
    ...migrate(alteration),
  ];
}

function migrate({ table, migrate: migrations }: TableAlteration<FieldWriter>): string[] {
  return migrations.flatMap(({ column, existing, cast }) => {
    const { enumName, enumLabels = [] } = columnMeta(existing) ?? {};
    const enumType = enumOfColumn(column.projection, table.path, column.type);
    if (enumType !== undefined && enumType.name.toLowerCase() === enumName?.toLowerCase()) {
      return addEnumLabels(enumType, enumLabels);
    }
    const { identifier, type } = column;
    const change = `ALTER COLUMN ${identifier} TYPE ${type.ddl} USING ${cast(identifier)}`;
    return [...(type.before ?? []), `ALTER TABLE ${table.identifier} ${change}`];
  });
}
