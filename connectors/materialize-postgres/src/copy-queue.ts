// Sends rows to the server by COPY, one statement at a time, while the next rows are being encoded. At most one buffer is
// under way and one is waiting, so memory is bounded however slow the server is.

import type { BufferPool } from '@weir/materialize-sql';
import type { PgConnection } from '@weir/pgwire';
import { writeError } from './write-error.ts';

export class CopyQueue {
  readonly #connection: PgConnection;
  readonly #pool: BufferPool;
  #running: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /** `pool`: where rows go when they are sent. */
  constructor(connection: PgConnection, pool: BufferPool) {
    this.#connection = connection;
    this.#pool = pool;
  }

  /** `before`: statements that have to run first. Resolves when the rows before these are taken. Throws what went wrong with them. */
  async send(sql: string, rows: Buffer, target: string, before: readonly string[] = []): Promise<void> {
    await this.idle();
    this.#running = this.#copy(sql, rows, before).catch((error: unknown) => {
      this.#failure ??= { error: writeError(error, `cannot store into ${target}`) };
    });
  }

  /** Resolves when the server has taken all rows. */
  async idle(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #copy(sql: string, rows: Buffer, before: readonly string[]): Promise<void> {
    for (const statement of before) await this.#connection.query(statement);
    const copy = await this.#connection.copyIn(sql);
    await copy.write(rows);
    await copy.finish();
    // The server has them all, so that the socket holds none.
    this.#pool.giveBack(Buffer.from(rows.buffer));
  }
}
