// The kinds of connections of a capture. They pin the settings that decide how values are printed, so that backfill and
// replication agree whatever the server's own settings are.

import { type PgConnection, PgServerError, quoteIdentifier } from '@weir/pgwire';
import { type Connect, type ConnectionPurpose, sessionSettings } from '@weir/postgres';
import { WeirError } from '@weir/protocol';
import type { SourceSettings } from './config.ts';
import { errors } from './errors.ts';

const REPLICATION_CONNECT_TIMEOUT_MS = 30_000;

/** `watermarks`: for rows of ours, which no standby has to have. */
export type ConnectionKind = 'sql' | 'replication' | 'watermarks';

export type ConnectionFactory = (kind: ConnectionKind, signal?: AbortSignal) => Promise<PgConnection>;

export function connectionFactory(connect: Connect, settings: SourceSettings): ConnectionFactory {
  const purposes: Readonly<Record<ConnectionKind, ConnectionPurpose>> = {
    sql: {
      settings: {
        ...sessionSettings,
        // Parallel sequential scans would be preferred to the range of pages that a chunk is.
        max_parallel_workers_per_gather: '0',
        // A policy that hides rows from a backfill, though not from replication, is an error and no filter.
        row_security: 'off',
        statement_timeout: settings.statementTimeout,
      },
    },
    replication: {
      replication: 'database',
      settings: sessionSettings,
      connectTimeoutMs: REPLICATION_CONNECT_TIMEOUT_MS,
    },
    watermarks: {
      settings: {
        ...sessionSettings,
        synchronous_commit: 'local',
        row_security: 'off',
        statement_timeout: settings.statementTimeout,
      },
    },
  };
  return async (kind, signal) => {
    try {
      return await connect({
        applicationName: 'estuary_flow',
        ...purposes[kind],
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      throw isReplicationRefused(error) ? roleError(settings.user, error) : error;
    }
  };
}

function isReplicationRefused(error: unknown): boolean {
  const cause = error instanceof WeirError ? error.cause : undefined;
  return (
    cause instanceof PgServerError &&
    ['28000', '42501'].includes(cause.sqlstate) &&
    /REPLICATION|replication (role|slot)|walsender/.test(cause.message)
  );
}

export function roleError(user: string, cause?: unknown): WeirError {
  return errors.PG_ROLE({
    message: `the user ${JSON.stringify(user)} may not replicate`,
    fix: `Run: ALTER ROLE ${quoteIdentifier(user)} WITH REPLICATION;  (on Amazon RDS: GRANT rds_replication TO ${quoteIdentifier(user)};)`,
    cause,
  });
}
