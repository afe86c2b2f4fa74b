// Which rows policies of row security may hide from the user. What is hidden is, to a statement of his, not there: an UPDATE
// or a DELETE of it succeeds and does nothing (PostgreSQL manual: "Row Security Policies", CREATE POLICY).

import { type PgConnection, quoteLiteral } from '@weir/pgwire';
import type { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

export interface HiddenRows {
  readonly fromDelete: boolean;
  readonly fromUpdate: boolean;
}

/** Of pg_policy.polcmd; a policy of `*` is one of each. */
type Command = 'r' | 'w' | 'd';

const concerns = (command: Command): string =>
  `polrelid = name::regclass AND polcmd IN ('${command}', '*') AND EXISTS (SELECT FROM unnest(polroles) AS role WHERE role = 0 OR pg_has_role(role, 'USAGE'))`;

/** What a condition other than `true` shows is not known before the rows are. */
const showsAll = (command: Command): string => `(
  EXISTS (SELECT FROM pg_policy WHERE ${concerns(command)} AND polpermissive AND pg_get_expr(polqual, polrelid) = 'true')
  AND NOT EXISTS (SELECT FROM pg_policy WHERE ${concerns(command)} AND NOT polpermissive AND pg_get_expr(polqual, polrelid) <> 'true'))`;

/** A statement that looks for rows is subject to the policies for SELECT as well. */
const mayHide = (command: Command): string =>
  `row_security_active(name) AND NOT (${showsAll('r')} AND ${showsAll(command)})`;

/** Of each table, which have to be there; `identifiers` are quoted, with their schemas. */
export async function hiddenRows(
  connection: PgConnection,
  identifiers: readonly string[],
): Promise<readonly HiddenRows[]> {
  if (identifiers.length === 0) return [];
  const names = identifiers.map((identifier, index) => `(${index},${quoteLiteral(identifier)}::text)`);
  const { rows } = await connection.query(
    `SELECT ${mayHide('d')}, ${mayHide('w')} FROM (VALUES ${names.join(', ')}) AS t (at, name) ORDER BY at`,
  );
  return rows.map(([fromDelete, fromUpdate]) => ({
    fromDelete: fromDelete === 't',
    fromUpdate: fromUpdate === 't',
  }));
}

/** What a task does in a table where a row that it does not see would stay without an error. */
export interface RowsFound {
  readonly deletes: boolean;
  /** Otherwise rows that have to be changed are looked for, and a hidden one is not refused by an index. */
  readonly hasUniqueKey: boolean;
}

/** What would come of hidden rows that nobody would be told of; undefined for nothing. */
export function consequenceOf(hidden: HiddenRows, { deletes, hasUniqueKey }: RowsFound): string | undefined {
  if (deletes && hidden.fromDelete) return 'a row whose document is deleted would stay';
  if (hasUniqueKey || !hidden.fromUpdate) return undefined;
  return 'without a unique index over the key, a row that has to be changed would stay beside its new form';
}

export function rowsHidden(identifier: string, consequence: string): WeirError {
  const message = `Policies of row security may hide rows of ${identifier} from the user: ${consequence}.`;
  return errors.PG_ROWS_HIDDEN({ message });
}
