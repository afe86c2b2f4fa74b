// One connection to a server. Queries may be asked concurrently and run one after the other.

import { DEFAULT_CONNECT_TIMEOUT_MS, type ConnectOptions } from './connect-options.ts';
import { CopyInWriter } from './copy-in.ts';
import { copyOut, type CopyChunk } from './copy-out.ts';
import { PgConnectionError } from './pg-errors.ts';
import { parameterText, rowCountOf, type QueryParameter, type QueryResult } from './query-result.ts';
import { queryStream, type QueryChunk } from './query-stream.ts';
import { ReplicationStream, type ReplicationStart } from './replication-stream.ts';
import type { Session } from './session.ts';
import { backend, parseDataRow, parseRowDescription, type PgColumn } from './wire/backend-messages.ts';
import {
  bindMessage,
  cancelRequest,
  copyFailMessage,
  describePortalMessage,
  executeMessage,
  parseMessage,
  queryMessage,
  syncMessage,
  terminateMessage,
} from './wire/frontend-messages.ts';
import { openSocket } from './wire/open-socket.ts';

export interface PgConnectionParts {
  readonly options: ConnectOptions;
  readonly encrypted: boolean;
  readonly processId: number;
  readonly secretKey: Buffer;
}

export class PgConnection {
  readonly #session: Session;
  readonly #parts: PgConnectionParts;

  constructor(session: Session, parts: PgConnectionParts) {
    this.#session = session;
    this.#parts = parts;
  }

  /** The server process, as in `pg_stat_activity.pid`. */
  get processId(): number {
    return this.#parts.processId;
  }

  get isEncrypted(): boolean {
    return this.#parts.encrypted;
  }

  get isClosed(): boolean {
    return this.#session.isClosed;
  }

  /** Settings the server reports: `server_version`, `TimeZone`, `DateStyle`, … */
  get parameters(): ReadonlyMap<string, string> {
    return this.#session.parameters;
  }

  get transactionStatus(): 'idle' | 'transaction' | 'failed' {
    const status = this.#session.transactionStatus;
    return status === 0x54 ? 'transaction' : status === 0x45 ? 'failed' : 'idle';
  }

  /**
   * Runs SQL and returns its rows as text. Without parameters the SQL may hold several statements, and the result is
   * the last one's; with parameters (`$1`, …) it is one statement. Throws `PgServerError` when the server refuses it
   * (the connection stays usable unless its severity is FATAL), `PgConnectionError` when the connection is lost.
   */
  async query(sql: string, parameters?: readonly QueryParameter[]): Promise<QueryResult> {
    const results =
      parameters === undefined ? await this.queryAll(sql) : await this.#extended(sql, parameters);
    return results.at(-1) ?? { command: '', rowCount: 0, columns: [], rows: [] };
  }

  /** The results of all statements in `sql`. */
  async queryAll(sql: string): Promise<QueryResult[]> {
    return this.#run([queryMessage(sql)]);
  }

  /**
   * Runs `COPY … TO STDOUT` and hands out its rows in batches that are views into the receive buffer. Reading slowly
   * slows the server down. Throws as `query` does.
   */
  copyOut(sql: string): AsyncGenerator<CopyChunk, void, void> {
    return copyOut(this.#session, sql, () => this.cancel());
  }

  /**
   * Runs one statement and hands out its rows in batches that are views into the receive buffer; for results of any
   * size. Reading slowly slows the server down. Throws as `query` does.
   */
  queryStream(
    sql: string,
    parameters: readonly QueryParameter[] = [],
  ): AsyncGenerator<QueryChunk, void, void> {
    return queryStream(this.#session, sql, parameters, () => this.cancel());
  }

  /** Runs `COPY … FROM STDIN`; write its bytes, then `finish()`. */
  async copyIn(sql: string): Promise<CopyInWriter> {
    return CopyInWriter.open(this.#session, sql);
  }

  /** Starts logical replication. The connection must have been opened with `replication: 'database'`. */
  async startReplication(start: ReplicationStart): Promise<ReplicationStream> {
    return ReplicationStream.open(this.#session, start);
  }

  /** Asks the server, over a second connection, to stop what this one is doing. It may come too late. */
  async cancel(): Promise<void> {
    const { options, encrypted, processId, secretKey } = this.#parts;
    const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    const controller = new AbortController();
    const timer = setTimeout(
      () =>
        controller.abort(
          new PgConnectionError('timeout', 'the server did not take the cancel request in time'),
        ),
      timeoutMs,
    );
    try {
      const { socket } = await openSocket(options, encrypted ? 'always' : 'never', controller.signal);
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.on('error', () => {});
        socket.resume();
        socket.end(cancelRequest(processId, secretKey));
        controller.signal.addEventListener('abort', () => socket.destroy());
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says good-bye and waits for the socket to close. */
  async close(): Promise<void> {
    await this.#session.close(terminateMessage());
  }

  /** Drops the connection without a word, so that waiting operations fail at once. */
  destroy(): void {
    this.#session.destroy(new PgConnectionError('closed', 'the connection was dropped'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #extended(sql: string, parameters: readonly QueryParameter[]): Promise<QueryResult[]> {
    const bind = bindMessage(parameters.map(parameterText));
    return this.#run([parseMessage(sql), bind, describePortalMessage(), executeMessage(), syncMessage()]);
  }

  async #run(messages: readonly Buffer[]): Promise<QueryResult[]> {
    const session = this.#session;
    const release = await session.acquire();
    try {
      session.write(Buffer.concat(messages));
      const results: QueryResult[] = [];
      let columns: PgColumn[] = [];
      let rows: (string | null)[][] = [];
      const finish = (command: string): void => {
        results.push({ command, rowCount: Math.max(rows.length, rowCountOf(command)), columns, rows });
        columns = [];
        rows = [];
      };
      await session.untilReady((type) => {
        if (type === backend.dataRow) rows.push(parseDataRow(session.body()));
        else if (type === backend.rowDescription) columns = parseRowDescription(session.body());
        else if (type === backend.commandComplete) finish(session.body().cstring());
        else if (type === backend.emptyQueryResponse) finish('');
        else if (type === backend.copyInResponse)
          session.write(copyFailMessage('COPY FROM STDIN needs copyIn()'));
      });
      return results;
    } finally {
      release();
    }
  }
}
