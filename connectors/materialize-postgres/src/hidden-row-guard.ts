// The tables of a session in which a row that a policy hides would stay without an error. Policies are made and changed while
// it runs: with each commit is asked whether one of these tables has any, and if so, what they hide. The documents of the
// transaction were loaded before that, so what was hidden from its loads is seen here.

import { type PgConnection, quoteLiteral } from '@weir/pgwire';
import { consequenceOf, hiddenRows, rowsHidden, type RowsFound } from './row-security.ts';
import type { StoreTarget } from './table-writer.ts';
import { writeError } from './write-error.ts';

interface GuardedTable extends RowsFound {
  /** Quoted, with its schema. */
  readonly identifier: string;
}

export class HiddenRowGuard {
  readonly #tables: readonly GuardedTable[];
  /** SQL of a condition: policies decide which rows of one of the tables the user sees. */
  readonly isSecured: string;

  constructor(targets: readonly StoreTarget[], hardDelete: boolean) {
    this.#tables = targets
      .filter(({ table, hasUniqueKey }) => !table.deltaUpdates && (hardDelete || !hasUniqueKey))
      .map(({ table: { identifier }, hasUniqueKey }) => ({ identifier, deletes: hardDelete, hasUniqueKey }));
    const names = this.#tables.map(({ identifier }) => `to_regclass(${quoteLiteral(identifier).trim()})`);
    this.isSecured =
      names.length === 0
        ? 'false'
        : `EXISTS (SELECT FROM pg_class WHERE oid = ANY (ARRAY[${names.join(', ')}]) AND relrowsecurity AND row_security_active(oid))`;
  }

  /** Throws PG_ROWS_HIDDEN. */
  async refuse(connection: PgConnection): Promise<void> {
    const identifiers = this.#tables.map(({ identifier }) => identifier);
    const hidden = await hiddenRows(connection, identifiers).catch((error: unknown) => {
      throw writeError(error, 'cannot read the policies of row security');
    });
    for (const [index, table] of this.#tables.entries()) {
      const consequence = hidden[index] === undefined ? undefined : consequenceOf(hidden[index], table);
      if (consequence !== undefined) throw rowsHidden(table.identifier, consequence);
    }
  }
}
