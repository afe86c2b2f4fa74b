// What does not keep a capture from running today and may hurt it, or its database, tomorrow. Each risk is told when a
// task is validated, with the SQL that ends it.

import type { Logger } from '@weir/connector';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '@weir/pgwire';
import { streamLabel } from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import { connectionRisks } from './connection-limits.ts';
import type { PgRelationInfo } from './discovery/relations.ts';
import { META, metaColumnMessage } from './document/row-table.ts';
import { arrayLiteral, type SqlSession } from '@weir/postgres';

export interface Risk {
  readonly message: string;
  readonly fix: string;
}

/** What the server says of itself; a figure that its version does not have is undefined. */
export interface ServerFacts {
  /** As server_version_num: 150007. */
  readonly version: number;
  readonly user: string;
  readonly slot: string;
  readonly slotExists: boolean;
  /** The capture may have run before. */
  readonly hasRun: boolean;
  /** Its state was looked at, and a slot that it has lost is an error. */
  readonly isExamined: boolean;
  readonly walSenders: number;
  readonly maxWalSenders: number;
  /** Bytes; -1 is without limit. Since version 13. */
  readonly maxSlotWalKeepBytes: number | undefined;
  /** Of our slot: reserved, extended, unreserved or lost. Since version 13. */
  readonly walStatus: string | undefined;
  readonly synchronousStandbys: string;
  readonly seesOtherSessions: boolean;
  readonly encoding: string;
}

/** First releases that tell the decoding of open transactions when a table is added to a publication. */
const FIXED_RELEASES: ReadonlyMap<number, number> = new Map([
  [13, 21],
  [14, 18],
  [15, 13],
  [16, 9],
  [17, 5],
]);

export function serverRisks(facts: ServerFacts): readonly Risk[] {
  const risks: Risk[] = [];
  if (facts.maxSlotWalKeepBytes === -1) {
    risks.push({
      message:
        'while this capture is stopped, the server keeps all its log for the slot: max_slot_wal_keep_size has no limit, and the disk may fill up',
      fix: "Run: ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();",
    });
  }
  if (facts.walStatus === 'extended' || facts.walStatus === 'unreserved') {
    risks.push({
      message: `the slot ${JSON.stringify(facts.slot)} holds more log than the server reserves for it (${facts.walStatus}); the capture lags behind, and may lose its slot`,
      fix: 'Let the capture run, or raise max_slot_wal_keep_size.',
    });
  }
  if (facts.hasRun && !facts.isExamined && !facts.slotExists) {
    risks.push({
      message: `the replication slot ${JSON.stringify(facts.slot)} does not exist; if this capture has run before, what was written since is lost to it, and it will stop`,
      fix: 'Run: weir backfill <task> --all; the tables are then read anew, into the same collections.',
    });
  }
  if (facts.hasRun && !facts.isExamined && facts.walStatus === 'lost') {
    risks.push({
      message: `the server has removed log that the replication slot ${JSON.stringify(facts.slot)} still needed; what was written since is lost to this capture, and it will stop`,
      fix: 'Run: weir backfill <task> --all; the tables are then read anew, into the same collections.',
    });
  }
  if (!facts.hasRun && facts.slotExists) {
    risks.push({
      message: `the replication slot ${JSON.stringify(facts.slot)} exists already, and a capture that starts from the beginning drops it and creates its own`,
      fix: 'If another capture reads that slot, choose another /advanced/slotName for this one.',
    });
  }
  if (facts.walSenders >= facts.maxWalSenders) {
    risks.push({
      message: `all ${facts.maxWalSenders} replication connections are in use`,
      fix: 'Raise max_wal_senders and restart the server, or end a connection of pg_stat_replication.',
    });
  }
  if (facts.synchronousStandbys !== '' && !facts.seesOtherSessions) {
    risks.push({
      message:
        'with synchronous replication, a capture that restarts during a backfill must see which commits wait for a standby, and the user may not',
      fix: `Run: GRANT pg_read_all_stats TO ${quoteIdentifier(facts.user)};`,
    });
  }
  if (facts.encoding === 'SQL_ASCII') {
    risks.push({
      message:
        'the encoding of the database is SQL_ASCII, so the server does not know what its texts are written in: the first that is not UTF-8 stops the capture',
      fix: 'Make sure that all text is UTF-8, or copy the data into a database whose ENCODING is the one it is written in.',
    });
  }
  const [major, minor] = [Math.floor(facts.version / 10_000), facts.version % 10_000];
  const fixed = major < 13 ? Infinity : (FIXED_RELEASES.get(major) ?? 0);
  if (minor < fixed) {
    risks.push({
      message: `this release of PostgreSQL (${major}.${minor}) can stop sending the changes of a table that is published while transactions write to it`,
      fix: 'Update the server to its latest minor release, or restart the capture after adding a busy table.',
    });
  }
  return risks;
}

async function readServerFacts(
  sql: SqlSession,
  settings: SourceSettings,
  past: Pick<ServerFacts, 'hasRun' | 'isExamined'>,
): Promise<ServerFacts> {
  const row = await sql.row(
    'cannot read the settings of the server',
    `SELECT current_setting('server_version_num') AS version, current_user AS "user",
            (SELECT count(*) FROM pg_catalog.pg_stat_replication) AS senders,
            current_setting('max_wal_senders') AS max_senders,
            (SELECT s.setting::bigint * 1024 * 1024 FROM pg_catalog.pg_settings s
              WHERE s.name = 'max_slot_wal_keep_size' AND s.setting <> '-1') AS keep_bytes,
            current_setting('max_slot_wal_keep_size', true) AS keep,
            (SELECT to_jsonb(s) ->> 'wal_status' FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1) AS wal_status,
            EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1) AS slot_exists,
            current_setting('synchronous_standby_names') AS standbys, current_setting('server_encoding') AS encoding,
            pg_catalog.pg_has_role('pg_read_all_stats', 'MEMBER') AS sees`,
    [settings.slot],
  );
  const keep = row?.['keep'];
  return {
    version: Number(row?.['version']),
    user: row?.['user'] ?? '',
    slot: settings.slot,
    slotExists: row?.['slot_exists'] === 't',
    ...past,
    walSenders: Number(row?.['senders']),
    maxWalSenders: Number(row?.['max_senders']),
    maxSlotWalKeepBytes:
      typeof keep === 'string' ? (keep === '-1' ? -1 : Number(row?.['keep_bytes'])) : undefined,
    walStatus: row?.['wal_status'] ?? undefined,
    synchronousStandbys: row?.['standbys'] ?? '',
    seesOtherSessions: row?.['sees'] === 't',
    encoding: row?.['encoding'] ?? '',
  };
}

/** Row filters and column lists of a publication (since version 15) hold back changes, and not existing rows. */
async function publicationRisks(
  sql: SqlSession,
  settings: SourceSettings,
  relations: readonly PgRelationInfo[],
  version: number,
): Promise<readonly Risk[]> {
  if (version < 150_000 || relations.length === 0) return [];
  const rows = await sql.rows(
    'cannot read the filters of the publication',
    `SELECT r.prrelid AS oid, r.prqual IS NOT NULL AS rows, r.prattrs IS NOT NULL AS columns
       FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
      WHERE p.pubname = $1 AND r.prrelid = ANY ($2::oid[]) AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL)`,
    [settings.publication, arrayLiteral(relations.map((relation) => String(relation.oid)))],
  );
  return rows.flatMap((row) => {
    const relation = relations.find((candidate) => String(candidate.oid) === row['oid']);
    if (relation === undefined) return [];
    const what = [row['rows'] === 't' ? 'rows' : '', row['columns'] === 't' ? 'columns' : '']
      .filter((part) => part !== '')
      .join(' and ');
    const [table, name] = [
      quoteQualified(relation.namespace, relation.name),
      quoteIdentifier(settings.publication),
    ];
    return [
      {
        message: `the publication ${JSON.stringify(settings.publication)} leaves out ${what} of ${streamLabel(relation)}, which a backfill reads nevertheless`,
        fix: `Run: ALTER PUBLICATION ${name} DROP TABLE ${table}; ALTER PUBLICATION ${name} ADD TABLE ${table}; then increment the backfill counter of its binding, for what was left out.`,
      },
    ];
  });
}

function metaRisks(relations: readonly PgRelationInfo[]): readonly Risk[] {
  return relations
    .filter(({ columns }) => columns.some(({ name }) => name === META))
    .map((relation) => ({
      message: metaColumnMessage(relation),
      fix: `Run: ALTER TABLE ${quoteQualified(relation.namespace, relation.name)} RENAME COLUMN "${META}" TO …;`,
    }));
}

/** Log that a slot nobody reads has kept is worth a word from here on. */
const FORGOTTEN_SLOT_BYTES = 1024 ** 3;

/** Slots other than ours. */
async function idleSlotRisks(sql: SqlSession, settings: SourceSettings): Promise<readonly Risk[]> {
  const rows = await sql.rows(
    'cannot read the replication slots',
    `SELECT s.slot_name AS name, pg_catalog.pg_size_pretty(kept.bytes) AS size
       FROM pg_catalog.pg_replication_slots s,
            LATERAL (SELECT pg_catalog.pg_wal_lsn_diff(
              CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                   ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn) AS bytes) kept
      WHERE NOT s.active AND s.slot_name <> $1 AND kept.bytes > ${FORGOTTEN_SLOT_BYTES}`,
    [settings.slot],
  );
  return rows.map(({ name, size }) => ({
    message: `nobody reads the replication slot ${JSON.stringify(name)}, and the server keeps ${size ?? ''} of log for it`,
    fix: `If nobody needs it, run: SELECT pg_drop_replication_slot(${quoteLiteral(name ?? '').trim()});`,
  }));
}

const OLD_TRANSACTION_MINUTES = 30;

/** Transactions with an id, which a new slot waits for and the server keeps log and dead rows for. */
export async function oldTransactionRisks(
  sql: SqlSession,
  minutes = OLD_TRANSACTION_MINUTES,
): Promise<readonly Risk[]> {
  const rows = await sql.rows(
    'cannot read what is open',
    `SELECT a.pid, NULL AS gid, a.usename AS "user", pg_catalog.floor(extract(epoch FROM now() - a.xact_start) / 60) AS minutes
       FROM pg_catalog.pg_stat_activity a
      WHERE a.backend_xid IS NOT NULL AND a.xact_start <= now() - $1::int * interval '1 minute'
     UNION ALL
     SELECT NULL, p.gid, p.owner, pg_catalog.floor(extract(epoch FROM now() - p.prepared) / 60)
       FROM pg_catalog.pg_prepared_xacts p
      WHERE p.prepared <= now() - $1::int * interval '1 minute'`,
    [String(minutes)],
  );
  return rows.map(({ pid, gid, user, minutes: age }) => {
    const [who, fix] =
      typeof pid === 'string'
        ? [`a transaction of server process ${pid}`, `SELECT pg_terminate_backend(${pid});`]
        : [
            `the prepared transaction ${JSON.stringify(gid)}`,
            `ROLLBACK PREPARED ${quoteLiteral(gid ?? '').trim()};`,
          ];
    return {
      message: `${who} (${user}) has been open for ${age} minutes: a new replication slot begins only when it has ended, and the server keeps all its log since`,
      fix: `Let it end, or run: ${fix}`,
    };
  });
}

export async function reportRisks(
  { sql, settings, log, hasRun = false, isExamined = false }: RiskOptions,
  relations: readonly PgRelationInfo[],
): Promise<void> {
  const facts = await readServerFacts(sql, settings, { hasRun, isExamined });
  const risks = [
    ...serverRisks(facts),
    ...metaRisks(relations),
    ...(await publicationRisks(sql, settings, relations, facts.version)),
    ...(await idleSlotRisks(sql, settings)),
    ...(await connectionRisks(sql, settings)),
    ...(await oldTransactionRisks(sql)),
  ];
  for (const { message, fix } of risks) log.info(message, { fix });
}

export interface RiskOptions {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly log: Logger;
  readonly hasRun?: boolean;
  readonly isExamined?: boolean;
}
