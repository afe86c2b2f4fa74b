// What a bound table, or the resource of its binding, can have that would make a backfill leave rows out or fail.

import type { Logger } from '@weir/connector';
import { PgServerError, quoteIdentifier } from '@weir/pgwire';
import { arrayLiteral, type SqlSession, TypeCatalog } from '@weir/postgres';
import { WeirError } from '@weir/protocol';
import {
  activateTable,
  backfillFilter,
  configuredKeyColumns,
  findStream,
  requireScanKey,
  type ResourceConfig,
  resourceStream,
  streamLabel,
} from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import { type PgRelationInfo, tableReference } from './discovery/relations.ts';
import { loadTypes, tableInfo } from './discovery/table-info.ts';
import { errors } from './errors.ts';

/** One PG_ROW_SECURITY per table whose policies hide rows from the user. */
export async function rowSecurityFailures(
  sql: SqlSession,
  relations: readonly PgRelationInfo[],
): Promise<unknown[]> {
  if (relations.length === 0) return [];
  const rows = await sql.rows(
    'cannot ask for the row security of the tables',
    `SELECT c.oid, current_user AS "user" FROM pg_catalog.pg_class c
      WHERE c.oid = ANY ($1::oid[]) AND pg_catalog.row_security_active(c.oid)`,
    [arrayLiteral(relations.map(({ oid }) => String(oid)))],
  );
  return rows.flatMap((row) => {
    const relation = relations.find(({ oid }) => String(oid) === row['oid']);
    if (relation === undefined) return [];
    const user = row['user'] ?? '';
    return [
      errors.PG_ROW_SECURITY({
        message: `row security hides rows of the table ${streamLabel(relation)} from the user ${JSON.stringify(user)}, and a backfill would leave them out`,
        fix: `Run: ALTER ROLE ${quoteIdentifier(user)} BYPASSRLS;`,
      }),
    ];
  });
}

export interface ScannedBinding {
  readonly resource: ResourceConfig;
  /** JSON pointers. */
  readonly collectionKey: readonly string[];
  /** Its rows are being read, or were: that cannot be refused any more. */
  readonly isBegun?: boolean;
}

interface ScanKeyOptions {
  readonly sql: SqlSession;
  readonly settings: SourceSettings;
  readonly bindings: readonly ScannedBinding[];
  readonly log: Logger;
}

/** One error per binding whose rows cannot be read along its key, and a warning when they were. */
export async function scanKeyFailures(
  { sql, settings, bindings, log }: ScanKeyOptions,
  relations: readonly PgRelationInfo[],
): Promise<unknown[]> {
  const types = new TypeCatalog();
  await loadTypes(
    sql,
    types,
    relations.flatMap(({ columns }) => columns.map(({ typeOid }) => typeOid)),
  );
  return bindings.flatMap((binding) => {
    const { namespace, stream } = binding.resource;
    const relation = findStream(relations, resourceStream(binding.resource));
    if (relation === undefined || settings.isSkipped(namespace, stream)) return [];
    if (configuredKeyColumns(binding) === undefined) return [];
    const table = tableInfo(relation, types, settings.style);
    try {
      requireScanKey(table, activateTable(binding, table, undefined));
    } catch (error) {
      if (!(error instanceof WeirError) || binding.isBegun !== true) return [error];
      log.warn(error.message, { fix: error.fix });
    }
    return [];
  });
}

/** One error per resource whose filter the server refuses, or whose key names columns that the table does not have. */
export async function resourceFailures(
  sql: SqlSession,
  resources: readonly ResourceConfig[],
  relations: readonly PgRelationInfo[],
): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const resource of resources) {
    const relation = findStream(relations, resourceStream(resource));
    if (relation === undefined) continue;
    const missing = (resource.primary_key ?? []).filter(
      (name) => !relation.columns.some((column) => column.name === name),
    );
    if (missing.length > 0) {
      failures.push(
        errors.PG_KEY_COLUMN_MISSING({
          message: `the table ${streamLabel(relation)} has no column ${missing.map((name) => JSON.stringify(name)).join(', ')}, which /primary_key of its binding names`,
          fix: `Name columns of the table: ${relation.columns.map(({ name }) => name).join(', ')}.`,
        }),
      );
    }
    const refusal = await filterRefusal(sql, backfillFilter(resource), relation);
    if (refusal !== undefined) failures.push(refusal);
  }
  return failures;
}

/** The server plans the filter, and reads no row. */
async function filterRefusal(
  sql: SqlSession,
  filter: string | undefined,
  relation: PgRelationInfo,
): Promise<unknown> {
  if (filter === undefined) return undefined;
  const connection = await sql.connection();
  try {
    await connection.query(`EXPLAIN SELECT FROM ${tableReference(relation)} WHERE (${filter}\n)`, []);
    return undefined;
  } catch (error) {
    // Of privileges there is a check of its own.
    if (!(error instanceof PgServerError) || error.sqlstate === '42501') return undefined;
    return errors.PG_FILTER_INVALID({
      message: `the server refuses the additional backfill filter of ${streamLabel(relation)}: ${error.message}`,
      cause: error,
    });
  }
}
