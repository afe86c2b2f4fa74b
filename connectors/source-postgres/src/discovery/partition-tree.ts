// What the catalogues say of the leaves of partitioned tables: their files, and how each came to be one.

import { PgServerError, quoteQualified } from '@weir/pgwire';
import { arrayLiteral, type SqlSession } from '@weir/postgres';

export interface Partition {
  readonly oid: string;
  readonly file: string;
  readonly namespace: string;
  readonly name: string;
  /** The transaction that made it a part of the root, and the command in it. */
  readonly attachedBy: string;
  readonly attachedAt: string;
  /** The command that created it, in a transaction of its own unless `wasAttached` is false. */
  readonly createdAt: string;
  /** It was a table before that transaction: of its own, or a partition of one. */
  readonly wasAttached: boolean;
  readonly isEmpty: boolean;
}

/**
 * The leaves of each partitioned table among these. One that was created as a partition has its entry as one by the transaction
 * that made its system columns; one that was attached has it by a later one. Where several levels were attached, the last counts.
 */
export async function readPartitions(
  sql: SqlSession,
  oids: readonly string[],
): Promise<ReadonlyMap<string, readonly Partition[]>> {
  const rows = await sql.rows(
    'cannot list the partitions of the tables',
    `WITH RECURSIVE tree (root, member, xid, command) AS (
       SELECT c.oid, c.oid, NULL::xid, NULL::bigint FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'p'
       UNION ALL
       SELECT t.root, i.inhrelid,
              CASE WHEN t.xid IS NULL OR pg_catalog.age(i.xmin) < pg_catalog.age(t.xid) THEN i.xmin ELSE t.xid END,
              CASE WHEN t.xid = i.xmin THEN greatest(t.command, i.cmin::text::bigint)
                   WHEN t.xid IS NULL OR pg_catalog.age(i.xmin) < pg_catalog.age(t.xid) THEN i.cmin::text::bigint
                   ELSE t.command END
         FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.member)
     SELECT t.root, c.oid, pg_catalog.pg_relation_filenode(c.oid) AS file, n.nspname, c.relname,
            t.xid, t.command, a.cmin::text AS created, a.xmin::text <> t.xid::text AS attached,
            coalesce(pg_catalog.pg_relation_size(c.oid), 0) = 0 AS empty
       FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.member
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tableoid'
      ORDER BY t.root, c.oid`,
    [arrayLiteral(oids)],
  );
  const byRoot = Map.groupBy(rows, (row) => row['root'] ?? '');
  return new Map(
    [...byRoot].map(([root, members]) => [
      root,
      // What has no file has partitions of its own, or is a foreign table.
      members
        .filter((row) => row['file'] !== null)
        .map((row) => ({
          oid: row['oid'] ?? '',
          file: row['file'] ?? '',
          namespace: row['nspname'] ?? '',
          name: row['relname'] ?? '',
          attachedBy: row['xid'] ?? '',
          attachedAt: row['command'] ?? '',
          createdAt: row['created'] ?? '',
          wasAttached: row['attached'] === 't',
          isEmpty: row['empty'] === 't',
        })),
    ]),
  );
}

/**
 * Whether it has rows that were written before it was a part of the root. A row of the transaction that attached it tells by
 * its command. One of another transaction tells by its age; or, if nobody else could see the table before, by its command
 * again: it may be one under a savepoint. Rows of somebody who began to write later than the transaction that attached it
 * may be taken for rows of afterwards.
 */
export async function holdsEarlierRows(sql: SqlSession, partition: Partition): Promise<boolean> {
  const { namespace, name, attachedBy, attachedAt, createdAt, wasAttached } = partition;
  const command = 'r.cmin::text::bigint';
  const ofOthers = wasAttached
    ? 'pg_catalog.age(r.xmin) > pg_catalog.age($1::xid)'
    : `r.xmin <> $1::xid AND ${command} < $2::bigint AND ${command} >= $3::bigint`;
  try {
    const row = await sql.row(
      'cannot look for earlier rows in a partition',
      `SELECT EXISTS (SELECT FROM ONLY ${quoteQualified(namespace, name)} r
                       WHERE (r.xmin = $1::xid AND ${command} < $2::bigint) OR (${ofOthers})) AS held`,
      wasAttached ? [attachedBy, attachedAt] : [attachedBy, attachedAt, createdAt],
    );
    return row?.['held'] === 't';
  } catch (error) {
    // Who may read the root need not be allowed to read the partition; or there is no time to read it whole.
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof PgServerError && !cause.sqlstate.startsWith('57P')) return true;
    throw error;
  }
}
