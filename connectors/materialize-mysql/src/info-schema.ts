// What tables and columns the database has, as validation, planning and staging look at them.

import type { ExistingField, ExistingResource, InfoSchema } from '@weir/materialize';
import { endpointNaming, infoSchemaOf } from '@weir/materialize-sql';
import type { MysqlDialect } from './dialect.ts';
import { quoteLiteral, serverName } from './identifier.ts';
import type { Row, Session } from './session.ts';

/** What else is known of a column; the `meta` of its field. */
export interface ColumnMeta {
  /** Its whole type, as `varchar(256)`. */
  readonly columnType: string;
  readonly collation: string | undefined;
  readonly comment: string;
  readonly isGenerated: boolean;
  readonly isPrimary: boolean;
}

export interface TableMeta {
  readonly engine: string;
  readonly hasPrimaryKey: boolean;
  /** Columns of unique indexes beside the primary key, in lower case. */
  readonly uniqueColumns: ReadonlySet<string>;
}

export function columnMeta({ meta }: ExistingField): ColumnMeta {
  return meta as ColumnMeta;
}

/** What stands behind the name of a column to keep it as it is, but for what is given. */
export function definitionOf(
  { columnType, collation, comment }: ColumnMeta,
  nullability: 'NULL' | 'NOT NULL',
  type: string = columnType,
): string {
  return [
    type,
    ...(collation === undefined ? [] : [`COLLATE ${collation}`]),
    nullability,
    ...(comment === '' ? [] : [`COMMENT ${quoteLiteral(comment)}`]),
  ].join(' ');
}

/** Whether these fields are the primary key: what upserts replace a row by. */
export function isPrimaryKey({ fields }: ExistingResource, names: readonly string[]): boolean {
  const primary = fields.filter((field) => columnMeta(field).isPrimary).map(({ name }) => name.toLowerCase());
  return (
    primary.length === names.length && names.every((name) => primary.includes(serverName(name).toLowerCase()))
  );
}

export function tableMeta({ meta }: ExistingResource): TableMeta {
  return meta as TableMeta;
}

/** The tables of the session's database. */
export async function readInfoSchema(session: Session, dialect: MysqlDialect): Promise<InfoSchema> {
  const doing = 'reading the tables of the database';
  const tables = await session.rows(
    `SELECT t.TABLE_NAME AS name, t.ENGINE AS engine,
        EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS AS c
          WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY') AS keyed
      FROM information_schema.TABLES AS t WHERE t.TABLE_SCHEMA = DATABASE()`,
    doing,
  );
  const columns = await session.rows(
    `SELECT TABLE_NAME AS owner, COLUMN_NAME AS name, IS_NULLABLE AS nullable, DATA_TYPE AS type, COLUMN_TYPE AS column_type,
        CHARACTER_MAXIMUM_LENGTH AS length, COLUMN_DEFAULT AS standard, COLUMN_KEY AS member, EXTRA AS extra,
        COLLATION_NAME AS collation_name, COLUMN_COMMENT AS comment
      FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    doing,
  );
  const unique = await session.rows(
    `SELECT TABLE_NAME AS owner, LOWER(COLUMN_NAME) AS name FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 AND INDEX_NAME <> 'PRIMARY' AND COLUMN_NAME IS NOT NULL`,
    doing,
  );
  const uniqueColumnsOf = (table: string): ReadonlySet<string> =>
    new Set(unique.filter(({ owner }) => String(owner) === table).map(({ name }) => String(name)));
  return infoSchemaOf(
    endpointNaming(dialect),
    {
      namespaces: [],
      tables: tables.map((row) => ({
        schema: '',
        table: String(row['name']),
        meta: {
          engine: String(row['engine']),
          hasPrimaryKey: Number(row['keyed']) === 1,
          uniqueColumns: uniqueColumnsOf(String(row['name'])),
        } satisfies TableMeta,
      })),
      columns: columns.map((row) => ({ schema: '', table: String(row['owner']), ...fieldOf(row) })),
    },
    ({ table }) => [table],
  );
}

function fieldOf(row: Row): ExistingField {
  const extra = String(row['extra']).toLowerCase();
  const isGenerated = /generated/.test(extra) && !extra.includes('default_generated');
  const text = (name: string): string | undefined => (row[name] === null ? undefined : String(row[name]));
  // What the user's own columns are made of is not to be taken from them: a key cannot be null, nor can a counter.
  const isFixed = isGenerated || extra.includes('auto_increment') || row['member'] === 'PRI';
  const meta: ColumnMeta = {
    columnType: String(row['column_type']),
    collation: text('collation_name'),
    comment: text('comment') ?? '',
    isGenerated,
    isPrimary: row['member'] === 'PRI',
  };
  return {
    name: String(row['name']),
    nullable: row['nullable'] === 'YES' || isFixed,
    type: String(row['type']),
    characterMaxLength: Number(row['length'] ?? 0),
    hasDefault: row['standard'] !== null && String(row['standard']).toUpperCase() !== 'NULL',
    meta,
  };
}
