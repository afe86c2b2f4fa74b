// What a capture can have of a standby. Everything that is written, as the publication, comes from its primary.

import type { SqlSession } from '@weir/postgres';
import { errors } from './errors.ts';

/** The first version that decodes its log on a standby. */
const DECODES_ON_STANDBY = 160_000;

export async function isStandby(sql: SqlSession): Promise<boolean> {
  const row = await sql.row(
    'cannot ask whether the server is a standby',
    'SELECT pg_catalog.pg_is_in_recovery() AS recovers',
  );
  return row?.['recovers'] === 't';
}

/** Throws PG_STANDBY. */
export function checkStandby(version: number): void {
  if (version >= DECODES_ON_STANDBY) return;
  throw errors.PG_STANDBY({
    message: `the server is a standby of PostgreSQL ${Math.floor(version / 10_000)}, which does not decode its log while it recovers`,
    fix: 'Connect to the primary; or capture from a standby of PostgreSQL 16 or later.',
  });
}
