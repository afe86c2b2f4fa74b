// One connection to the server: statements one after another, rows as they come, files that are only in memory. While a
// transaction is open no statement passes that would commit it on the side.

import { Readable } from 'node:stream';
import type { Connection, ResultSetHeader } from 'mysql2';
import { commitsImplicitly } from './implicit-commit.ts';
import { explain, isConnectionLoss } from './server-errors.ts';
import { errors } from './errors.ts';

export type Parameter = string | number | bigint | Buffer;

/** Values by the names of their columns: integers past 2^53, decimals and times as text. */
export type Row = Readonly<Record<string, string | number | Buffer | null>>;

export interface Outcome {
  /** Rows that the statement matched. */
  readonly affectedRows: number;
  /** Of a LOAD DATA: rows left out, as their key was there already. */
  readonly skippedRows: number;
  readonly warnings: number;
}

export interface Warning {
  readonly code: number;
  readonly message: string;
}

/** Where rows go, and whether it can take more just now. */
export interface RowSink {
  row(values: readonly (Buffer | null)[]): void;
  readonly congested: boolean;
  drained(): Promise<void>;
}

/** As large as one packet of a file is: well below what any server takes (max_allowed_packet). */
const CHUNK_BYTES = 1 << 18;

export class Session implements AsyncDisposable {
  readonly #connection: Connection;
  #inTransaction = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    // Whoever waits for an answer hears of it too; an idle connection that breaks is noticed at its next use.
    connection.on('error', () => {});
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** Runs a statement. `doing` is for the message when it fails. */
  run(sql: string, doing: string, parameters: readonly Parameter[] = []): Promise<Outcome> {
    this.#refuseImplicitCommit(sql);
    return this.#explained(doing, (settle) => {
      const values = parameters.map((value) => (typeof value === 'bigint' ? String(value) : value));
      if (values.length === 0)
        this.#connection.query(sql, (error, result) => settle(error, outcomeOf(result)));
      else this.#connection.execute(sql, values, (error, result) => settle(error, outcomeOf(result)));
    });
  }

  /** All rows, as objects by the names of their columns. */
  rows(sql: string, doing: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return this.#explained(doing, (settle) => {
      this.#connection.query(sql, [...parameters], (error, rows) => settle(error, rows as Row[]));
    });
  }

  /** Gives every row to `sink`, with the bytes of its values, and stops reading while that is congested. */
  async stream(sql: string, doing: string, sink: RowSink): Promise<void> {
    const connection = this.#connection;
    let lost: (cause: unknown) => void = () => undefined;
    try {
      await this.#explained<void>(doing, (settle) => {
        // Of a connection that breaks, a query whose rows are events does not hear.
        lost = (cause) => settle(cause, undefined);
        connection.once('error', lost);
        const query = connection.query({
          sql,
          rowsAsArray: true,
          typeCast: (field) => field.buffer(),
        });
        let paused = false;
        const pause = (): void => {
          paused = true;
          connection.pause();
          sink.drained().then(
            () => {
              paused = false;
              connection.resume();
            },
            (failure: unknown) => {
              connection.destroy();
              settle(failure, undefined);
            },
          );
        };
        query.on('result', (row) => {
          sink.row(row as unknown as (Buffer | null)[]);
          if (sink.congested && !paused) pause();
        });
        query.on('error', (error) => settle(error, undefined));
        query.on('end', () => settle(null, undefined));
      });
    } finally {
      connection.off('error', lost);
    }
  }

  /** Runs a LOAD DATA LOCAL whose file has these contents. */
  async load(sql: string, doing: string, contents: Buffer): Promise<Outcome> {
    this.#refuseImplicitCommit(sql);
    return await this.#explained(doing, (settle) => {
      const infileStreamFactory = (): Readable => Readable.from(chunksOf(contents), { objectMode: false });
      this.#connection.query({ sql, infileStreamFactory }, (error, result) =>
        settle(error, outcomeOf(result)),
      );
    });
  }

  /** What the last statement was warned of. */
  async warnings(doing: string): Promise<Warning[]> {
    const rows = await this.rows('SHOW WARNINGS', doing);
    return rows
      .filter((row) => row['Level'] !== 'Note')
      .map((row) => ({ code: Number(row['Code']), message: String(row['Message']) }));
  }

  async begin(doing: string): Promise<void> {
    await this.run('START TRANSACTION', doing);
    this.#inTransaction = true;
  }

  /** Throws MYSQL_COMMIT_UNKNOWN when it cannot be told whether the transaction was kept. */
  async commit(doing: string): Promise<void> {
    try {
      await this.#settled((settle) => this.#connection.query('COMMIT', (error) => settle(error, undefined)));
      this.#inTransaction = false;
    } catch (cause) {
      if (!isConnectionLoss(cause)) throw explain(cause, doing);
      throw errors.MYSQL_COMMIT_UNKNOWN({ message: `${doing}: ${(cause as Error).message}`, cause });
    }
  }

  /** Gives the open transaction up; a connection that is gone has done so already. */
  async rollback(): Promise<void> {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    await this.#settled((settle) =>
      this.#connection.query('ROLLBACK', (error) => settle(error, undefined)),
    ).catch((cause: unknown) => {
      if (!isConnectionLoss(cause)) throw explain(cause, 'rolling back');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A server that does not answer must not keep the process: what is open is rolled back with the connection.
    this.#connection.destroy();
  }

  #refuseImplicitCommit(sql: string): void {
    if (this.#inTransaction && commitsImplicitly(sql)) {
      throw new TypeError(`this statement would commit the open transaction: ${sql.slice(0, 80)}`);
    }
  }

  async #explained<T>(
    doing: string,
    start: (settle: (error: unknown, value: T) => void) => void,
  ): Promise<T> {
    try {
      return await this.#settled(start);
    } catch (cause) {
      throw explain(cause, doing);
    }
  }

  #settled<T>(start: (settle: (error: unknown, value: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      start((error, value) => {
        if (error === null || error === undefined) resolve(value);
        else reject(error);
      });
    });
  }
}

function outcomeOf(result: unknown): Outcome {
  // Several statements at once give a list; a statement with rows gives those.
  const header = (Array.isArray(result) ? undefined : result) as Partial<ResultSetHeader> | undefined;
  return {
    affectedRows: header?.affectedRows ?? 0,
    skippedRows: Number(/Skipped: (\d+)/.exec(header?.info ?? '')?.[1] ?? 0),
    warnings: header?.warningStatus ?? 0,
  };
}

function* chunksOf(contents: Buffer): Generator<Buffer> {
  for (let at = 0; at < contents.length; at += CHUNK_BYTES) yield contents.subarray(at, at + CHUNK_BYTES);
}
