// What the user has to be allowed, asked before anything is changed.

import { checkPrerequisites } from '@weir/connector';
import type { InfoSchema } from '@weir/materialize';
import { type PgConnection, quoteIdentifier } from '@weir/pgwire';
import { errors } from './errors.ts';

export interface NeededRights {
  /** Schema and name of each table that is written to, as the server has them. */
  readonly tables: readonly { readonly schema: string; readonly table: string; readonly isThere: boolean }[];
  readonly hasSchema: InfoSchema['hasNamespace'];
  readonly deletes: boolean;
}

/** Throws one error for all that is missing: PG_READ_ONLY, PG_WRITE_DENIED. */
export async function checkRights(connection: PgConnection, needed: NeededRights): Promise<void> {
  const { tables, hasSchema, deletes } = needed;
  const ask = async (sql: string, parameters: readonly string[] = []): Promise<string> =>
    (await connection.query(sql, parameters)).rows[0]?.[0] ?? '';
  const deny = async (may: Promise<string>, what: string): Promise<void> => {
    if ((await may) === 't') return;
    throw errors.PG_WRITE_DENIED({ message: `the user may not ${what}` });
  };
  const isNew = tables.filter(({ isThere }) => !isThere).map(({ schema }) => schema);
  const verbs = ['SELECT', 'INSERT', 'UPDATE', ...(deletes ? ['DELETE'] : [])];
  const mayWrite = verbs.map((verb) => `has_table_privilege($1, '${verb}')`).join(' AND ');
  await checkPrerequisites([
    async () => {
      if ((await ask('SHOW transaction_read_only')) === 'off') return;
      throw errors.PG_READ_ONLY({ message: 'transactions of this user are read-only there' });
    },
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
      .map(({ schema, table }) => () => {
        const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
        return deny(ask(`SELECT ${mayWrite}`, [name]), `${verbs.join(', ')} in ${name}`);
      }),
  ]);
}
