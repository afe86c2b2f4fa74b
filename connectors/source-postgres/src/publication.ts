// The publication: it says which tables the server replicates. It is created, and tables are added to it, where the
// user may do so; otherwise the error holds the SQL for somebody who may.

import { quoteIdentifier, quoteQualified } from '@weir/pgwire';
import type { PgRelationInfo } from './discovery/relations.ts';
import { errors } from './errors.ts';
import type { SourceSettings } from './config.ts';
import type { SqlSession } from './sql-session.ts';

export interface PublicationInfo {
  readonly exists: boolean;
  /** Contains every table of the database. */
  readonly allTables: boolean;
  /** `schema.table` keys of what it contains, as the server expands it. */
  readonly tables: ReadonlySet<string>;
  readonly missingOperations: readonly string[];
}

export async function readPublication(sql: SqlSession, name: string): Promise<PublicationInfo> {
  const row = await sql.row(
    'cannot read the publication',
    'SELECT puballtables, pubinsert, pubupdate, pubdelete FROM pg_catalog.pg_publication WHERE pubname = $1',
    [name],
  );
  const tables = await sql.rows(
    'cannot list the tables of the publication',
    'SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables WHERE pubname = $1',
    [name],
  );
  return {
    exists: row !== undefined,
    allTables: row?.['puballtables'] === 't',
    tables: new Set(tables.map((table) => publishedKey(table['schemaname'] ?? '', table['tablename'] ?? ''))),
    missingOperations: ['insert', 'update', 'delete'].filter((operation) => row?.[`pub${operation}`] === 'f'),
  };
}

export function publishedKey(namespace: string, name: string): string {
  return quoteQualified(namespace, name);
}

/** Partitions appear under their root, unless they are captured one by one. The option exists since version 13. */
export function createPublicationSql(name: string, asPartitions: boolean, version: number): string {
  const options = version >= 130_000 ? ` WITH (publish_via_partition_root = ${!asPartitions})` : '';
  return `CREATE PUBLICATION ${quoteIdentifier(name)}${options};`;
}

export function addTablesSql(name: string, relations: readonly PgRelationInfo[]): string {
  const tables = relations.map((relation) => quoteQualified(relation.namespace, relation.name));
  return `ALTER PUBLICATION ${quoteIdentifier(name)} ADD TABLE ${tables.join(', ')};`;
}

export interface PublicationCheck {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly asPartitions: boolean;
  /** Change the database; otherwise only find out whether that would succeed. */
  readonly repair: boolean;
}

/** Makes sure the publication exists. Throws PG_PUBLICATION, PG_PUBLICATION_INCOMPLETE. */
export async function ensurePublication(check: PublicationCheck): Promise<PublicationInfo> {
  const { sql, settings, repair } = check;
  const name = settings.publication;
  const publication = await readPublication(sql, name);
  if (publication.missingOperations.length > 0) {
    throw errors.PG_PUBLICATION_INCOMPLETE({
      message: `the publication ${JSON.stringify(name)} leaves out every ${publication.missingOperations.join(' and ')}`,
      fix: `Run: ALTER PUBLICATION ${quoteIdentifier(name)} SET (publish = 'insert, update, delete, truncate');`,
    });
  }
  if (publication.exists) return publication;
  const statement = createPublicationSql(name, check.asPartitions, await sql.versionNumber());
  const refused = (cause?: unknown) =>
    errors.PG_PUBLICATION({
      message: `the publication ${JSON.stringify(name)} does not exist and the user may not create it`,
      fix: `Run: ${statement}`,
      cause,
    });
  if (settings.readOnly) throw refused();
  if (!repair) {
    const row = await sql.row(
      'cannot check the privileges of the user',
      "SELECT pg_catalog.has_database_privilege(current_database(), 'CREATE') AS may",
    );
    if (row?.['may'] !== 't') throw refused();
    return publication;
  }
  try {
    await sql.query('cannot create the publication', statement);
  } catch (error) {
    throw refused(error);
  }
  return readPublication(sql, name);
}

/** Makes sure the tables are in the publication. Returns one error per table that is not and cannot be added. */
export async function ensurePublished(
  check: PublicationCheck,
  publication: PublicationInfo,
  relations: readonly PgRelationInfo[],
): Promise<unknown[]> {
  const { sql, settings, repair } = check;
  const missing = relations.filter(
    (relation) => !publication.tables.has(publishedKey(relation.namespace, relation.name)),
  );
  const failures: unknown[] = [];
  for (const relation of missing) {
    const statement = addTablesSql(settings.publication, [relation]);
    const refused = (cause?: unknown) =>
      errors.PG_TABLE_UNPUBLISHED({
        message: `the table ${relation.namespace}.${relation.name} is not in the publication ${JSON.stringify(settings.publication)} and the user may not add it`,
        fix: publication.allTables
          ? 'The publication is FOR ALL TABLES with publish_via_partition_root: bind the root of the partitioned table, or create the publication anew.'
          : `Run: ${statement}`,
        cause,
      });
    if (settings.readOnly || publication.allTables) {
      failures.push(refused());
    } else if (repair) {
      try {
        await sql.query('cannot add a table to the publication', statement);
      } catch (error) {
        failures.push(refused(error));
      }
    } else if (!(await mayAdd(sql, settings.publication, relation, publication.exists)))
      failures.push(refused());
  }
  return failures;
}

/** The owner of the publication may add what it owns; a superuser may add everything. */
async function mayAdd(
  sql: SqlSession,
  publication: string,
  relation: PgRelationInfo,
  exists: boolean,
): Promise<boolean> {
  const row = await sql.row(
    'cannot check the privileges of the user',
    `SELECT r.rolsuper OR (pg_catalog.pg_has_role(c.relowner, 'USAGE')
              AND ($3 = 'no' OR EXISTS (SELECT FROM pg_catalog.pg_publication p
                    WHERE p.pubname = $2 AND pg_catalog.pg_has_role(p.pubowner, 'USAGE')))) AS may
       FROM pg_catalog.pg_class c, pg_catalog.pg_roles r
      WHERE c.oid = $1::oid AND r.rolname = current_user`,
    [relation.oid, publication, exists ? 'yes' : 'no'],
  );
  return row?.['may'] === 't';
}
