// Whether a table still is what discovery found. Asked in the transaction that reads a chunk, with the table locked: a
// value of a column that has another type by now would be written as something it is not.

import { type PgConnection, quoteQualified } from '@weir/pgwire';
import type { PgRelationInfo } from '../discovery/relations.ts';

export async function isAsDiscovered(connection: PgConnection, relation: PgRelationInfo): Promise<boolean> {
  const { rows } = await connection.query(
    `SELECT a.attrelid, a.attname, a.atttypid
       FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attnum`,
    [quoteQualified(relation.namespace, relation.name)],
  );
  return (
    rows.length === relation.columns.length &&
    rows.every(([table, name, type], index) => {
      const column = relation.columns[index];
      return Number(table) === relation.oid && column?.name === name && column?.typeOid === Number(type);
    })
  );
}
