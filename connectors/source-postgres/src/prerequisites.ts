// Everything that has to be true before a capture can run, checked in one go, so that a user reads one list with the
// SQL for each item instead of meeting the problems one by one.

import { quoteIdentifier, quoteQualified } from '@weir/pgwire';
import { prerequisiteError, type Logger } from '@weir/connector';
import { findStream, resourceStream, streamLabel, type StreamId } from '@weir/sqlcapture';
import {
  resourceFailures,
  rowSecurityFailures,
  type ScannedBinding,
  scanKeyFailures,
} from './binding-checks.ts';
import type { SourceSettings } from './config.ts';
import { connectionLimitFailures } from './connection-limits.ts';
import { roleError } from './connection.ts';
import { readRelations, type PgRelationInfo } from './discovery/relations.ts';
import { errors } from './errors.ts';
import { ensurePublication, type PublicationCheck } from './publication.ts';
import { ensurePublished } from './published-tables.ts';
import { identityFailures } from './replica-identity.ts';
import { reportRisks } from './risks.ts';
import { arrayLiteral, type SqlSession } from '@weir/postgres';
import { checkStandby, isStandby } from './standby.ts';
import { watermarksFailures } from './watermarks-table.ts';

export interface PrerequisiteOptions {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly asPartitions: boolean;
  readonly bindings: readonly ScannedBinding[];
  /** Create what is missing where the user may; otherwise nothing is changed. */
  readonly repair: boolean;
  /** The capture was applied before, and may have run. */
  readonly hasRun?: boolean;
  /** Its state was looked at, so that what is known of its slot is in `found`. */
  readonly isExamined?: boolean;
  /** What is wrong by the bindings alone, to be told in the same list. */
  readonly found?: readonly unknown[];
  readonly log: Logger;
}

/** Throws one error that lists everything missing, or the error of a connection that cannot be made. */
export async function checkPrerequisites(options: PrerequisiteOptions): Promise<void> {
  const { sql, settings, repair } = options;
  const failures: unknown[] = [...(options.found ?? [])];
  failures.push(...watermarksBound(options));
  if (settings.flags.skip_prerequisites) return throwAll(failures);
  const version = await checkVersion(sql);
  const attempt = async <T>(check: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await check();
    } catch (failure) {
      failures.push(failure);
      return undefined;
    }
  };
  await attempt(() => checkWalLevel(sql));
  const standby = await isStandby(sql);
  if (standby) await attempt(() => Promise.resolve(checkStandby(version)));
  await attempt(() => checkRole(sql, settings));
  await attempt(() => checkSlot(sql, settings, repair));
  // A capture that only streams needs fewer, and one that is running has them already.
  if (!repair) failures.push(...(await connectionLimitFailures(sql, settings)));
  const publicationCheck: PublicationCheck = { ...options, standby };
  const publication = await attempt(() => ensurePublication(publicationCheck));
  if (settings.flags.watermarks)
    failures.push(...(await watermarksFailures(publicationCheck, settings.watermarksTable, publication)));
  if (!settings.flags.skip_table_prerequisites) {
    const relations = await boundRelations(options, failures);
    failures.push(...(await unreadable(sql, settings, relations)));
    failures.push(...(await rowSecurityFailures(sql, relations)));
    const resources = options.bindings.map(({ resource }) => resource);
    failures.push(...(await resourceFailures(sql, resources, relations)));
    if (publication !== undefined)
      failures.push(...(await ensurePublished(publicationCheck, publication, relations)));
    failures.push(...(await identityFailures(options, relations)));
    // A start asks again when it knows which tables are still to be read.
    if (!repair) failures.push(...(await scanKeyFailures(options, relations)));
    if (!repair) await reportRisks(options, relations);
  }
  throwAll(failures);
}

/** Each watermark would be a change to capture, and each checkpoint of it be followed by another. */
function watermarksBound({ settings, bindings }: PrerequisiteOptions): unknown[] {
  if (!settings.flags.watermarks) return [];
  const streams = bindings.map(({ resource }) => resourceStream(resource));
  const bound = findStream(streams, settings.watermarksTable);
  if (bound === undefined) return [];
  return [
    errors.PG_WATERMARKS_BOUND({
      message: `${streamLabel(bound)} is the watermarks table of this capture and one of its bindings`,
    }),
  ];
}

function throwAll(failures: readonly unknown[]): void {
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : prerequisiteError(failures);
}

/** Throws PG_VERSION: nothing else could be asked of such a server. Returns the version as one number: 150007. */
export async function checkVersion(sql: SqlSession): Promise<number> {
  const version = await sql.versionNumber();
  if (version >= 100_000) return version;
  throw errors.PG_VERSION({
    message: `PostgreSQL 10 or later is needed, and the server is ${(await sql.connection()).parameters.get('server_version') ?? version}`,
  });
}

/** Throws PG_WAL_LEVEL. */
export async function checkWalLevel(sql: SqlSession): Promise<void> {
  const row = await sql.row('cannot read wal_level', "SELECT current_setting('wal_level') AS level");
  if (row?.['level'] === 'logical') return;
  throw errors.PG_WAL_LEVEL({
    message: `logical replication is not enabled: wal_level is ${row?.['level'] ?? 'unknown'}`,
  });
}

/** By the role in use, not the configured name: Azure's logins are user@server. */
async function checkRole(sql: SqlSession, settings: SourceSettings): Promise<void> {
  const row = await sql.row(
    'cannot read the role of the user',
    `SELECT r.rolreplication OR r.rolsuper OR EXISTS (
              SELECT FROM pg_catalog.pg_roles m
               WHERE m.rolname = 'rds_replication' AND pg_catalog.pg_has_role(r.oid, m.oid, 'MEMBER')) AS may
       FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,
  );
  if (row?.['may'] !== 't') throw roleError(settings.user);
}

/** `repair`: the capture starts, and what is wrong with a slot that it goes on with is told before one is made. */
async function checkSlot(sql: SqlSession, settings: SourceSettings, repair: boolean): Promise<void> {
  const row = await sql.row(
    'cannot read the replication slots',
    'SELECT slot_type, plugin, database FROM pg_catalog.pg_replication_slots WHERE slot_name = $1',
    [settings.slot],
  );
  const slot = JSON.stringify(settings.slot);
  if (row === undefined) {
    if (settings.flags.create_replication_slot) return repair ? undefined : checkFreeSlot(sql, slot);
    throw errors.PG_SLOT_MISSING({
      message: `the replication slot ${slot} does not exist, and the flag no_create_replication_slot forbids creating it`,
      fix: `Run: SELECT pg_create_logical_replication_slot('${settings.slot}', 'pgoutput');`,
    });
  }
  if (row['slot_type'] !== 'logical' || row['plugin'] !== 'pgoutput') {
    throw errors.PG_SLOT_ELSEWHERE({
      message: `the replication slot ${slot} is a ${row['slot_type'] ?? ''} slot of ${row['plugin'] ?? 'no plugin'}, not a logical one of pgoutput`,
    });
  }
  if (row['database'] !== settings.database) {
    throw errors.PG_SLOT_ELSEWHERE({
      message: `the replication slot ${slot} exists in the database ${JSON.stringify(row['database'])}, but the configured one is ${JSON.stringify(settings.database)}`,
    });
  }
}

/** Throws PG_SLOT_CREATE_FAILED. */
async function checkFreeSlot(sql: SqlSession, slot: string): Promise<void> {
  const row = await sql.row(
    'cannot read the replication slots',
    `SELECT current_setting('max_replication_slots') AS most,
            (SELECT count(*) FROM pg_catalog.pg_replication_slots) AS taken`,
  );
  if (Number(row?.['taken']) < Number(row?.['most'])) return;
  throw errors.PG_SLOT_CREATE_FAILED({
    message: `the replication slot ${slot} does not exist, and cannot be created: all ${row?.['most'] ?? ''} replication slots are taken`,
    fix: 'Drop a slot that nobody uses (SELECT slot_name, active FROM pg_replication_slots;), or raise max_replication_slots and restart the server.',
  });
}

async function boundRelations(options: PrerequisiteOptions, failures: unknown[]): Promise<PgRelationInfo[]> {
  const { sql, settings, bindings } = options;
  const streams = bindings.map((binding) => resourceStream(binding.resource));
  const relations = await readRelations(sql, { streams, asPartitions: options.asPartitions });
  const absent: StreamId[] = [];
  const found = streams.flatMap((stream) => {
    const relation = findStream(relations, stream);
    if (relation !== undefined) return [relation];
    absent.push(stream);
    return [];
  });
  for (const stream of absent) failures.push(await absenceError(sql, settings, stream));
  return found;
}

/** Why a bound table is not among those that can be captured: it is not there, or it is something else. */
async function absenceError(sql: SqlSession, settings: SourceSettings, stream: StreamId): Promise<unknown> {
  const row = await sql.row(
    'cannot look for a table',
    `SELECT CASE WHEN c.relpersistence = 'u' THEN 'an unlogged table' WHEN c.relpersistence = 't' THEN 'a temporary table'
                 WHEN c.relkind = 'v' THEN 'a view' WHEN c.relkind = 'm' THEN 'a materialized view'
                 WHEN c.relkind = 'f' THEN 'a foreign table' ELSE 'no table of yours' END AS what
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2`,
    [stream.namespace, stream.name],
  );
  const label = streamLabel(stream);
  if (row === undefined) {
    return errors.PG_TABLE_UNREADABLE({
      message: `the user ${JSON.stringify(settings.user)} cannot read from the table ${label}: it does not exist`,
      fix: 'Create the table, or disable its binding.',
    });
  }
  return errors.PG_TABLE_UNREADABLE({
    message: `${label} is ${row['what'] ?? 'no table'}, whose changes the server does not replicate`,
    fix: 'Disable its binding; source-postgres-batch can read it on a schedule.',
  });
}

async function unreadable(
  sql: SqlSession,
  settings: SourceSettings,
  relations: readonly PgRelationInfo[],
): Promise<unknown[]> {
  if (relations.length === 0) return [];
  const rows = await sql.rows(
    'cannot check the privileges of the user',
    `SELECT c.oid, pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS usage,
            pg_catalog.has_table_privilege(c.oid, 'SELECT') OR NOT EXISTS (
              SELECT FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')) AS readable
       FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])`,
    [arrayLiteral(relations.map((relation) => String(relation.oid)))],
  );
  return rows.flatMap((row) => {
    const relation = relations.find((candidate) => String(candidate.oid) === row['oid']);
    if (relation === undefined || (row['usage'] === 't' && row['readable'] === 't')) return [];
    const user = quoteIdentifier(settings.user);
    const grants = [
      ...(row['usage'] === 't'
        ? []
        : [`GRANT USAGE ON SCHEMA ${quoteIdentifier(relation.namespace)} TO ${user};`]),
      ...(row['readable'] === 't'
        ? []
        : [`GRANT SELECT ON ${quoteQualified(relation.namespace, relation.name)} TO ${user};`]),
    ];
    return [
      errors.PG_TABLE_UNREADABLE({
        message: `the user ${JSON.stringify(settings.user)} cannot read from the table ${streamLabel(relation)}`,
        fix: `Run: ${grants.join(' ')}`,
      }),
    ];
  });
}
