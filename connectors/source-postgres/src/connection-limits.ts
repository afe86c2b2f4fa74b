// Whether a capture gets as many connections as it opens. That for replication counts against max_wal_senders only (see
// risks.ts), and no limit of a role or a database holds for it.

import { quoteIdentifier } from '@weir/pgwire';
import type { SqlSession } from '@weir/postgres';
import type { SourceSettings } from './config.ts';
import { errors } from './errors.ts';
import type { Risk } from './risks.ts';

/** Beside that for replication: for the catalogues, for chunks, and for watermarks. */
export function sqlConnections(settings: Pick<SourceSettings, 'backfillConnections' | 'flags'>): number {
  return 1 + settings.backfillConnections + (settings.flags.watermarks ? 1 : 0);
}

/** One PG_CONNECTION_LIMIT per limit that is too low, however few connections there are. */
export async function connectionLimitFailures(
  sql: SqlSession,
  settings: SourceSettings,
): Promise<readonly unknown[]> {
  const needed = sqlConnections(settings);
  const row = await sql.row(
    'cannot read the limits of connections',
    `SELECT r.rolname, r.rolconnlimit, d.datname, d.datconnlimit, ${OPEN_TO_ALL} AS open_to_all
       FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
      WHERE r.rolname = current_user AND NOT r.rolsuper AND d.datname = current_database()`,
  );
  if (row === undefined) return [];
  const end = settings.backfillConnections > 1 ? '; or lower /advanced/backfill_connections.' : ';';
  const failures: unknown[] = [];
  const compare = (limit: number, whose: string, fix: string): void => {
    if (limit < 0 || limit >= needed) return;
    failures.push(
      errors.PG_CONNECTION_LIMIT({
        message: `the capture opens ${needed} connections beside that for replication, and ${whose} ${limit}`,
        fix: `${fix}${end}`,
      }),
    );
  };
  const [role, database] = [row['rolname'] ?? '', row['datname'] ?? ''];
  compare(
    Number(row['rolconnlimit']),
    `the user ${JSON.stringify(role)} may have`,
    `Run: ALTER ROLE ${quoteIdentifier(role)} CONNECTION LIMIT ${needed}`,
  );
  compare(
    Number(row['datconnlimit']),
    `the database ${JSON.stringify(database)} takes`,
    `Run: ALTER DATABASE ${quoteIdentifier(database)} CONNECTION LIMIT -1`,
  );
  compare(
    Math.max(0, Number(row['open_to_all'])),
    'the server has for all its users',
    'Raise max_connections and restart the server',
  );
  return failures;
}

/** Those that only superusers and roles with pg_use_reserved_connections (since version 16) get are left out. */
const OPEN_TO_ALL = `current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                     - coalesce(current_setting('reserved_connections', true), '0')::int`;

/** There would be enough, and others have them at the moment. Those of a capture that is running count as its own. */
export async function connectionRisks(sql: SqlSession, settings: SourceSettings): Promise<readonly Risk[]> {
  const needed = sqlConnections(settings);
  const row = await sql.row(
    'cannot count the connections of the server',
    `SELECT ${OPEN_TO_ALL} - (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database)
              + (SELECT count(*) FROM pg_catalog.pg_stat_activity
                  WHERE usename = current_user AND application_name = 'estuary_flow') AS free`,
  );
  const free = Number(row?.['free']);
  if (!(free < needed)) return [];
  return [
    {
      message: `the capture opens ${needed} connections beside that for replication, and ${Math.max(0, free)} of the server are free`,
      fix: 'Raise max_connections and restart the server, or close connections of other clients.',
    },
  ];
}
