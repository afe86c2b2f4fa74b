// The database of the batch engine: how each binding is polled. Every poll has a connection of its own, opened for it and
// closed after it, because the time between two polls may be a day.

import { type PgConnection, PgServerError, quoteIdentifier, quoteQualified, rowObjects } from '@weir/pgwire';
import {
  arrayLiteral,
  bareOperators,
  KeyOperators,
  queryError,
  SqlSession,
  TypeCatalog,
} from '@weir/postgres';
import {
  type BatchBinding,
  type BatchDatabase,
  type BindingState,
  compileQueryTemplate,
  type CursorValue,
  CUSTOM_QUERY,
  type Poll,
  type Poller,
  pollQuery,
  type QueryTemplate,
  type RowSource,
  textArgument,
  watched,
} from '@weir/sqlbatch';
import {
  type CursorColumn,
  firstQuery,
  nextQuery,
  type Query,
  type Table,
  transactionQuery,
} from './default-query.ts';
import { sourcedSchemas } from './discovery.ts';
import { beginLastingSnapshot } from './lasting-snapshot.ts';
import { ResultRows } from './result-rows.ts';
import type { Source } from './source.ts';
import { pollTransactions } from './transaction-poll.ts';

export const TRANSACTION_CURSOR = 'txid';
export const TRANSACTION_MODE = 'Incremental (XMIN)';

const CANCEL_PATIENCE_MS = 2000;

/** Sent by the server when it ends a statement for its time, or to get on with its own recovery. */
const interruptions = new Set(['57014', '40001']);

/** The functions that templates have beside the common ones. */
const templateFunctions = {
  quoteIdentifier: (name: unknown) => quoteIdentifier(textArgument(name as string)),
  quoteTableName: (schema: unknown, table: unknown) =>
    quoteQualified(textArgument(schema as string), textArgument(table as string)),
};

/** The template of a binding, tried out. Throws SQLBATCH_TEMPLATE_INVALID. */
export function bindingTemplate(resource: {
  readonly template?: string | undefined;
  readonly cursor?: readonly string[] | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
}): QueryTemplate | undefined {
  const { template, cursor = [], schema = '', table = '' } = resource;
  if (template === undefined || template === '') return undefined;
  const input = { cursorFields: cursor.map(quoteIdentifier), schemaName: schema, tableName: table };
  return compileQueryTemplate(template, templateFunctions, input);
}

function usesTransactions({ template, cursor }: BatchBinding): boolean {
  return template === undefined && cursor.length === 1 && cursor[0] === TRANSACTION_CURSOR;
}

export class PgDatabase implements BatchDatabase {
  readonly #source: Source;
  readonly #keys: ReadonlyMap<number, ReadonlySet<string>>;
  readonly #types = new TypeCatalog();
  readonly #operators = new KeyOperators();

  /** `keys`: key columns of the collections, by binding. */
  constructor(source: Source, keys: ReadonlyMap<number, ReadonlySet<string>>) {
    this.#source = source;
    this.#keys = keys;
  }

  poller(binding: BatchBinding, state: BindingState): Poller {
    const { table } = binding;
    const template = bindingTemplate(binding.resource);
    if (table !== undefined && usesTransactions(binding)) {
      // States of before the scan have a transaction id as their cursor, and go on along it.
      const mode = state.cursorValues === undefined ? TRANSACTION_MODE : CUSTOM_QUERY;
      return mode === CUSTOM_QUERY
        ? this.#queryPoller((after) => Promise.resolve(transactionQuery(table, after)))
        : { mode, poll: (poll) => this.#pollTransactions(poll, table) };
    }
    if (template !== undefined) {
      return this.#queryPoller((after) =>
        Promise.resolve({
          sql: template.render(after === undefined),
          parameters: (after ?? []).map((value) => (value === null ? null : String(value))),
        }),
      );
    }
    if (table === undefined) throw new Error('a binding without a table or a template');
    return this.#queryPoller(async (after, connection) => {
      const cursor = await this.#cursorColumns(connection, table, binding.cursor);
      return after === undefined ? firstQuery(table, cursor) : nextQuery(table, cursor, after);
    });
  }

  #queryPoller(
    query: (
      after: readonly CursorValue[] | undefined,
      connection: PgConnection,
    ) => Promise<Omit<Query, 'parameters'> & { readonly parameters: readonly (string | null)[] }>,
  ): Poller {
    return {
      mode: CUSTOM_QUERY,
      poll: (poll) =>
        this.#polling(poll, async (connection) => {
          // Without a cursor nothing is remembered that the next poll would leave out.
          const remembers = poll.binding.cursor.length > 0;
          await pollQuery(poll, async (after) => {
            const { sql, parameters } = await query(after, connection);
            if (remembers) await beginLastingSnapshot(connection);
            return this.#rows(connection, poll, sql, parameters);
          });
          if (remembers) await connection.query('COMMIT');
        }),
    };
  }

  #pollTransactions(poll: Poll, table: Table): Promise<void> {
    return this.#polling(poll, (connection) =>
      pollTransactions(poll, table, connection, (busy, sql) => this.#rows(busy, poll, sql, [])),
    );
  }

  #rows(
    connection: PgConnection,
    poll: Poll,
    sql: string,
    parameters: readonly (string | null)[],
  ): RowSource {
    poll.log.debug('running a query', { query: sql, parameters: parameters.length });
    const rows = new ResultRows(connection, sql, parameters, {
      types: this.#types,
      connectForTypes: this.#source.connect,
      key: this.#keys.get(poll.binding.index) ?? new Set(),
    });
    return watched(rows, poll.binding.resource.name);
  }

  async #polling(poll: Poll, use: (connection: PgConnection) => Promise<void>): Promise<void> {
    const connection = await this.#source.connect();
    const drop = (): void => void stop(connection);
    poll.signal.addEventListener('abort', drop);
    try {
      await use(connection);
    } catch (error) {
      poll.signal.throwIfAborted();
      if (this.isInterruption(error)) throw error;
      throw queryError(error, `the query of ${JSON.stringify(poll.binding.resource.name)} failed`);
    } finally {
      poll.signal.removeEventListener('abort', drop);
      if (!connection.isClosed) await connection.close();
    }
  }

  async sourcedSchemas(bindings: readonly BatchBinding[]): Promise<ReadonlyMap<number, object>> {
    await using sql = new SqlSession(this.#source.connect);
    const bound = bindings.flatMap((binding) =>
      binding.table === undefined
        ? []
        : [{ index: binding.index, hasTransactionId: usesTransactions(binding), ...binding.table }],
    );
    return await sourcedSchemas(sql, bound, this.#source.settings);
  }

  /** Whether rows can be without a value in these columns; columns that do not exist are left to the query's own error. */
  async #cursorColumns(
    connection: PgConnection,
    { schema, table }: Table,
    names: readonly string[],
  ): Promise<CursorColumn[]> {
    if (names.length === 0) return [];
    const result = await connection.query(
      `SELECT a.attname, a.attnotnull, a.atttypid FROM pg_catalog.pg_attribute a
         JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = ANY ($3::text[])`,
      [schema, table, arrayLiteral(names)],
    );
    const columns = new Map(rowObjects(result).map((row) => [row['attname'], row]));
    const typeOids = names.map((name) => Number(columns.get(name)?.['atttypid'] ?? 0));
    await this.#types.load(connection, typeOids);
    const types = typeOids.map((oid) => this.#types.get(oid));
    const operators = await this.#operators.of(connection, types);
    return names.map((name, i) => ({
      name,
      nullable: columns.get(name)?.['attnotnull'] !== 't',
      operators: operators[i] ?? bareOperators,
    }));
  }

  isInterruption(error: unknown): boolean {
    return error instanceof PgServerError && interruptions.has(error.sqlstate);
  }
}

/** Ends what a connection is doing, and the connection: by itself the server would go on with the query for nobody. */
async function stop(connection: PgConnection): Promise<void> {
  const timer = setTimeout(() => connection.destroy(), CANCEL_PATIENCE_MS);
  // A server that does not answer any more has no query to end.
  await connection.cancel().catch(() => undefined);
  clearTimeout(timer);
  connection.destroy();
}
