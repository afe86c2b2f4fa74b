// The connections of a task. Settings that decide how values are read and printed are pinned, whatever the server's are.

import type { PgConnection } from '@weir/pgwire';
import type { Connect } from '@weir/postgres/connection';

/** How long a session waits for the locks of others. */
export interface LockPatience {
  /** Before the transaction is given up. */
  readonly timeoutMs: number;
  /** Between two reports of what a store or a commit waits for. */
  readonly reportMs: number;
}

export const standardPatience: LockPatience = { timeoutMs: 3_600_000, reportMs: 60_000 };

const settings = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '3',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  statement_timeout: '0',
};

export function openConnection(
  connect: Connect,
  signal: AbortSignal,
  { timeoutMs }: LockPatience = standardPatience,
): Promise<PgConnection> {
  return connect({
    applicationName: 'estuary_flow',
    settings: { ...settings, lock_timeout: `${timeoutMs}ms` },
    signal,
  });
}

/** A connection that is opened when it is first needed, and again when it was lost between two uses. */
export class LastingConnection implements AsyncDisposable {
  readonly #open: () => Promise<PgConnection>;
  /** Called for each connection that is opened, before anybody uses it. */
  readonly #opened: () => void;
  #connection: PgConnection | undefined;

  constructor(open: () => Promise<PgConnection>, opened: () => void = () => undefined) {
    this.#open = open;
    this.#opened = opened;
  }

  async get(): Promise<PgConnection> {
    if (this.#connection === undefined || this.#connection.isClosed) {
      this.#connection = await this.#open();
      this.#opened();
    }
    return this.#connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined && !connection.isClosed) {
      // Whatever goes on there is given up.
      if (connection.transactionStatus === 'idle') await connection.close();
      else connection.destroy();
    }
  }
}
