// What the user has to be allowed, asked before anything is changed.

import { checkPrerequisites, type Logger } from '@weir/connector';
import type { InfoSchema } from '@weir/materialize';
import { type PgConnection, quoteIdentifier } from '@weir/pgwire';
import { errors } from './errors.ts';
import { consequenceOf, hiddenRows, rowsHidden } from './row-security.ts';

export interface NeededRights {
  /** Schema and name of each table that is written to, as the server has them. */
  readonly tables: readonly {
    readonly schema: string;
    readonly table: string;
    readonly isThere: boolean;
    readonly rights: readonly Right[];
    /** A row is replaced by way of a unique index over the key. */
    readonly hasUniqueKey: boolean;
  }[];
  /** Rows or keys are staged in temporary tables. */
  readonly isStaged: boolean;
  readonly hasSchema: InfoSchema['hasNamespace'];
}

export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** Rows that are only added are looked for by nobody, but where row security has them staged: see `checkRights`. */
export function rightsOf(deltaUpdates: boolean, hardDelete: boolean): readonly Right[] {
  if (deltaUpdates) return ['INSERT'];
  return hardDelete ? ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] : ['SELECT', 'INSERT', 'UPDATE'];
}

/**
 * Throws one error for all that is missing: PG_READ_ONLY, PG_WRITE_DENIED, PG_ROWS_HIDDEN. Warns where rows that are hidden
 * would stop the task.
 */
export async function checkRights(
  connection: PgConnection,
  needed: NeededRights,
  log: Logger,
): Promise<void> {
  const { tables, isStaged, hasSchema } = needed;
  const ask = async (sql: string, parameters: readonly string[] = []): Promise<string> =>
    (await connection.query(sql, parameters)).rows[0]?.[0] ?? '';
  const deny = async (may: Promise<string>, what: string): Promise<void> => {
    if ((await may) === 't') return;
    throw errors.PG_WRITE_DENIED({ message: `the user may not ${what}` });
  };
  const mayStage = (): Promise<void> => {
    const may = `SELECT has_database_privilege(current_database(), 'TEMPORARY')`;
    return deny(ask(may), 'make temporary tables in this database (GRANT TEMPORARY ON DATABASE)');
  };
  const isNew = tables.filter(({ isThere }) => !isThere).map(({ schema }) => schema);
  await checkPrerequisites([
    async () => {
      if ((await ask('SHOW transaction_read_only')) === 'off') return;
      throw errors.PG_READ_ONLY({ message: 'transactions of this user are read-only there' });
    },
    ...(isStaged ? [mayStage] : []),
    ...[...new Set(isNew)].map((schema) => () => {
      if (!hasSchema(schema)) {
        const may = `SELECT has_database_privilege(current_database(), 'CREATE')`;
        return deny(ask(may), `make the schema ${quoteIdentifier(schema)}`);
      }
      const may = `SELECT has_schema_privilege($1, 'CREATE')`;
      return deny(ask(may, [schema]), `make tables in the schema ${quoteIdentifier(schema)}`);
    }),
    ...tables
      .filter(({ isThere }) => isThere)
      .map(({ schema, table, rights, hasUniqueKey }) => async () => {
        const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
        // Nobody may COPY into such a table: its rows are staged, in a table that is made after it.
        const isSecured = (await ask('SELECT row_security_active($1)', [name])) === 't';
        if (isSecured && !isStaged) await mayStage();
        const all = [...new Set<Right>([...(isSecured ? ['SELECT' as const] : []), ...rights])];
        const mayWrite = all.map((right) => `has_table_privilege($1, '${right}')`).join(' AND ');
        await deny(ask(`SELECT ${mayWrite}`, [name]), `${all.join(', ')} in ${name}`);
        if (isSecured) await checkPolicies(connection, { name, rights, hasUniqueKey }, log);
      }),
  ]);
}

/** Rows that are only added hide from nobody. */
async function checkPolicies(
  connection: PgConnection,
  table: { readonly name: string; readonly rights: readonly Right[]; readonly hasUniqueKey: boolean },
  log: Logger,
): Promise<void> {
  const { name, rights, hasUniqueKey } = table;
  const [hidden] = await hiddenRows(connection, [name]);
  if (hidden === undefined || !rights.includes('UPDATE')) return;
  const consequence = consequenceOf(hidden, { deletes: rights.includes('DELETE'), hasUniqueKey });
  if (consequence !== undefined) throw rowsHidden(name, consequence);
  if (!hidden.fromUpdate) return;
  const { code, message, fix } = rowsHidden(name, 'one that is hidden and has to be changed stops the task');
  log.warn(message, { code, fix });
}
