// How tables are made, changed and emptied. Every ALTER is one statement, which the server does whole or not at all.

import {
  columnDefinition,
  type ColumnMigration,
  type TableAlteration,
  type TableTemplates,
  type TableWords,
  type FieldWriter,
} from '@weir/materialize-sql';
import type { MysqlDialect } from './dialect.ts';
import { cutName, MAX_NAME_LENGTH, quoteIdentifier } from './identifier.ts';
import { columnMeta, definitionOf, tableMeta } from './info-schema.ts';

/** The name beside a column's own while its values are computed anew; the one that Flow's own connector uses. */
function temporaryName(column: string): string {
  const suffix = '_flowtmp1';
  return cutName(column, MAX_NAME_LENGTH - suffix.length) + suffix;
}

const words: TableWords = {
  create: 'CREATE TABLE IF NOT EXISTS',
  tail: ' CHARACTER SET=utf8mb4 COLLATE=utf8mb4_bin',
  comments: 'inline',
  maxCommentLength: { column: 1024, table: 2048 },
};

type Alteration = TableAlteration<FieldWriter>;

export function mysqlTemplates(dialect: MysqlDialect): TableTemplates<FieldWriter> {
  return {
    words,
    createNamespace: (identifier) => `CREATE DATABASE IF NOT EXISTS ${identifier}`,
    truncate: ({ identifier }) => `TRUNCATE TABLE ${identifier}`,
    alter: (alteration) => [...alterColumns(alteration, dialect), ...migrateColumns(alteration, dialect)],
  };
}

function alterColumns(alteration: Alteration, dialect: MysqlDialect): string[] {
  const { table, existing, add, dropNotNull, newlyDelta } = alteration;
  const changes = [
    ...add.map((column) => {
      const definition = columnDefinition(column, dialect, words, false);
      // A migration of this column was cut short between two statements of another connector.
      const left = fieldNamed(alteration, temporaryName(dialect.serverName(column.field)));
      return left === undefined
        ? `ADD COLUMN ${definition}`
        : `CHANGE COLUMN ${quoteIdentifier(left.name)} ${definition}`;
    }),
    ...dropNotNull.map(
      (field) => `MODIFY COLUMN ${quoteIdentifier(field.name)} ${definitionOf(columnMeta(field), 'NULL')}`,
    ),
    ...(newlyDelta && tableMeta(existing).hasPrimaryKey ? ['DROP PRIMARY KEY'] : []),
  ];
  return changes.length === 0 ? [] : [`ALTER TABLE ${table.identifier}\n  ${changes.join(',\n  ')}`];
}

/** All columns at once: the values are copied, and then every old column is replaced in one statement. */
function migrateColumns(alteration: Alteration, dialect: MysqlDialect): string[] {
  const { table, migrate } = alteration;
  if (migrate.length === 0) return [];
  const steps = migrate.map((migration) => migrationStep(migration, alteration, dialect));
  const adds = steps.flatMap(({ add }) => add);
  const join = (parts: readonly string[]): string => parts.join(',\n  ');
  return [
    ...(adds.length === 0 ? [] : [`ALTER TABLE ${table.identifier}\n  ${join(adds)}`]),
    `UPDATE ${table.identifier} SET\n  ${join(steps.map(({ copy }) => copy))}`,
    `ALTER TABLE ${table.identifier}\n  ${join(steps.flatMap(({ swap }) => swap))}`,
  ];
}

function migrationStep(
  { column, existing, cast }: ColumnMigration<FieldWriter>,
  alteration: Alteration,
  dialect: MysqlDialect,
): { readonly add: readonly string[]; readonly copy: string; readonly swap: readonly string[] } {
  const name = temporaryName(dialect.serverName(column.field));
  const temporary = quoteIdentifier(name);
  const isThere = fieldNamed(alteration, name) !== undefined;
  return {
    add: isThere ? [] : [`ADD COLUMN ${temporary} ${column.type.ddl}`],
    copy: `${temporary} = ${cast(quoteIdentifier(existing.name))}`,
    swap: [
      `DROP COLUMN ${quoteIdentifier(existing.name)}`,
      // Rows from before may have no value, whatever is required of new ones.
      `CHANGE COLUMN ${temporary} ${columnDefinition(column, dialect, words, column.notNull && !existing.nullable)}`,
    ],
  };
}

function fieldNamed({ existing }: Alteration, name: string) {
  return existing.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
}
