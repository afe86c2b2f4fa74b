// What the system catalogues say about tables: identity, columns, keys. Types are by OID; names are exact.

import { quoteQualified } from '@weir/pgwire';
import type { StreamId } from '@weir/sqlcapture';
import { arrayLiteral, type SqlRow, type SqlSession } from '@weir/postgres';

export interface PgColumnInfo {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly notNull: boolean;
  /** Computed by the server: neither replicated nor captured. */
  readonly generated: boolean;
  readonly comment: string | undefined;
}

export interface PgRelationInfo extends StreamId {
  readonly oid: number;
  readonly isPartitionedRoot: boolean;
  readonly replicaIdentity: 'd' | 'n' | 'f' | 'i';
  readonly columns: readonly PgColumnInfo[];
  readonly primaryKey: readonly string[];
  /** Columns of the first unique index, by name, that never is partial, deferred, invalid or on null columns. */
  readonly uniqueKey: readonly string[];
  /** Columns of each unique index of all rows, whatever its columns are, in a committed state of the table. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Columns of the index that is the replica identity, if one is. */
  readonly identityKey: readonly string[];
}

export type TableIdentity = Pick<PgRelationInfo, 'namespace' | 'name' | 'isPartitionedRoot'>;

export interface RelationFilter {
  /** Exactly these tables, whatever their case; all tables when absent. */
  readonly streams?: readonly StreamId[];
  readonly includeSchemas?: readonly string[];
  /** Leaves of partitioned tables instead of their roots. */
  readonly asPartitions: boolean;
}

const systemSchemas = [
  'pg_catalog',
  'pg_internal',
  'information_schema',
  'catalog_history',
  'cron',
  'pglogical',
];

/** The tables that can be captured, by schema and name. */
export async function readRelations(sql: SqlSession, filter: RelationFilter): Promise<PgRelationInfo[]> {
  if (filter.streams?.length === 0) return [];
  const parameters: string[] = [arrayLiteral(systemSchemas)];
  const conditions = ["c.relpersistence = 'p'", 'n.nspname <> ALL ($1::text[])'];
  if (filter.streams !== undefined) {
    // Folded by the server on both sides: it and we need not agree on letters beyond ASCII.
    parameters.push(
      arrayLiteral(filter.streams.map(({ namespace }) => namespace)),
      arrayLiteral(filter.streams.map(({ name }) => name)),
    );
    const folded = (name: string) => `lower(${name}::text COLLATE "default")`;
    conditions.push(
      `(${folded('n.nspname')}, ${folded('c.relname')}) IN (
         SELECT ${folded('s.namespace')}, ${folded('s.name')}
           FROM ROWS FROM (unnest($${parameters.length - 1}::text[]), unnest($${parameters.length}::text[])) AS s(namespace, name))`,
      "c.relkind IN ('r', 'p')",
    );
  } else if (filter.asPartitions) conditions.push("c.relkind = 'r'");
  else conditions.push("c.relkind IN ('r', 'p')", 'NOT c.relispartition');
  if (filter.includeSchemas !== undefined && filter.includeSchemas.length > 0) {
    parameters.push(arrayLiteral(filter.includeSchemas));
    conditions.push(`n.nspname = ANY ($${parameters.length}::text[])`);
  }
  const tables = await sql.rows(
    'cannot list the tables',
    `SELECT c.oid, n.nspname, c.relname, c.relkind, c.relreplident
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${conditions.join(' AND ')} ORDER BY n.nspname, c.relname`,
    parameters,
  );
  if (tables.length === 0) return [];
  const oids = [`{${tables.map((table) => table['oid']).join(',')}}`];
  const version = await sql.versionNumber();
  const columns = groupByTable(await sql.rows('cannot list the columns', columnQuery(version), oids));
  const indexes = groupByTable(await sql.rows('cannot list the keys', indexQuery(version), oids));
  return tables.map((table) =>
    relationFrom(table, columns.get(table['oid'] ?? '') ?? [], indexes.get(table['oid'] ?? '') ?? []),
  );
}

function columnQuery(version: number): string {
  const generated = version >= 120_000 ? "a.attgenerated <> ''" : 'false';
  // A constraint that is not valid yet speaks of new rows only.
  const hasNoNulls =
    version >= 180_000
      ? `a.attnotnull AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.conrelid = a.attrelid
           AND o.contype = 'n' AND o.conkey = ARRAY[a.attnum] AND NOT o.convalidated)`
      : 'a.attnotnull';
  return `SELECT a.attrelid AS oid, a.attname, a.atttypid, a.atttypmod, (${hasNoNulls}) OR t.typnotnull AS notnull,
                 ${generated} AS generated, pg_catalog.col_description(a.attrelid, a.attnum) AS comment
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
           WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY a.attrelid, a.attnum`;
}

/**
 * One row per index and key column; INCLUDE columns come after the key and are left out. An index under another collation than
 * its column's may tell texts apart that a scan takes for equal.
 */
function indexQuery(version: number): string {
  const keyLength = version >= 110_000 ? 'i.indnkeyatts' : 'i.indnatts';
  return `SELECT i.indrelid AS oid, x.relname AS index, i.indisprimary, i.indisreplident, a.attname, a.attnotnull,
                 i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AS complete,
                 i.indcollation[k.position - 1] = a.attcollation
                   OR coalesce((to_jsonb(l) ->> 'collisdeterministic')::bool, true) AS same_equality,
                 i.indisunique AND i.indisvalid AND i.indisready AND i.indimmediate AND i.indpred IS NULL
                   AND i.indexprs IS NULL AS usable, c.relkind = 'r' AS ordinary
            FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
           CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
            LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
           WHERE i.indrelid = ANY ($1::oid[]) AND k.position <= ${keyLength}
           ORDER BY i.indrelid, x.relname, k.position`;
}

function groupByTable(rows: readonly SqlRow[]): Map<string, SqlRow[]> {
  return Map.groupBy(rows, (row) => row['oid'] ?? '');
}

function relationFrom(
  table: SqlRow,
  columns: readonly SqlRow[],
  indexColumns: readonly SqlRow[],
): PgRelationInfo {
  const indexes = [...Map.groupBy(indexColumns, (row) => row['index'] ?? '').values()];
  const names = (index: readonly SqlRow[] | undefined) => index?.map((row) => row['attname'] ?? '') ?? [];
  const isTrue = (row: SqlRow | undefined, column: string) => row?.[column] === 't';
  const unique = indexes.find(
    (index) =>
      isTrue(index[0], 'usable') &&
      isTrue(index[0], 'ordinary') &&
      !isTrue(index[0], 'indisprimary') &&
      index.every((row) => isTrue(row, 'attnotnull')),
  );
  const identity = table['relreplident'];
  return {
    namespace: table['nspname'] ?? '',
    name: table['relname'] ?? '',
    oid: Number(table['oid']),
    isPartitionedRoot: table['relkind'] === 'p',
    replicaIdentity: identity === 'n' || identity === 'f' || identity === 'i' ? identity : 'd',
    columns: columns.map((column) => ({
      name: column['attname'] ?? '',
      typeOid: Number(column['atttypid']),
      typeModifier: Number(column['atttypmod']),
      notNull: isTrue(column, 'notnull'),
      generated: isTrue(column, 'generated'),
      comment: column['comment'] ?? undefined,
    })),
    primaryKey: names(indexes.find((index) => isTrue(index[0], 'indisprimary'))),
    uniqueKey: names(unique),
    uniqueKeys: indexes
      .filter((index) => isTrue(index[0], 'complete') && index.every((row) => isTrue(row, 'same_equality')))
      .map(names),
    identityKey: names(indexes.find((index) => isTrue(index[0], 'indisreplident'))),
  };
}

/**
 * The table in SQL, for reading, locking and publishing it: a partitioned one with its partitions, any other without the
 * tables that inherit from it, whose changes come under their own names.
 */
export function tableReference({ namespace, name, isPartitionedRoot }: TableIdentity): string {
  return `${isPartitionedRoot ? '' : 'ONLY '}${quoteQualified(namespace, name)}`;
}

/** The columns that deletes carry; undefined when the table has no replica identity at all. */
export function replicaIdentityColumns(relation: PgRelationInfo): readonly string[] | undefined {
  switch (relation.replicaIdentity) {
    case 'f':
      return relation.columns.map((column) => column.name);
    case 'i':
      return relation.identityKey.length === 0 ? undefined : relation.identityKey;
    case 'd':
      return relation.primaryKey.length === 0 ? undefined : relation.primaryKey;
    case 'n':
      return undefined;
    default:
      return undefined;
  }
}
