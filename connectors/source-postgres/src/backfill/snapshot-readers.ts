// The connections that read one chunk at the same time. All of them are in the snapshot of the first, which is the chunk's:
// so it makes no difference to anybody how many they are, and which of them reads what.

import { type PgConnection, quoteLiteral } from '@weir/pgwire';
import { SqlSession } from '@weir/postgres';
import type { Logger } from '@weir/connector';

export class SnapshotReaders implements AsyncDisposable {
  readonly #sessions: readonly SqlSession[];
  readonly #log: Logger;
  #isWarned = false;

  /** `count`: beside the connection that has the snapshot. */
  constructor(connect: () => Promise<PgConnection>, count: number, log: Logger) {
    this.#sessions = Array.from({ length: count }, () => new SqlSession(connect));
    this.#log = log;
  }

  /** Beside the connection that has the snapshot. */
  get count(): number {
    return this.#sessions.length;
  }

  /**
   * Those that could be had. The connection that exported the snapshot has the table (quoted) locked; one that waited
   * for the lock behind somebody who waits for that connection would wait for ever, so none waits.
   */
  async join(exported: string, table: string): Promise<readonly PgConnection[]> {
    const joined = await Promise.all(
      this.#sessions.map(async (session) => {
        let connection: PgConnection | undefined;
        try {
          connection = await session.connection();
          await connection.query(
            `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT ${quoteLiteral(exported).trim()};
             LOCK TABLE ${table} IN ACCESS SHARE MODE NOWAIT`,
          );
          return [connection];
        } catch (error) {
          if (connection !== undefined) this.leave(connection);
          this.#warn(error);
          return [];
        }
      }),
    );
    const readers = joined.flat();
    if (readers.length === this.count) this.#isWarned = false;
    return readers;
  }

  /** The connection has nothing more to do with the chunk. */
  leave(connection: PgConnection): void {
    if (connection.isClosed) return;
    connection.query('ROLLBACK').catch(() => connection.destroy());
  }

  #warn(error: unknown): void {
    if (this.#isWarned) return;
    this.#isWarned = true;
    this.#log.warn('a chunk is read by fewer connections than /advanced/backfill_connections asks for', {
      error: error instanceof Error ? error.message : String(error),
    });
  }

  /** Whatever they read fails at once. */
  drop(): void {
    for (const session of this.#sessions) session.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session[Symbol.asyncDispose]()));
  }
}
