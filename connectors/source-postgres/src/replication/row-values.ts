// Reads values of one row that the stream did not send, as untouched-values.ts says.

import type { Logger } from '@weir/connector';
import { PgServerError, quoteIdentifier, quoteLiteral } from '@weir/pgwire';
import { streamLabel } from '@weir/sqlcapture';
import type { Snapshots } from '../backfill/snapshots.ts';
import { queryError } from '@weir/postgres';
import { type TableIdentity, tableReference } from '../discovery/relations.ts';

/**
 * The texts of columns of the row with this key as it is now; undefined when there is none any more, or the table is
 * not what it was when the row was updated, which is warned of.
 */
export async function readRowValues(
  snapshots: Snapshots,
  log: Logger,
  table: TableIdentity,
  columns: readonly string[],
  key: readonly { readonly column: string; readonly text: string }[],
): Promise<readonly (string | null)[] | undefined> {
  const conditions = key.map(
    ({ column, text }) => `${quoteIdentifier(column)} = ${quoteLiteral(text).trim()}`,
  );
  const query = `SELECT ${columns.map(quoteIdentifier).join(', ')} FROM ${tableReference(table)} WHERE ${conditions.join(' AND ')} LIMIT 1`;
  try {
    return await snapshots.with(async (connection) => (await connection.query(query)).rows[0]);
  } catch (error) {
    const isGone = error instanceof PgServerError && error.sqlstate.startsWith('42');
    if (!isGone) throw queryError(error, `cannot read values of ${streamLabel(table)}`);
    log.warn(
      `an update of ${streamLabel(table)} did not send the values of ${columns.join(', ')}, which cannot be read any more: ${error.message}`,
    );
    return undefined;
  }
}
