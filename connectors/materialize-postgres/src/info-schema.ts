// What tables and columns the schemas of a task have, from the system catalogue: information_schema hides what the user
// has no rights on, and such a table would be taken for one that is not there.

import type { InfoSchema } from '@weir/materialize';
import { type Dialect, endpointNaming, infoSchemaOf, schemasOf } from '@weir/materialize-sql';
import { type PgConnection, rowObjects } from '@weir/pgwire';
import { arrayLiteral } from '@weir/postgres/connection';
import type { ColumnMeta, TableMeta } from './column-meta.ts';
import { writeError } from './write-error.ts';

const namespacesSql = 'SELECT nspname AS schema FROM pg_namespace';

/** Unique indexes as JSON: each a list of the names of its columns. */
const tablesSql = `
  SELECT n.nspname AS schema, c.relname AS "table",
    (SELECT conname FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') AS "primaryKey",
    (SELECT json_agg(ARRAY(
        SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum
        WHERE u.place <= i.indnkeyatts ORDER BY u.place))
      FROM pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
        AND i.indpred IS NULL AND i.indexprs IS NULL) AS "uniqueKeys"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = ANY($1::text[])
  ORDER BY 1, 2`;

/** Types are those of information_schema: of a domain the one it is made of, and USER-DEFINED for an enum. */
const columnsSql = `
  SELECT n.nspname AS schema, c.relname AS "table", a.attname AS name, NOT a.attnotnull AS nullable,
    CASE WHEN t.typtype = 'e' THEN 'USER-DEFINED'
      ELSE format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, NULL) END AS type,
    CASE WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 0 END AS length,
    a.atthasdef OR a.attidentity <> '' AS "hasDefault",
    format_type(a.atttypid, a.atttypmod) AS "exactType",
    CASE WHEN t.typtype = 'e' THEN t.typname END AS "enumName",
    CASE WHEN t.typtype = 'e' THEN
      (SELECT json_agg(enumlabel) FROM pg_enum e WHERE e.enumtypid = t.oid) END AS "enumLabels"
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attnum > 0 AND NOT a.attisdropped
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = ANY($1::text[])
  ORDER BY 1, 2, a.attnum`;

export async function readInfoSchema(
  connection: PgConnection,
  resourcePaths: readonly (readonly string[])[],
  checkpointsSchema: string,
  dialect: Dialect<unknown>,
): Promise<InfoSchema> {
  const schemas = schemasOf(resourcePaths.map(dialect.locate), [dialect.serverName(checkpointsSchema)]);
  const rows = async (sql: string, parameters: readonly string[] = []) => {
    try {
      return rowObjects(await connection.query(sql, parameters));
    } catch (error) {
      throw writeError(error, 'cannot read the catalogue');
    }
  };
  const namespaces = await rows(namespacesSql);
  const tables = await rows(tablesSql, [arrayLiteral(schemas)]);
  const columns = await rows(columnsSql, [arrayLiteral(schemas)]);
  return infoSchemaOf(endpointNaming(dialect), {
    namespaces: namespaces.map((row) => row['schema'] ?? ''),
    tables: tables.map((row) => ({
      schema: row['schema'] ?? '',
      table: row['table'] ?? '',
      meta: {
        primaryKey: row['primaryKey'] ?? undefined,
        uniqueKeys: JSON.parse(row['uniqueKeys'] ?? '[]') as string[][],
      } satisfies TableMeta,
    })),
    columns: columns.map((row) => ({
      schema: row['schema'] ?? '',
      table: row['table'] ?? '',
      name: row['name'] ?? '',
      nullable: row['nullable'] === 't',
      type: row['type'] ?? '',
      characterMaxLength: Number(row['length']),
      hasDefault: row['hasDefault'] === 't',
      meta: {
        exactType: row['exactType'] ?? '',
        ...(row['enumName'] === null || row['enumName'] === undefined ? {} : { enumName: row['enumName'] }),
        enumLabels: JSON.parse(row['enumLabels'] ?? '[]') as string[],
      } satisfies ColumnMeta,
    })),
  });
}
