// A table that is read page by page must keep its pages: ALTER TYPE, VACUUM FULL, CLUSTER and the like write all rows into
// a new file, in another order and, some of them, as of another transaction. The files that a backfill began with are
// kept in the state of its table, `oid:file` for the table and each of its partitions.

import type { PgConnection } from '@weir/pgwire';
import type { TableMetadata } from '@weir/sqlcapture';

const FILES = 'files';

/** The facts by which `isRewritten` knows the table again. */
export async function tableFiles(connection: PgConnection, oid: number): Promise<TableMetadata> {
  const { rows } = await connection.query(
    `WITH RECURSIVE family (member) AS (
       SELECT ${oid}::oid
       UNION SELECT c.oid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.member
               JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)
     SELECT coalesce(string_agg(member || ':' || pg_catalog.pg_relation_filenode(member), ',' ORDER BY member), '')
       FROM family WHERE pg_catalog.pg_relation_filenode(member) IS NOT NULL`,
  );
  return { [FILES]: rows[0]?.[0] ?? '' };
}

/** A partition that is new holds no rows of before; one that is gone took its rows along. */
export function isRewritten(known: TableMetadata | undefined, now: TableMetadata): boolean {
  const before = filesOf(known);
  return [...filesOf(now)].some(([oid, file]) => before.has(oid) && before.get(oid) !== file);
}

function filesOf(metadata: TableMetadata | undefined): ReadonlyMap<string, string> {
  const text = String(metadata?.[FILES] ?? '');
  return new Map(
    text.split(',').map((pair) => {
      const [oid = '', file = ''] = pair.split(':');
      return [oid, file];
    }),
  );
}
