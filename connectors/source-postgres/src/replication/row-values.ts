// Reads values of one row that the stream did not send, as untouched-values.ts says.

import type { Logger } from '@weir/connector';
import { PgServerError, quoteIdentifier, quoteLiteral, quoteQualified } from '@weir/pgwire';
import { queryError } from '@weir/postgres';
import { streamLabel } from '@weir/sqlcapture';
import type { Snapshots } from '../backfill/snapshots.ts';
import { type TableIdentity, tableReference } from '../discovery/relations.ts';

const UNDEFINED_COLUMN = '42703';

/** The text of a column, null for NULL; undefined when the table has no such column any more. */
export type RowValue = string | null | undefined;

export interface RowKeyPart {
  readonly column: string;
  readonly text: string;
  /** The operator in SQL; a bare `=` when absent. */
  readonly equal?: string;
}

/**
 * Values of the row with this key as it is now; undefined when there is none any more, or the table is not what it was
 * when the row was updated. What cannot be read any more is warned of.
 */
export async function readRowValues(
  snapshots: Snapshots,
  log: Logger,
  table: TableIdentity,
  columns: readonly string[],
  key: readonly RowKeyPart[],
): Promise<readonly RowValue[] | undefined> {
  try {
    return await readRow(snapshots, table, columns, key);
  } catch (error) {
    if (!(error instanceof PgServerError) || !error.sqlstate.startsWith('42'))
      throw queryError(error, `cannot read values of ${streamLabel(table)}`);
    const left = error.sqlstate === UNDEFINED_COLUMN ? await present(snapshots, table, columns, key) : [];
    const lost = columns.filter((column) => !left.includes(column));
    log.warn(
      `an update of ${streamLabel(table)} did not send the values of ${lost.join(', ')}, which cannot be read any more: ${error.message}`,
    );
    if (left.length === 0 || lost.length === 0) return undefined;
    const values = await readRowValues(snapshots, log, table, left, key);
    return values && columns.map((column) => values[left.indexOf(column)]);
  }
}

/** The table is locked before the snapshot is taken: one that is rewritten between the two looks empty. */
function readRow(
  snapshots: Snapshots,
  table: TableIdentity,
  columns: readonly string[],
  key: readonly RowKeyPart[],
): Promise<readonly RowValue[] | undefined> {
  const reference = tableReference(table);
  const conditions = key.map(
    ({ column, text, equal = '=' }) => `${quoteIdentifier(column)} ${equal} ${quoteLiteral(text).trim()}`,
  );
  const query = `SELECT ${columns.map(quoteIdentifier).join(', ')} FROM ${reference} WHERE ${conditions.join(' AND ')} LIMIT 1`;
  return snapshots.with(async (connection) => (await connection.query(query)).rows[0], reference);
}

/** The columns that the table still has; none when it has lost one of its key. */
async function present(
  snapshots: Snapshots,
  { namespace, name }: TableIdentity,
  columns: readonly string[],
  key: readonly RowKeyPart[],
): Promise<readonly string[]> {
  const { rows } = await snapshots.with((connection) =>
    connection.query(
      `SELECT attname FROM pg_catalog.pg_attribute
        WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
      [quoteQualified(namespace, name)],
    ),
  );
  const there = new Set(rows.map(([column]) => column));
  return key.every(({ column }) => there.has(column)) ? columns.filter((column) => there.has(column)) : [];
}
