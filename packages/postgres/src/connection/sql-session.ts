// The connection for catalogue queries and backfills. It is opened when first needed and again when it was lost
// between two uses; a use that is cut short fails.

import type { PgConnection, QueryParameter, QueryResult } from '@weir/pgwire';
import { rowObjects } from '@weir/pgwire';
import { queryError } from './query-error.ts';

export type SqlRow = Readonly<Record<string, string | null>>;

export class SqlSession implements AsyncDisposable {
  readonly #connect: () => Promise<PgConnection>;
  #connection: PgConnection | undefined;

  constructor(connect: () => Promise<PgConnection>) {
    this.#connect = connect;
  }

  async connection(): Promise<PgConnection> {
    if (this.#connection === undefined || this.#connection.isClosed) this.#connection = await this.#connect();
    return this.#connection;
  }

  /** Rows as objects of text. `doing` begins the message of a failure: `cannot list the tables`. */
  async rows(doing: string, sql: string, parameters?: readonly QueryParameter[]): Promise<SqlRow[]> {
    return rowObjects(await this.query(doing, sql, parameters));
  }

  async row(doing: string, sql: string, parameters?: readonly QueryParameter[]): Promise<SqlRow | undefined> {
    return (await this.rows(doing, sql, parameters))[0];
  }

  async query(doing: string, sql: string, parameters?: readonly QueryParameter[]): Promise<QueryResult> {
    const connection = await this.connection();
    try {
      return parameters === undefined ? await connection.query(sql) : await connection.query(sql, parameters);
    } catch (error) {
      throw queryError(error, doing);
    }
  }

  /** Of the server, as one number: 150007. */
  async versionNumber(): Promise<number> {
    const row = await this.row(
      'cannot ask for the version',
      "SELECT current_setting('server_version_num') AS n",
    );
    return Number(row?.['n']);
  }

  /** Whatever is asked at the moment fails at once; the next use opens another connection. */
  drop(): void {
    this.#connection?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined && !connection.isClosed) await connection.close();
  }
}

/** A text array as the literal of a parameter. */
export function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
}
