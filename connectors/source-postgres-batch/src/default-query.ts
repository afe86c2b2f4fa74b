// The queries of bindings that have no template of their own. Values are always parameters, names are always quoted.

import { quoteIdentifier, quoteQualified } from '@weir/pgwire';
import { bareOperators, type TypeOperators } from '@weir/postgres';
import type { CursorValue } from '@weir/sqlbatch';

export interface Table {
  readonly schema: string;
  readonly table: string;
}

export interface CursorColumn {
  readonly name: string;
  /** Rows may have no value in it. */
  readonly nullable: boolean;
  /** Bare when absent. */
  readonly operators?: TypeOperators;
}

export interface Query {
  readonly sql: string;
  readonly parameters: readonly string[];
}

/** Everything, in the order of the cursor; rows without a value in its first column come first, and only here. */
export function firstQuery({ schema, table }: Table, cursor: readonly CursorColumn[]): Query {
  const order = cursor.map(
    ({ name, nullable }, index) => quoteIdentifier(name) + (index === 0 && nullable ? ' NULLS FIRST' : ''),
  );
  const ordered = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
  return { sql: `SELECT * FROM ${quoteQualified(schema, table)}${ordered}`, parameters: [] };
}

/** What lies after `after`, compared column by column. In later columns no value is the greatest one, as in ORDER BY. */
export function nextQuery(
  { schema, table }: Table,
  cursor: readonly CursorColumn[],
  after: readonly CursorValue[],
): Query {
  const parameters: string[] = [];
  const numbers = after.map((value) => (value === null ? 0 : parameters.push(String(value))));
  const alternatives = cursor.flatMap(({ name, nullable, operators = bareOperators }, position) => {
    if (after[position] === null) return [];
    const column = quoteIdentifier(name);
    const before = cursor.slice(0, position).map((earlier, index) => {
      const equal = (earlier.operators ?? bareOperators)['='];
      return `${quoteIdentifier(earlier.name)} ${numbers[index] === 0 ? 'IS NULL' : `${equal} $${numbers[index]}`}`;
    });
    const greater = `${column} ${operators['>']} $${numbers[position]}`;
    const last = nullable && position > 0 ? `(${greater} OR ${column} IS NULL)` : greater;
    return [`(${[...before, last].join(' AND ')})`];
  });
  const order = cursor.map(({ name }) => quoteIdentifier(name)).join(', ');
  return {
    sql: `SELECT * FROM ${quoteQualified(schema, table)} WHERE ${alternatives.join(' OR ')} ORDER BY ${order}`,
    parameters,
  };
}

/**
 * Of states from before transaction ids had a scan of their own: rows in the order of the transactions that wrote them.
 * Ids are 32 bits that wrap around, so what is later is what lies less than half the circle ahead.
 */
export function transactionQuery({ schema, table }: Table, after: readonly CursorValue[] | undefined): Query {
  const from = `SELECT xmin AS txid, * FROM ${quoteQualified(schema, table)}`;
  const id = 'xmin::text::bigint';
  if (after === undefined) return { sql: `${from} ORDER BY ${id}`, parameters: [] };
  const ahead = `((${id} - $1::bigint) << 32) >> 32`;
  return {
    sql: `${from} WHERE ${ahead} > 0 AND ${id} >= 3 ORDER BY ${ahead}`,
    parameters: [String(after[0])],
  };
}
