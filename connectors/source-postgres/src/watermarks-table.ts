// The table of the option `watermarks`: found, or made where the user may; writable, of the right shape, and published.
// Whatever is missing is an error with the SQL that mends it.

import { PgServerError, quoteIdentifier, quoteQualified } from '@weir/pgwire';
import type { SqlSession } from '@weir/postgres';
import { WeirError } from '@weir/protocol';
import { findStream, type StreamId, streamLabel } from '@weir/sqlcapture';
import { type PgRelationInfo, readRelations, replicaIdentityColumns } from './discovery/relations.ts';
import { errors } from './errors.ts';
import { type PublicationCheck, type PublicationInfo, publishedKey, readPublication } from './publication.ts';
import { ensurePublished } from './published-tables.ts';
import { watermarkSql } from './replication/watermarks.ts';

/** `schema.table`, as the configuration has it. */
export function watermarksStream(written: string): StreamId {
  const dot = written.indexOf('.');
  return { namespace: written.slice(0, dot), name: written.slice(dot + 1) };
}

export function watermarksReadOnlyError(why: string, fix?: string): WeirError {
  return errors.PG_WATERMARKS_READ_ONLY({
    message: `the feature flag watermarks needs a table to write to, and ${why}`,
    ...(fix === undefined ? {} : { fix }),
  });
}

/** The table by that name, in exact case or the only one in another. */
export async function findWatermarks(sql: SqlSession, wanted: StreamId): Promise<PgRelationInfo | undefined> {
  return findStream(await readRelations(sql, { streams: [wanted], asPartitions: false }), wanted);
}

/** Everything that keeps watermarks from being written, and from coming back through the stream. */
export async function watermarksFailures(
  check: PublicationCheck,
  wanted: StreamId,
  publication: PublicationInfo | undefined,
): Promise<unknown[]> {
  const { sql, settings } = check;
  if (check.standby) return [watermarksReadOnlyError('the server is a standby')];
  const row = await sql.row(
    'cannot ask whether the session may write',
    "SELECT current_setting('transaction_read_only') AS read_only",
  );
  if (row?.['read_only'] === 'on') {
    const user = quoteIdentifier(settings.user);
    return [
      watermarksReadOnlyError(
        'transactions of the user are read-only (default_transaction_read_only)',
        `Run: ALTER ROLE ${user} SET default_transaction_read_only = off; or take the flag away: fences then come without writes.`,
      ),
    ];
  }
  const existing = await findWatermarks(sql, wanted);
  const relation = existing ?? (await created(check, wanted, publication));
  if (relation instanceof WeirError) return [relation];
  if (relation === undefined) return [];
  // A publication of all tables, or of all of a schema, has a new one at once.
  const current = existing === undefined ? await readPublication(sql, settings.publication) : publication;
  const unwritable = await writeFailure(sql, settings.user, settings.slot, relation);
  return [
    ...(unwritable === undefined ? [] : [unwritable]),
    ...(current === undefined ? [] : await publicationFailures(check, current, relation)),
  ];
}

/** Of a table that is missing. Undefined when it could be made, and nothing is to be changed now. */
async function created(
  check: PublicationCheck,
  wanted: StreamId,
  publication: PublicationInfo | undefined,
): Promise<PgRelationInfo | WeirError | undefined> {
  const { sql, settings } = check;
  const create = createTableSql(wanted);
  const missing = (cause?: unknown) =>
    errors.PG_WATERMARKS_MISSING({
      message: `the watermarks table ${streamLabel(wanted)} does not exist, and ${cause instanceof Error ? `it cannot be created: ${cause.message}` : 'the user may not create it'}`,
      fix: `Run: ${[create, ...grantsSql(wanted, settings.user), addTableSql(settings.publication, wanted)].join(' ')}`,
      cause,
    });
  if (!check.repair) {
    const may = await mayCreate(sql, wanted, settings.publication);
    if (!may.table) return missing();
    if (publication?.exists !== true || publication.allTables || may.published) return undefined;
    return errors.PG_WATERMARKS_UNPUBLISHED({
      message: `the watermarks table ${streamLabel(wanted)}, which does not exist yet, is not in the publication ${JSON.stringify(settings.publication)}, and the user may not add it`,
      fix: `Run: ${[create, ...grantsSql(wanted, settings.user), addTableSql(settings.publication, wanted)].join(' ')}`,
    });
  }
  try {
    await sql.query('cannot create the watermarks table', create);
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'PG_QUERY_FAILED') throw error;
    // Another capture may have made it at the same time.
    return (await findWatermarks(sql, wanted)) ?? missing(error);
  }
  return (await findWatermarks(sql, wanted)) ?? missing();
}

function createTableSql({ namespace, name }: StreamId): string {
  return `CREATE TABLE IF NOT EXISTS ${quoteQualified(namespace, name)} (slot text PRIMARY KEY, watermark text);`;
}

function addTableSql(publication: string, { namespace, name }: StreamId): string {
  return `ALTER PUBLICATION ${quoteIdentifier(publication)} ADD TABLE ${quoteQualified(namespace, name)};`;
}

function grantsSql({ namespace, name }: StreamId, user: string): readonly string[] {
  return [
    `GRANT USAGE ON SCHEMA ${quoteIdentifier(namespace)} TO ${quoteIdentifier(user)};`,
    `GRANT SELECT, INSERT, UPDATE ON ${quoteQualified(namespace, name)} TO ${quoteIdentifier(user)};`,
  ];
}

async function mayCreate(sql: SqlSession, { namespace }: StreamId, publication: string) {
  const ofSchema =
    (await sql.versionNumber()) < 150_000
      ? 'false'
      : `EXISTS (SELECT FROM pg_catalog.pg_publication_namespace s JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid
                  WHERE s.pnpubid = p.oid AND n.nspname = $1)`;
  const row = await sql.row(
    'cannot check the privileges of the user',
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
                     AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')) AS "table",
            EXISTS (SELECT FROM pg_catalog.pg_publication p WHERE p.pubname = $2
                     AND (pg_catalog.pg_has_role(p.pubowner, 'USAGE') OR ${ofSchema})) AS published`,
    [namespace, publication],
  );
  return { table: row?.['table'] === 't', published: row?.['published'] === 't' };
}

/** The server judges the write without doing it: EXPLAIN looks at privileges, columns and the unique key. */
async function writeFailure(
  sql: SqlSession,
  user: string,
  slot: string,
  relation: PgRelationInfo,
): Promise<WeirError | undefined> {
  const label = streamLabel(relation);
  if (replicaIdentityColumns(relation) === undefined) {
    return errors.PG_WATERMARKS_UNWRITABLE({
      message: `the watermarks table ${label} has no replica identity, so the server refuses updates of it while it is published`,
      fix: `Run: ALTER TABLE ${quoteQualified(relation.namespace, relation.name)} REPLICA IDENTITY FULL;`,
    });
  }
  const connection = await sql.connection();
  try {
    await connection.query(`EXPLAIN ${watermarkSql(relation, slot, 'check')}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof PgServerError)) throw error;
    const message = `the user ${JSON.stringify(user)} cannot write to the watermarks table ${label}: ${error.message}`;
    const fix =
      error.sqlstate === '42501'
        ? `Run: ${grantsSql(relation, user).join(' ')} (and, if row security is in the way: ALTER ROLE ${quoteIdentifier(user)} BYPASSRLS;)`
        : `Name another table at /advanced/watermarksTable, or make one of the right shape: ${createTableSql(relation)}`;
    return errors.PG_WATERMARKS_UNWRITABLE({ message, fix, cause: error });
  }
}

async function publicationFailures(
  check: PublicationCheck,
  publication: PublicationInfo,
  relation: PgRelationInfo,
): Promise<unknown[]> {
  const failures = await ensurePublished(check, publication, [relation]);
  if (failures.length > 0) {
    return failures.map((failure) =>
      failure instanceof WeirError
        ? errors.PG_WATERMARKS_UNPUBLISHED({
            message: `watermarks would not come back through the stream: ${failure.message}`,
            fix: failure.fix,
            cause: failure.cause,
          })
        : failure,
    );
  }
  if (!publication.tables.has(publishedKey(relation.namespace, relation.name))) return [];
  return filterFailures(check, relation);
}

/** A row filter or a column list (since version 15) holds watermarks back. */
async function filterFailures(
  { sql, settings }: PublicationCheck,
  relation: PgRelationInfo,
): Promise<unknown[]> {
  const row = await sql.row(
    'cannot read the filters of the publication',
    `SELECT FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
      WHERE p.pubname = $1 AND r.prrelid = $2::oid
        AND coalesce(to_jsonb(r) ->> 'prqual', to_jsonb(r) ->> 'prattrs') IS NOT NULL`,
    [settings.publication, relation.oid],
  );
  if (row === undefined) return [];
  const [name, table] = [
    quoteIdentifier(settings.publication),
    quoteQualified(relation.namespace, relation.name),
  ];
  return [
    errors.PG_WATERMARKS_UNPUBLISHED({
      message: `the publication ${JSON.stringify(settings.publication)} filters the watermarks table ${streamLabel(relation)}, so that watermarks may not come back through the stream`,
      fix: `Run: ALTER PUBLICATION ${name} DROP TABLE ${table}; ALTER PUBLICATION ${name} ADD TABLE ${table};`,
    }),
  ];
}
