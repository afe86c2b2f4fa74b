// Which unique index has refused a row: one over just the key of a table, or one that users have added, to it or to a table
// that a trigger writes to.

import { type PgConnection, PgServerError, quoteIdentifier } from '@weir/pgwire';
import { arrayLiteral } from '@weir/postgres/connection';
import { serverName } from './names.ts';
import type { PgTable } from './table-sql.ts';

/** An index of a partition is that of the table. */
const isKeyIndexSql = `
  SELECT EXISTS (
    SELECT FROM pg_index i, LATERAL (
      SELECT array_agg(a.attname::text) AS names
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u (attnum, place)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
      WHERE u.place <= i.indnkeyatts) AS k
    WHERE i.indexrelid = to_regclass($1) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
      AND k.names @> $3::text[] AND k.names <@ $3::text[]
      AND (i.indrelid = to_regclass($2)
        OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = i.indrelid AND inhparent = to_regclass($2))))`;

/** `error`: of a row that exists already (23505). */
export async function isOfKeyIndex(
  connection: PgConnection,
  { identifier, keys }: PgTable,
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof PgServerError)) return false;
  const { schema, constraint } = error.fields;
  if (schema === undefined || constraint === undefined) return false;
  // An index is in the schema of its table.
  const index = `${quoteIdentifier(schema)}.${quoteIdentifier(constraint)}`;
  const names = arrayLiteral(keys.map(({ field }) => serverName(field)));
  const { rows } = await connection.query(isKeyIndexSql, [index, identifier, names]);
  return rows[0]?.[0] === 't';
}
