// The operators by which values of a type are put in order. Those of an extension live in its schema, which need not be in
// the search_path: a bare `>` then is another type's, or nobody's, while ORDER BY still goes by the type's own.

import { type PgConnection, quoteIdentifier, rowObjects } from '@weir/pgwire';
import { queryError } from '../connection/query-error.ts';
import { type PgType, underDomains } from './pg-type.ts';

type Connection = Pick<PgConnection, 'query'>;

export type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** In SQL: `OPERATOR("ext".>)`. */
export type TypeOperators = Readonly<Record<Comparison, string>>;

/** What is meant where nothing else is known, as of the types that the server is born with. */
export const bareOperators: TypeOperators = { '<': '<', '<=': '<=', '=': '=', '>=': '>=', '>': '>' };

/** By the number of a strategy of a B-tree, from 1. */
const strategies: readonly Comparison[] = ['<', '<=', '=', '>=', '>'];

export class KeyOperators {
  readonly #known = new Map<number, TypeOperators>();

  /** One for each type, in their order. Asks the server once for a type; not for those that it is born with. */
  async of(connection: Connection, types: readonly PgType[]): Promise<readonly TypeOperators[]> {
    const bases = types.map(underDomains);
    const missing = bases.filter(({ oid, schema }) => schema !== 'pg_catalog' && !this.#known.has(oid));
    if (missing.length > 0) await this.#load(connection, [...new Set(missing.map(({ oid }) => oid))]);
    return bases.map(({ oid }) => this.#known.get(oid) ?? bareOperators);
  }

  /** Types that are compared as arrays, enums, rows or ranges in general have no class of their own. */
  async #load(connection: Connection, oids: readonly number[]): Promise<void> {
    const rows = await operatorRows(connection, oids);
    for (const oid of oids) {
      const operators: Record<Comparison, string> = { ...bareOperators };
      for (const { type, strategy, schema, name } of rows) {
        const comparison = strategies[Number(strategy) - 1];
        if (type !== String(oid) || comparison === undefined) continue;
        operators[comparison] = `OPERATOR(${quoteIdentifier(schema ?? '')}.${name ?? ''})`;
      }
      this.#known.set(oid, operators);
    }
  }
}

async function operatorRows(connection: Connection, oids: readonly number[]) {
  const query = `
    SELECT c.opcintype AS type, a.amopstrategy AS strategy, n.nspname AS schema, o.oprname AS name
      FROM pg_catalog.pg_opclass c
      JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
      JOIN pg_catalog.pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype
           AND a.amoprighttype = c.opcintype AND a.amoppurpose = 's'
      JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr
      JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
     WHERE c.opcdefault AND c.opcintype = ANY ($1::oid[])`;
  try {
    return rowObjects(await connection.query(query, [`{${oids.join(',')}}`]));
  } catch (error) {
    throw queryError(error, 'cannot ask how keys are compared');
  }
}
