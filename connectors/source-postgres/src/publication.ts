// The publication: it says which tables the server replicates. It is created, and tables are added to it, where the
// user may do so; otherwise the error holds the SQL for somebody who may.

import { PgServerError, quoteIdentifier, quoteQualified } from '@weir/pgwire';
import { type PgRelationInfo, tableReference } from './discovery/relations.ts';
import { errors } from './errors.ts';
import type { SourceSettings } from './config.ts';
import type { SqlRow, SqlSession } from '@weir/postgres';

/** SQLSTATE of a name that nothing has. */
const UNDEFINED_OBJECT = '42704';
/** SQLSTATE of a table that is gone, among others; such messages are never translated. */
const INTERNAL_ERROR = 'XX000';
const TABLE_IS_GONE = /^(could not open relation with OID|cache lookup failed for relation) \d+$/;
/** Each of the others met a table that was dropped meanwhile. */
const MOST_ATTEMPTS = 20;

export interface PublicationInfo {
  readonly exists: boolean;
  /** Undefined when it does not exist. */
  readonly identity: PublicationIdentity | undefined;
  /** Contains every table of the database. */
  readonly allTables: boolean;
  /** Changes of partitions go out under their root, and only so. Never before version 13. */
  readonly viaRoot: boolean;
  /** `schema.table` keys of what it contains, as the server expands it. */
  readonly tables: ReadonlySet<string>;
  readonly missingOperations: readonly string[];
}

export interface PublicationIdentity {
  readonly oid: string;
  /** Another one after every change of owner, name or options; not so when tables are added or dropped. */
  readonly version: string;
  /** A digest of owner and options. */
  readonly options: string;
  readonly operations: readonly string[];
}

const operations = ['insert', 'update', 'delete', 'truncate'];

export async function readPublication(sql: SqlSession, name: string): Promise<PublicationInfo> {
  const row = await sql.row(
    'cannot read the publication',
    `SELECT p.oid, p.xmin AS version, pg_catalog.hashtext((to_jsonb(p) - 'oid'::text)::text) AS options,
            puballtables, to_jsonb(p) ->> 'pubinsert' AS insert, to_jsonb(p) ->> 'pubupdate' AS update,
            to_jsonb(p) ->> 'pubdelete' AS delete, to_jsonb(p) ->> 'pubtruncate' AS truncate,
            to_jsonb(p) ->> 'pubviaroot' AS viaroot
       FROM pg_catalog.pg_publication p WHERE pubname = $1`,
    [name],
  );
  const tables = await publishedTables(sql, name);
  return {
    exists: row !== undefined,
    identity: row === undefined ? undefined : publicationIdentity(row),
    allTables: row?.['puballtables'] === 't',
    viaRoot: row?.['viaroot'] === 'true',
    tables: new Set(tables.map((table) => publishedKey(table['schemaname'] ?? '', table['tablename'] ?? ''))),
    missingOperations: operations.filter((operation) => row?.[operation] === 'false'),
  };
}

/** Since version 16 the server opens each table that it lists, and fails on one that has been dropped since it began. */
async function publishedTables(sql: SqlSession, name: string): Promise<readonly SqlRow[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sql.rows(
        'cannot list the tables of the publication',
        'SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables WHERE pubname = $1',
        [name],
      );
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !isOfDroppedTable(error)) throw error;
    }
  }
}

function isOfDroppedTable(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof PgServerError) || cause.sqlstate !== INTERNAL_ERROR) return false;
  return TABLE_IS_GONE.test(cause.message);
}

function publicationIdentity(row: SqlRow): PublicationIdentity {
  return {
    oid: row['oid'] ?? '',
    version: row['version'] ?? '',
    options: row['options'] ?? '',
    operations: operations.filter((operation) => row[operation] === 'true'),
  };
}

/**
 * PG_PUBLICATION_MISSING if the stream ended because of that. The server looks the publication up as of each change, so
 * that making it anew does not help. Since version 18 such changes are left out in silence instead.
 */
export function missingPublicationError(error: unknown): unknown {
  if (!(error instanceof PgServerError) || error.sqlstate !== UNDEFINED_OBJECT) return undefined;
  return errors.PG_PUBLICATION_MISSING({
    message: `the server cannot decode the changes from here on: ${error.message}`,
    cause: error,
  });
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
  const tables = relations.map(tableReference);
  return `ALTER PUBLICATION ${quoteIdentifier(name)} ADD TABLE ${tables.join(', ')};`;
}

export function whereToRun({ standby }: PublicationCheck): string {
  return standby ? 'Run on the primary' : 'Run';
}

export interface PublicationCheck {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly asPartitions: boolean;
  /** Nothing can be changed here; the publication is the primary's. */
  readonly standby: boolean;
  /** Change the database; otherwise only find out whether that would succeed. */
  readonly repair: boolean;
}

/** Makes sure the publication exists, or says what it would be if it were made. Throws PG_PUBLICATION, PG_PUBLICATION_INCOMPLETE. */
export async function ensurePublication(check: PublicationCheck): Promise<PublicationInfo> {
  const { sql, settings, repair } = check;
  const name = settings.publication;
  const publication = await readPublication(sql, name);
  const missing = publication.missingOperations.filter(
    (operation) => operation !== 'truncate' || settings.onTruncate !== 'ignore',
  );
  if (missing.length > 0) {
    throw errors.PG_PUBLICATION_INCOMPLETE({
      message: `the publication ${JSON.stringify(name)} leaves out every ${missing.join(' and ')}${missing.includes('truncate') ? `, and /advanced/on_truncate is ${settings.onTruncate}` : ''}`,
      fix: `Run: ALTER PUBLICATION ${quoteIdentifier(name)} SET (publish = 'insert, update, delete, truncate');`,
    });
  }
  if (publication.exists) return publication;
  const statement = createPublicationSql(name, check.asPartitions, await sql.versionNumber());
  const refused = (cause?: unknown) =>
    errors.PG_PUBLICATION({
      message: `the publication ${JSON.stringify(name)} does not exist and ${check.standby ? 'a standby cannot' : 'the user may not'} create it`,
      fix: `${whereToRun(check)}: ${statement}`,
      cause,
    });
  if (settings.readOnly || check.standby) throw refused();
  if (!repair) {
    const row = await sql.row(
      'cannot check the privileges of the user',
      "SELECT pg_catalog.has_database_privilege(current_database(), 'CREATE') AS may",
    );
    if (row?.['may'] !== 't') throw refused();
    return { ...publication, viaRoot: !check.asPartitions };
  }
  try {
    await sql.query('cannot create the publication', statement);
  } catch (error) {
    throw refused(error);
  }
  return readPublication(sql, name);
}
