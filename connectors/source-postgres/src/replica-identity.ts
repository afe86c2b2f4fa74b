// A delete has to carry the key of its collection, or the row stays there for ever. What it carries is the replica identity
// of the table that held the row: of a partitioned table, that of the partition.

import type { Logger } from '@weir/connector';
import { quoteQualified } from '@weir/pgwire';
import { arrayLiteral, type SqlRow, type SqlSession } from '@weir/postgres';
import {
  collectionKeyColumns,
  findStream,
  type ResourceConfig,
  resourceStream,
  type StreamId,
  streamLabel,
} from '@weir/sqlcapture';
import { type PgRelationInfo, replicaIdentityColumns } from './discovery/relations.ts';
import { errors } from './errors.ts';

export interface IdentityCheck {
  readonly sql: SqlSession;
  readonly bindings: readonly {
    readonly resource: ResourceConfig;
    /** JSON pointers. */
    readonly collectionKey: readonly string[];
  }[];
  /** Validate warns; Apply and Open, which ask again, have nothing to add. */
  readonly repair: boolean;
  readonly log: Logger;
}

/** A table without any identity refuses updates and deletes by itself. */
export async function identityFailures(
  options: IdentityCheck,
  relations: readonly PgRelationInfo[],
): Promise<unknown[]> {
  const partitions = await partitionIdentities(options.sql, relations);
  return options.bindings.flatMap((binding) => {
    const relation = findStream(relations, resourceStream(binding.resource));
    if (relation === undefined) return [];
    const key = collectionKeyColumns(binding.collectionKey);
    return [
      ...rootFailures(options, relation, key),
      ...partitionFailures(partitions.get(relation.oid) ?? [], key),
    ];
  });
}

function rootFailures(
  options: IdentityCheck,
  relation: PgRelationInfo,
  key: readonly string[],
): readonly unknown[] {
  const label = streamLabel(relation);
  const fix = `Run: ALTER TABLE ${quoteQualified(relation.namespace, relation.name)} REPLICA IDENTITY FULL;`;
  const identity = replicaIdentityColumns(relation);
  if (identity === undefined) {
    if (!options.repair)
      options.log.warn(
        `the table ${label} has no replica identity, so the server refuses updates and deletes of it while it is published`,
        { fix },
      );
    return [];
  }
  const missing = key.filter((column) => !identity.includes(column));
  const gone = missing.filter((column) => !relation.columns.some(({ name }) => name === column));
  if (gone.length > 0) {
    return [
      errors.PG_KEY_COLUMN_MISSING({
        message: `the table ${label} has no column ${gone.map((name) => JSON.stringify(name)).join(', ')}, which is in the key of its collection`,
      }),
    ];
  }
  if (missing.length === 0) return [];
  return [identityError(relation, missing)];
}

interface PartitionIdentity extends StreamId {
  /** Columns of its index. */
  readonly columns: readonly string[];
}

/** The server writes a deleted row by the identity of its partition, also where the change goes out under the root's name. */
function partitionFailures(partitions: readonly PartitionIdentity[], key: readonly string[]): unknown[] {
  return partitions.flatMap((partition) => {
    const missing = key.filter((column) => !partition.columns.includes(column));
    return missing.length === 0 ? [] : [identityError(partition, missing)];
  });
}

/** By root, its partitions that have an index for their identity, as a rule their primary key. */
async function partitionIdentities(
  sql: SqlSession,
  relations: readonly PgRelationInfo[],
): Promise<ReadonlyMap<number, readonly PartitionIdentity[]>> {
  const roots = relations.filter(({ isPartitionedRoot }) => isPartitionedRoot);
  if (roots.length === 0) return new Map();
  const keyLength = (await sql.versionNumber()) >= 110_000 ? 'i.indnkeyatts' : 'i.indnatts';
  const rows = await sql.rows(
    'cannot read the replica identities of partitions',
    `WITH RECURSIVE tree (root, member) AS (
       SELECT o, o FROM unnest($1::oid[]) o
       UNION SELECT t.root, i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.member)
     SELECT t.root, n.nspname, c.relname, pg_catalog.jsonb_agg(a.attname) AS columns
       FROM tree t
       JOIN pg_catalog.pg_class c ON c.oid = t.member AND c.relkind = 'r'
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
        AND CASE c.relreplident WHEN 'i' THEN i.indisreplident WHEN 'd' THEN i.indisprimary ELSE false END
      CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
      WHERE k.position <= ${keyLength}
      GROUP BY t.root, n.nspname, c.relname ORDER BY t.root, n.nspname, c.relname`,
    [arrayLiteral(roots.map(({ oid }) => String(oid)))],
  );
  const byRoot = Map.groupBy(rows, (row) => Number(row['root']));
  return new Map([...byRoot].map(([root, partitions]) => [root, partitions.map(partitionIdentity)]));
}

function partitionIdentity(row: SqlRow): PartitionIdentity {
  return {
    namespace: row['nspname'] ?? '',
    name: row['relname'] ?? '',
    columns: JSON.parse(row['columns'] ?? '[]') as readonly string[],
  };
}

/** `missing`: columns of the collection's key. */
export function identityError(table: StreamId, missing: readonly string[]) {
  return errors.PG_REPLICA_IDENTITY({
    message: `deletes of ${streamLabel(table)} do not carry ${missing.join(', ')}, which the key of its collection needs`,
    fix: `Run: ALTER TABLE ${quoteQualified(table.namespace, table.name)} REPLICA IDENTITY FULL;`,
  });
}

/** Of a change whose old row came without columns of the collection's key. */
export function keylessChangeError(table: StreamId, missing: readonly string[]) {
  return errors.PG_REPLICA_IDENTITY({
    message: `a delete or an update of ${streamLabel(table)} does not carry ${missing.join(', ')}, which the key of its collection needs`,
    fix: 'Run ALTER TABLE … REPLICA IDENTITY FULL; for the table, or for those of its partitions that have another identity, then increment the backfill counter of its binding: such changes are in the log already.',
  });
}
