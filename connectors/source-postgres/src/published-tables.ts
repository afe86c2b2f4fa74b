// Which of the bound tables the publication publishes under their own names, and adding those that it does not. Each
// question is asked once for all tables: a capture may have thousands of them, and its server be far away.

import { quoteIdentifier } from '@weir/pgwire';
import { arrayLiteral, type SqlSession } from '@weir/postgres';
import type { PgRelationInfo } from './discovery/relations.ts';
import { errors } from './errors.ts';
import {
  addTablesSql,
  publishedKey,
  type PublicationCheck,
  type PublicationInfo,
  readPublication,
  whereToRun,
} from './publication.ts';

type Relations = readonly PgRelationInfo[];

/** By table: why its changes do not go out under its name. */
type Failures = Map<PgRelationInfo, unknown>;

/**
 * Makes sure that the changes of the tables go out under their own names. Returns one error per table of which they do
 * not: it is not in the publication and cannot be added, or its partitions, or its root, go out instead of it.
 */
export async function ensurePublished(
  check: PublicationCheck,
  publication: PublicationInfo,
  relations: Relations,
): Promise<unknown[]> {
  const missing = notIn(publication, relations);
  const failures: Failures = new Map();
  for (const [relation, fix] of await hiddenFixes(check, publication, missing))
    failures.set(relation, unpublished(check, relation, fix));
  const visible = missing.filter((relation) => !failures.has(relation));
  if (visible.length > 0)
    for (const [relation, failure] of await addAll(check, publication, visible))
      failures.set(relation, failure);
  const added = visible.filter((relation) => !failures.has(relation));
  if (check.repair && added.length > 0) {
    // A root that was added takes the changes of its partitions, also of those that were added beside it.
    const renewed = await readPublication(check.sql, check.settings.publication);
    const still = notIn(renewed, added);
    const fixes = await hiddenFixes(check, renewed, still);
    for (const relation of still)
      failures.set(
        relation,
        unpublished(check, relation, fixes.get(relation) ?? 'Look at pg_publication_tables.'),
      );
  }
  return missing.flatMap((relation) => failures.get(relation) ?? []);
}

/** Adds them, or finds out which could be added. */
async function addAll(
  check: PublicationCheck,
  publication: PublicationInfo,
  relations: Relations,
): Promise<Failures> {
  const { sql, settings, repair, standby } = check;
  const refused = (tables: Relations): Failures =>
    new Map(tables.map((table) => [table, unpublished(check, table)]));
  if (settings.readOnly || standby || publication.allTables) return refused(relations);
  if (!repair) {
    const addable = await addableTables(sql, settings.publication, relations, publication.exists);
    return refused(relations.filter(({ oid }) => !addable.has(String(oid))));
  }
  if ((await failureToAdd(check, relations)) === undefined) return new Map();
  // One that cannot be added keeps all others out.
  const failures: Failures = new Map();
  for (const relation of relations) {
    const failure = await failureToAdd(check, [relation]);
    if (failure !== undefined) failures.set(relation, unpublished(check, relation, undefined, failure));
  }
  return failures;
}

async function failureToAdd({ sql, settings }: PublicationCheck, relations: Relations): Promise<unknown> {
  try {
    await sql.query('cannot add tables to the publication', addTablesSql(settings.publication, relations));
    return undefined;
  } catch (error) {
    return error;
  }
}

function notIn(publication: PublicationInfo, relations: Relations): PgRelationInfo[] {
  return relations.filter(({ namespace, name }) => !publication.tables.has(publishedKey(namespace, name)));
}

function unpublished(check: PublicationCheck, relation: PgRelationInfo, hidden?: string, cause?: unknown) {
  const { publication } = check.settings;
  const [table, name] = [`${relation.namespace}.${relation.name}`, JSON.stringify(publication)];
  return errors.PG_TABLE_UNPUBLISHED({
    message:
      hidden === undefined
        ? `the table ${table} is not in the publication ${name}, and ${refusal(check, cause)}`
        : `changes of the table ${table} do not go out under its name by the publication ${name}`,
    fix: hidden ?? `${whereToRun(check)}: ${addTablesSql(publication, [relation])}`,
    cause,
  });
}

function refusal({ standby }: PublicationCheck, cause: unknown): string {
  if (standby) return 'a standby cannot add it';
  return cause instanceof Error ? `it cannot be added: ${cause.message}` : 'the user may not add it';
}

/** What to do about the tables that being in the publication does not publish. */
async function hiddenFixes(
  { sql, settings }: PublicationCheck,
  publication: PublicationInfo,
  relations: Relations,
): Promise<ReadonlyMap<PgRelationInfo, string>> {
  const alter = `Run: ALTER PUBLICATION ${quoteIdentifier(settings.publication)} SET (publish_via_partition_root = `;
  const roots = relations.filter(({ isPartitionedRoot }) => isPartitionedRoot);
  const others = relations.filter(({ isPartitionedRoot }) => !isPartitionedRoot);
  const fixes = new Map<PgRelationInfo, string>();
  if (roots.length > 0) {
    const knowsRoots = (await sql.versionNumber()) >= 130_000;
    if (!knowsRoots || !publication.viaRoot) {
      const fix = knowsRoots
        ? `${alter}true); or set /advanced/capture_as_partitions, and bind the partitions.`
        : 'This version of PostgreSQL publishes partitions only: set /advanced/capture_as_partitions, and bind the partitions.';
      for (const relation of roots) fixes.set(relation, fix);
    }
  }
  if (!publication.viaRoot || others.length === 0) return fixes;
  const ancestors = await publishedAncestors(sql, publication, others);
  for (const relation of others) {
    const root = ancestors.get(String(relation.oid));
    if (root === undefined) continue;
    const fix = `Bind its root ${root} in place of it, or, if nobody else reads the publication: ${alter}false);`;
    fixes.set(relation, fix);
  }
  return fixes;
}

/** The partitioned table, quoted, under whose name the changes of each partition go out. */
async function publishedAncestors(
  sql: SqlSession,
  publication: PublicationInfo,
  relations: Relations,
): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.rows(
    'cannot list the roots of partitions',
    `WITH RECURSIVE up (leaf, oid) AS (
       SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = ANY ($1::oid[])
        UNION SELECT up.leaf, i.inhparent FROM pg_catalog.pg_inherits i JOIN up ON i.inhrelid = up.oid)
     SELECT up.leaf, n.nspname, c.relname FROM up JOIN pg_catalog.pg_class c ON c.oid = up.oid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p'`,
    [arrayLiteral(relations.map(({ oid }) => String(oid)))],
  );
  const published = rows
    .map((row): [string, string] => [
      row['leaf'] ?? '',
      publishedKey(row['nspname'] ?? '', row['relname'] ?? ''),
    ])
    .filter(([, key]) => publication.tables.has(key));
  return new Map(published.toReversed());
}

/** Their oids: the owner of the publication may add what it owns; a superuser may add everything. */
async function addableTables(
  sql: SqlSession,
  publication: string,
  relations: Relations,
  exists: boolean,
): Promise<ReadonlySet<string>> {
  const rows = await sql.rows(
    'cannot check the privileges of the user',
    `SELECT c.oid FROM pg_catalog.pg_class c, pg_catalog.pg_roles r
      WHERE c.oid = ANY ($1::oid[]) AND r.rolname = current_user
        AND (r.rolsuper OR (pg_catalog.pg_has_role(c.relowner, 'USAGE')
              AND ($3 = 'no' OR EXISTS (SELECT FROM pg_catalog.pg_publication p
                    WHERE p.pubname = $2 AND pg_catalog.pg_has_role(p.pubowner, 'USAGE')))))`,
    [arrayLiteral(relations.map(({ oid }) => String(oid))), publication, exists ? 'yes' : 'no'],
  );
  return new Set(rows.map((row) => row['oid'] ?? ''));
}
